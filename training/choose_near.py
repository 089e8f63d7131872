"""Choose how near a text must be that is expected: `python -m training.choose_near --data FOLDER`.

Numbers are drawn in hands that were held out, read in regions of their own, once freely and then as a number of their
form is expected (`ddd.dd`), and as one that is a digit longer is. Prints for each share of the free reading's
probability (NEAR of `realtime/reading/fitting.py`) how many the right form makes right and wrong, and how many numbers
the wrong form has told without a "?".
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from realtime.commands.console import console_command, exit_codes
from realtime.reading import fitting
from realtime.reading.ensemble import Networks
from realtime.reading.expectation import Expectation
from realtime.reading.found import Found, find
from realtime.reading.model_files import default_model
from realtime.reading.page_lines import read_lines
from realtime.reading.pipeline import CONFIDENCE
from training import fit_readings
from training.requirements import require
from training.scenes.draw import Source, draw
from training.scenes.truth import Scene, numbers

NEARS = (1.0, 0.5, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
MARGIN = 0.35  # heights of a number that a region drawn around it leaves free


class Case(NamedTuple):
    """A region with one number in it, what was found there, and what the number is."""

    image: NDArray[np.uint8]
    found: Found
    text: str

    def read(self, networks: Networks, expectation: Expectation | None = None) -> str:
        """Read the number, or all that is told in its region."""
        told, _ = read_lines(self.image, self.found, networks.rows, CONFIDENCE, "auto", expectation)
        return " ".join(number.text for number in told)


def cases(scene: Scene, networks: Networks) -> Iterator[Case]:
    """Cut each number of two or more digits out, as a region is drawn, that no other writing comes near to."""
    marks = [(mark.hull.mean(axis=0), text) for text in scene.texts for mark in text.marks]
    for number in numbers(scene):
        x, y, w, h = number.box
        room = round(MARGIN * h)
        x0, y0, x1, y1 = max(x - room, 0), max(y - room, 0), x + w + room, y + h + room
        within = [(place, text) for place, text in marks if x0 <= place[0] < x1 and y0 <= place[1] < y1]
        alone = len(within) == len(number.text) and len({id(text) for _, text in within}) == 1
        if number.known and alone and sum(map(str.isdigit, number.text)) > 1:
            image = np.ascontiguousarray(scene.image[y0:y1, x0:x1])
            yield Case(image, find(image, networks.finder, networks.classifier), number.text)


def form_of(text: str, more: int = 0) -> Expectation:
    """Return the form of a number, its first run of digits so much longer."""
    return Expectation(re.sub(r"\d", "d", text).replace("d", "d" * (1 + more), 1))


def count(told: list[Case], networks: Networks, free: list[str], near: float) -> Counter[str]:
    """Count what expecting numbers does at one NEAR."""
    fitting.NEAR = near
    counts: Counter[str] = Counter()
    for case, before in zip(told, free, strict=True):
        after = case.read(networks, form_of(case.text))
        counts["right"] += after == case.text
        counts["made right"] += after == case.text != before
        counts["made wrong"] += before == case.text != after
        counts["wrong, told as sure"] += after != case.text and "?" not in after
        other = case.read(networks, form_of(case.text, more=1))
        counts["of a wrong form told as sure"] += form_of(case.text, more=1).allows(other)
    return counts


@console_command
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of the sources.")
@click.option("--pages", type=click.IntRange(1), default=300, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=24003, show_default=True)
def main(data: Path, pages: int, seed: int) -> None:
    """Draw pages, read their numbers as something is expected of them, and print what comes of it by NEAR."""
    cv2.setNumThreads(1)
    require("torch")
    with exit_codes():
        networks, source = fit_readings.load(default_model().parent), Source.of(data, validation=True)
        told: list[Case] = []
        for k in tqdm(range(pages), unit="page", mininterval=20):
            rng = np.random.default_rng([seed, k])
            scene = draw(source, rng, fit_readings.SIDES[0], fit_readings.pick_layout(rng), trouble=k / pages)
            told += cases(scene, networks)
        free = [case.read(networks) for case in told]
        right = sum(text == case.text for text, case in zip(free, told, strict=True))
        sure = sum(text != case.text and "?" not in text for text, case in zip(free, told, strict=True))
        click.echo(f"{len(told)} numbers, {right} right without an expectation, {sure} wrong and told as sure")
        for near in NEARS:
            counts = count(told, networks, free, near)
            click.echo(f"NEAR {near}: " + ", ".join(f"{name} {number}" for name, number in counts.items()))


if __name__ == "__main__":
    main()
