"""Fit how two readings of a line are joined: `python -m training.fit_readings --data FOLDER`.

Pages are drawn in hands that were held out, read, and each place of each line is held against what was written there.
Prints the weights that `realtime/reading/two_readings.py` holds, and how well they tell digits from none.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import click
import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from tqdm import tqdm

from realtime.commands.console import console_command, exit_codes
from realtime.reading import page_lines, two_readings
from realtime.reading.classifier import Classifier
from realtime.reading.ensemble import Networks
from realtime.reading.finder import Finder
from realtime.reading.found import find
from realtime.reading.model_files import default_model
from realtime.reading.row_reader import RowReader
from realtime.reading.two_readings import CUT_OUT, PAGE, STRIP, Joining, Places
from training import finder_odds
from training.requirements import require
from training.scenes import layouts
from training.scenes.draw import Source, draw, empty
from training.scenes.truth import Scene

SIDES = (640, 960, 1280, 1600)  # pixels of a page
ANYTHING = 0.1  # share of the pages that may hold words or scribbles alone
ROOMS = 0.15  # share of the pictures that are rooms, or pages of words
WORDS = (layouts.wordy, layouts.listed, layouts.scribbled)
RIDGE = 1.0  # keeps a fit finite where few places tell it
NEAR = 0.8  # of the mean of half their sides, within which the middles of a box and of a digit lie that are one
TWICE = 0.3  # of the same, by which a place that both readings tell may lie farther off
UNKNOWN, NOTHING = -2, -1  # what stands in a place, beside 0 to 9
POWERS = np.linspace(0.2, 1.4, 13)


class Sample(NamedTuple):
    """The places of one line, and what stands in each, (M,): a digit, NOTHING or UNKNOWN; how: how they are joined."""

    heard: Places
    truth: NDArray[np.intp]
    how: Joining


def samples(scene: Scene, networks: Networks) -> list[Sample]:
    """Read a scene's lines and tell what stands in their places."""
    found = find(scene.image, networks.finder, networks.classifier, thorough=True)
    told = []
    taken = np.zeros(len(scene.digits), bool)
    lines, how = page_lines.readings(scene.image, found, networks.rows, "auto")
    for reading, own in lines:
        heard = two_readings.places(reading, found.boxes[own], found.digits[own], found.sure[own])
        pairs = zip(heard.sign, heard.crop, strict=True)
        boxes = [found.boxes[own[c]] if c >= 0 else reading.boxes[s] for s, c in pairs]
        told.append(Sample(heard, _truth(np.array(boxes, np.int32).reshape(-1, 4), heard, scene, taken), how))
    return told


