"""Score reading on drawn pages, whose every number is known: `python -m training.score_pages --data FOLDER`.

Pages are drawn in hands held out, of 640 to 1,600 pixels, from clear to hard, a tenth of them rooms without writing. Of
the numbers that a person could read it tells how many are read exactly, with a `?`, wrongly, too short, or not at all,
and how many are read where none is.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.commands.console import exit_codes
from realtime.reading.box import Box
from realtime.reading.model_files import default_model
from realtime.reading.pipeline import read
from training.fit_readings import load
from training.scenes import layouts
from training.scenes.draw import Source, draw, empty
from training.scenes.truth import Scene, numbers

SIDES = (640, 1280, 960, 1600)  # pixels of a page
HARDEST = 0.8  # trouble of the last page; the first has none
ROOMS = "rooms"
PAGES = (layouts.rows, layouts.table, layouts.sums, layouts.scattered, layouts.single, layouts.tight, layouts.listed,
         layouts.celled, layouts.strung)  # fmt: skip
SAME, BESIDE = 0.3, 0.1  # share of the smaller box in common from which on two are one number, or not apart

Reader = Callable[[NDArray[np.uint8]], list[tuple[str, Box]]]


@dataclass
class PageScore:
    """Numbers of pages: how many, read exactly, with a "?", wrongly, of those with fewer digits, not; read for none."""

    numbers: int = 0
    exact: int = 0
    unsure: int = 0
    wrong: int = 0
    short: int = 0
    missed: int = 0
    false: int = 0

    def __add__(self, other: "PageScore") -> "PageScore":
        return PageScore(*(a + b for a, b in zip(asdict(self).values(), asdict(other).values(), strict=True)))

    def __str__(self) -> str:
        return "  ".join(f"{name} {count}" for name, count in asdict(self).items())


def pages(source: Source, count: int, seed: int, aslant: float | None = None) -> Iterator[tuple[str, Scene]]:
    """Draw pages of each kind in turn, each harder than the one before, and tell their kinds; aslant: as of `draw`."""
    for k in range(count):
        turn, way = divmod(k, len(PAGES) + 1)
        rng, side, trouble = np.random.default_rng([seed, k]), SIDES[turn % len(SIDES)], HARDEST * k / count
        if way == len(PAGES):
            yield ROOMS, empty(source.grounds, rng, side, trouble)
        else:
            yield PAGES[way].__name__, draw(source, rng, side, PAGES[way], trouble, aslant)


def score(scene: Scene, told: list[tuple[str, Box]]) -> PageScore:
    """Score the numbers that were told of a scene, with their boxes."""
    written, counted = numbers(scene), PageScore()
    for number in (number for number in written if number.known):
        texts = [text for text, box in told if _common(box, number.box) > SAME]
        counted.numbers += 1
        if number.text in texts:
            counted.exact += 1
        elif not texts:
            counted.missed += 1
        elif any("?" in text for text in texts):
            counted.unsure += 1
        else:
            counted.wrong += 1
            counted.short += max(map(_digits, texts)) < _digits(number.text)
    for _, box in told:
        part = scene.weight[scene.spot(np.array(box, np.float64))]
        apart = not any(_common(box, number.box) > BESIDE for number in written)
        counted.false += apart and scene.known and bool((part > 0).mean() > 0.5)
    return counted


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def _common(a: Box, b: Box) -> float:
    """Return the share of the smaller of two boxes that both have in common."""
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(wide, 0) * max(high, 0) / max(min(a[2] * a[3], b[2] * b[3]), 1)


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of the sources.")
@click.option("--models", type=click.Path(path_type=Path), help="Folder of the networks.  [default: those that ship]")
@click.option("--pages", "count", type=click.IntRange(1), default=200, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=909, show_default=True)
@click.option("--frames", is_flag=True, help="Read them as frames of a clip, in less time.")
@click.option("--aslant", type=float, help="Degrees by which all pages lie turned.  [default: as people hold them]")
def main(data: Path, models: Path | None, count: int, seed: int, frames: bool, aslant: float | None) -> None:
    """Draw pages, read them, and print how the numbers on them were read, by kind of page."""
    cv2.setNumThreads(1)
    with exit_codes():
        networks = load(models or default_model().parent)
        scores: dict[str, PageScore] = {}
        for kind, scene in pages(Source.of(data, validation=True), count, seed, aslant):
            told = [(number.text, number.box) for number in read(scene.image, networks, thorough=not frames).numbers]
            scores[kind] = scores.get(kind, PageScore()) + score(scene, told)
        for kind, counted in scores.items():
            click.echo(f"{kind:10} {counted}")
        click.echo(f"{'all':10} {sum(scores.values(), PageScore())}")


if __name__ == "__main__":
    main()
