"""Measure what expecting numbers does: `python -m training.measure_expectation DATA` prints rows exact before, after.

Cheque amounts are expected as `d+`, rows of photos by the lengths of each picture's numbers, drawn meters as `ddddd`. A
row is exact where its digits and the numbers that they form are.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path

import click
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from tqdm import tqdm

from realtime.commands.console import console_command, exit_codes
from realtime.measuring.scoring import match_rows
from realtime.measuring.truth import read_truth
from realtime.reader import Reader
from realtime.reading.expectation import Expectation
from realtime.reading.model_files import default_model
from realtime.reading.wanted import Wanted
from realtime.sources.pictures import read_picture
from training import fit_readings
from training.choose_near import cases
from training.requirements import require
from training.scenes.draw import Source, draw
from training.scenes.page import Page

Row = tuple[NDArray[np.uint8], tuple[str, ...], str]  # a picture, its rows, what is expected of their numbers
METERS, DIGITS, SEED = 120, 5, 24004


def amounts(folder: Path) -> Iterator[Row]:
    """Give each cheque amount, any number of digits."""
    for picture in read_truth(folder / "truth.csv")[0]:
        yield read_picture(picture.path), picture.rows, "d+"


def photos(folder: Path) -> Iterator[Row]:
    """Give each photo, its numbers as long as they are."""
    for picture in read_truth(folder / "truth.csv")[0]:
        lengths = sorted({len(number) for row in picture.rows for number in row.split()})
        yield read_picture(picture.path), picture.rows, "|".join(f"d{{{length}}}" for length in lengths)


def meters(data: Path) -> Iterator[Row]:
    """Draw meters of five digits in hands that were held out, each in its region, without end."""
    source, networks = Source.of(data, validation=True), fit_readings.load(default_model().parent)
    for k in count():
        rng = np.random.default_rng([SEED, k])
        for case in cases(draw(source, rng, fit_readings.SIDES[0], meter, trouble=k % METERS / METERS), networks):
            if len(case.text) == DIGITS:
                yield case.image, (case.text,), "d" * DIGITS


def meter(page: Page) -> None:
    """Write five digits somewhere on a page."""
    rng: Generator = page.rng
    height = float(np.exp(rng.uniform(np.log(18), np.log(90))))
    side = page.canvas.side
    x, y = rng.uniform(0.05, max(0.06, 0.95 - 4 * height / side)) * side, rng.uniform(0.1, 0.8) * side
    page.text("".join(map(str, rng.integers(0, 10, DIGITS))), float(x), float(y), height)


def measure(name: str, pictures: Iterator[Row], reader: Reader) -> None:
    """Read pictures freely and as expected, and print how many rows are exact, made wrong, and wrong as if sure."""
    counts: Counter[str] = Counter()
    for image, rows, pattern in tqdm(pictures, unit="picture", mininterval=20):
        exact = {}
        for when, wanted in (("before", Wanted()), ("after", Wanted(Expectation(pattern)))):
            reader.wanted = wanted
            read = ["".join(filter(lambda sign: sign in "0123456789? ", row)) for row in reader.read(image).rows]
            told = [(got, true) for got, true in match_rows(read, list(rows)) if true]
            exact[when] = {k for k, (got, true) in enumerate(told) if got == true}
            counts[f"exact {when}"] += len(exact[when])
            counts[f"wrong as if sure {when}"] += sum("?" not in (got or "?") for got, _ in told) - len(exact[when])
        counts["made wrong"] += len(exact["before"] - exact["after"])
        counts["rows"] += len(rows)
    click.echo(f"{name}: " + ", ".join(f"{what} {number}" for what, number in sorted(counts.items())))


SETS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "meters": lambda data: islice(meters(data), METERS),
    "photos": lambda data: photos(data / "number_photos"),
    "amounts": lambda data: amounts(data / "amounts"),
}


@console_command
@click.argument("data", type=click.Path(path_type=Path, exists=True))
@click.argument("sets", nargs=-1, type=click.Choice(list(SETS)))
def main(data: Path, sets: tuple[str, ...]) -> None:
    """Read each of SETS, all where none is named, freely and as expected."""
    require("torch")
    with exit_codes():
        reader = Reader(device="cpu")
        for name in sets or SETS:
            measure(name, SETS[name](data), reader)


if __name__ == "__main__":
    main()