def cut_lines(scene: Scene, rng: Generator) -> Iterator[Scene]:
    """Cut each text of a scene out, tight, as pictures of one line or of one digit are."""
    for text in scene.texts:
        if not text.digits or any(all(digit is not clear for clear in scene.digits) for digit in text.digits):
            continue
        x, y, w, h = cv2.boundingRect(np.concatenate([mark.hull for mark in text.marks]))
        room = np.rint(rng.uniform(-0.02, 0.2, 4) * h).astype(int)
        a, b = (max(int(v) // 2 * 2, 0) for v in (x - room[0], y - room[1]))
        side = len(scene.image)
        c, d = (min(int(v), side) // 2 * 2 for v in (x + w + room[2], y + h + room[3]))
        if c - a > 16 and d - b > 10:
            shift = np.array([a, b], np.float32)
            digits = [replace(digit, hull=digit.hull - shift) for digit in text.digits]
            yield replace(scene, image=np.ascontiguousarray(scene.image[b:d, a:c]), digits=digits, texts=[],
                          weight=scene.weight[b // 2 : d // 2, a // 2 : c // 2])  # fmt: skip


def _truth(boxes: NDArray[np.int32], heard: Places, scene: Scene, taken: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Tell what stands in boxes (M, 4): each written digit in the place nearest to it, rather in one told twice.

    A box that holds a sign or a stroke of a neighbour beside its digit is still that digit's.
    """
    truth = np.array([NOTHING if _is_known(box, scene) else UNKNOWN for box in boxes.tolist()], np.intp)
    if not len(boxes) or not scene.digits:
        return truth
    low, high = (np.array([way(digit.hull, axis=0) for digit in scene.digits]) for way in (np.min, np.max))
    least = 0.2 * np.array([[digit.height] for digit in scene.digits])
    apart = np.abs((boxes[:, :2] + boxes[:, 2:] / 2)[:, None] - (low + high) / 2)
    away = (apart / (boxes[:, None, 2:] + np.maximum(high - low, 2 * least)) * 4).max(axis=2)  # mean half sides
    twice = (heard.sign >= 0) & (heard.crop >= 0)
    for place in np.argsort(away - TWICE * twice[:, None], axis=None).tolist():
        k, i = divmod(place, len(scene.digits))
        if away[k, i] < NEAR and truth[k] < 0 and not taken[i]:
            truth[k], taken[i] = scene.digits[i].label, True
    return truth


def _is_known(box: list[int], scene: Scene) -> bool:
    """Tell whether the truth about the middle of a box is known."""
    x, y, w, h = box
    middle = np.array([x + w // 4, y + h // 4, w * 3 // 4 - w // 4, h * 3 // 4 - h // 4], np.float64)
    part = scene.weight[scene.spot(middle)]
    return bool(part.size) and (part > 0).mean() >= 0.6 and (scene.known or bool(scene.digits))


def fit(odds: NDArray[np.float64], digit: NDArray[np.bool_], use: tuple[bool, bool]) -> list[float]:
    """Return the weights of log odds (N, 2) and the offset for the chance of a digit (N,): logistic regression.

    use: which of the two log odds count.
    """
    weights = finder_odds.fit(odds[:, np.flatnonzero(use)], digit, RIDGE)
    full = np.zeros(3)
    full[[*np.flatnonzero(use), 2]] = weights
    return [round(float(w), 3) for w in full]


def powers(heard: Places, truth: NDArray[np.intp], together: bool) -> tuple[float, float]:
    """Return the powers to which the readings' probabilities count that make what is written likeliest."""
    both = (heard.sign >= 0) & (heard.crop >= 0)
    chosen = (truth >= 0) & (both == together)
    ways = [(a, b) for a in POWERS for b in POWERS]

    def loss(way: tuple[float, float]) -> float:
        told = two_readings.which(heard, PAGE._replace(together=way, alone=way))
        return -float(np.log(told[chosen, truth[chosen]]).mean())

    a, b = min(ways, key=loss)
    return round(float(a), 2), round(float(b), 2)


def join(lines: list[Sample]) -> Sample:
    """Return the places of all lines as one."""
    parts = zip(*(sample.heard for sample in lines), strict=True)
    truth = np.concatenate([sample.truth for sample in lines])
    return Sample(Places(*(np.concatenate(part) for part in parts)), truth, lines[0].how)


@console_command
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of the sources.")
@click.option("--models", type=click.Path(path_type=Path), help="Folder of the networks.  [default: those that ship]")
@click.option("--pages", type=click.IntRange(1), default=400, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=31, show_default=True)
def main(data: Path, models: Path | None, pages: int, seed: int) -> None:
    """Draw pages, read them, and print the weights that join the two readings best."""
    cv2.setNumThreads(1)
    require("torch")
    with exit_codes():
        networks, source = load(models or default_model().parent), Source.of(data, validation=True)
        told: list[Sample] = []
        for k in tqdm(range(pages), unit="page", mininterval=20):
            rng = np.random.default_rng([seed, k])
            scene = _picture(source, rng, k / pages)
            told += samples(scene, networks)
            for line in cut_lines(scene, rng):
                told += samples(line, networks)
        for name, how in (("PAGE", PAGE), ("STRIP", STRIP), ("CUT_OUT", CUT_OUT)):
            click.echo(f"{name}:")
            report(join([sample for sample in told if sample.how is how]))


def _picture(source: Source, rng: Generator, trouble: float) -> Scene:
    """Draw a page with numbers above all, as people show them, or a room."""
    side = int(rng.choice(SIDES))
    if rng.random() < ROOMS:
        return empty(source.grounds, rng, side, trouble)
    return draw(source, rng, side, pick_layout(rng), trouble)


def pick_layout(rng: Generator) -> layouts.Layout | None:
    """Pick how a page is laid out: with numbers above all, as people show them; one in ten may hold anything."""
    if rng.random() < ANYTHING:
        return None
    ways = {how: share for how, share in layouts.LAYOUTS.items() if how not in WORDS}
    shares = np.array(list(ways.values()))
    return list(ways)[rng.choice(len(ways), p=shares / shares.sum())]


def load(folder: Path) -> Networks:
    """Return the networks of a folder."""
    finder, classifier = Finder(folder / "finder.onnx", "cpu"), Classifier(folder / "best.onnx", "cpu")
    return Networks(finder, classifier, RowReader(folder / "rows.onnx", "cpu"))


def report(sample: Sample) -> None:
    """Print the weights, and the share of places that they tell rightly."""
    heard, truth, how = sample
    odds, who = two_readings.evidence(heard)
    for k, (name, use) in enumerate((("both", (True, True)), ("line", (True, False)), ("found", (False, True)))):
        chosen = (who == k) & (truth != UNKNOWN)
        weights = fit(odds[chosen], truth[chosen] >= 0, use)
        chance = 1 / (1 + np.exp(-(odds[chosen] @ weights[:2] + weights[2])))
        right = 100 * ((chance >= 0.5) == (truth[chosen] >= 0)).mean()
        digits = (truth[chosen] >= 0).sum()
        click.echo(f"{name}={tuple(weights)}  # {chosen.sum()} places, {digits} digits, {right:.1f} % told rightly")
    for name, together in (("together", True), ("alone", False)):
        way = powers(heard, truth, together)
        chosen = (truth >= 0) & (((heard.sign >= 0) & (heard.crop >= 0)) == together)
        told = two_readings.which(heard, how._replace(together=way, alone=way))[chosen]
        right = 100 * (told.argmax(axis=1) == truth[chosen]).mean()
        click.echo(f"{name}={way}  # {chosen.sum()} digits, {right:.1f} % named rightly")


if __name__ == "__main__":
    main()
