"""Measure the row network on pictures that are one line each: `measure-rows models/rows.onnx FOLDER`.

FOLDER holds pictures and truth.csv with the columns file and rows, as cheque amounts are told: digits alone.
"""

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import click
import numpy as np
from numpy.typing import NDArray

from realtime.commands.console import console_command, exit_codes
from realtime.measuring.truth import open_labelled
from realtime.reading import strips
from realtime.reading.row_reader import RowReader, RowReading
from realtime.sources.pictures import read_picture

UNSURE = 0.6  # a digit less sure than this is "?"
COVERAGES = (0.5, 0.8, 0.9)


@dataclass(frozen=True)
class Measured:
    """What came out of N lines: exact (N,), also with "?" for what is unsure (N,), shorter without one (N,).

    confidence: (N,). milliseconds: a line.
    """

    exact: NDArray[np.bool_]
    sure: NDArray[np.bool_]
    shorter: NDArray[np.bool_]
    confidence: NDArray[np.float64]
    milliseconds: float


def digits(reading: RowReading) -> str:
    """Return the digits of a line, "?" for those less sure than UNSURE; signs are left out."""
    return "".join(s.text if s.confidence >= UNSURE else "?" for s in reading.symbols if s.text.isdigit())


def likeliest(reading: RowReading) -> str:
    """Return the digits of a line as they are likeliest, sure or not."""
    return "".join(s.text for s in reading.symbols if s.text.isdigit() and s.probabilities.sum() >= 0.5)


def measure(reader: RowReader, folder: Path) -> Measured:
    """Read each picture of a folder as one line and compare its digits with the truth."""
    pictures = open_labelled(folder).pictures
    cuts = []
    for picture in pictures:
        image = read_picture(picture.path)
        cuts.append(strips.cut(image, strips.whole(image)).pixels)
    start = perf_counter()
    readings = reader(cuts)
    took = 1000 * (perf_counter() - start) / max(len(cuts), 1)
    written = ["".join("".join(picture.rows).split()) for picture in pictures]
    read = [digits(reading) for reading in readings]
    exact = np.array([likeliest(reading) == told for reading, told in zip(readings, written, strict=True)])
    sure = np.array([a == b for a, b in zip(read, written, strict=True)])
    shorter = np.array([len(a) < len(b) and "?" not in a for a, b in zip(read, written, strict=True)])
    return Measured(exact, sure, shorter, np.array([reading.confidence for reading in readings]), took)


@console_command
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
def main(model: Path, folder: Path) -> None:
    """Read the pictures of FOLDER, each one line of writing, by the row network MODEL, and count what is exact."""
    with exit_codes():
        told = measure(RowReader(model, "cpu"), folder)
        order = np.argsort(-told.confidence)
        click.echo(
            f"{len(told.exact)} lines: exact {100 * told.exact.mean():.1f} %, with '?' for what is unsure "
            f"{100 * told.sure.mean():.1f} %, shorter without '?' {100 * told.shorter.mean():.1f} %, "
            f"{told.milliseconds:.2f} ms a line"
        )
        for share in COVERAGES:
            surest = order[: max(round(share * len(order)), 1)]
            right, least = 100 * told.exact[surest].mean(), told.confidence[surest[-1]]
            click.echo(f"of the surest {100 * share:.0f} % {right:.1f} % are exact (confidence {least:.2f} and up)")


if __name__ == "__main__":
    main()
