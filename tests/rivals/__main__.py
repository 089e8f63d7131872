"""Measure PP-OCRv6 beside this project on the same pictures: `python -m tests.rivals FOLDER... --python PATH`.

PATH is the Python of an environment of its own with rapidocr in it (python -m venv ocr && ocr/bin/pip install
rapidocr==3.10.0 onnxruntime); in that of this project it would replace OpenCV. A folder has a truth.csv, or folders 0
to 9; of clips without digits, every so-manieth frame is read, and each digit is false. Both run on one thread.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import IO, cast

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from realtime import Reader
from realtime.measuring.benchmark import limit_threads
from realtime.measuring.scoring import RowScore, score_rows
from realtime.measuring.truth import open_labelled
from realtime.sources.clip import Clip
from realtime.sources.pictures import read_picture

OURS, THEIRS = "livedigits", "PP-OCRv6"
FRAMES = 5  # of a clip without digits
SAME_LINE = 0.5  # of the smaller height, by which two texts stand beside each other
HEAD = "| pictures | reader | rows exact | a digit short | digits wrong | s a picture |"


@dataclass
class Outcome:
    """What one reader made of one folder: rows scored, false digits of clutter, and the s of each picture."""

    score: RowScore = RowScore()
    seconds: list[float] = field(default_factory=list)


class PpOcr:
    """PP-OCRv6 in a process of its own."""

    def __init__(self, python: Path) -> None:
        program = Path(__file__).with_name("ppocr.py")
        self._process = subprocess.Popen(
            [str(python), str(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def read(self, path: Path) -> tuple[list[str], float]:
        """Return the rows of digits of a picture, and the s it took. Raises RuntimeError where the process died."""
        given, told = cast(IO[str], self._process.stdin), cast(IO[str], self._process.stdout)
        given.write(f"{path}\n")
        given.flush()
        line = told.readline()
        if not line:
            raise click.ClickException("PP-OCR's process died: does its environment hold rapidocr and onnxruntime?")
        answer = json.loads(line)
        return rows_of(answer["texts"]), answer["seconds"]

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def rows_of(texts: list[tuple[str, list[float]]]) -> list[str]:
    """Return texts with boxes as rows from the top, those beside each other joined by blanks, digits alone."""
    rows: list[list[tuple[str, list[float]]]] = []
    for text, box in sorted(texts, key=lambda found: found[1][1] + found[1][3] / 2):
        if rows and _beside(rows[-1][-1][1], box):
            rows[-1].append((text, box))
        else:
            rows.append([(text, box)])
    told = [" ".join(text for text, _ in sorted(row, key=lambda found: found[1][0])) for row in rows]
    digits = ["".join(sign for sign in row if sign.isdecimal() or sign == " ").strip() for row in told]
    return [row for row in digits if row]


def _beside(one: list[float], other: list[float]) -> bool:
    shared = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return shared >= SAME_LINE * min(one[3], other[3])


def pictures_of(folder: Path, limit: int, scratch: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield pictures of a folder, every so-manieth where there are more than `limit`, with the rows they show."""
    labelled = open_labelled(folder)
    known = [(picture.path, list(picture.rows)) for picture in labelled.pictures]
    for path in sorted(folder.glob("*/*")) + sorted(folder.glob("*/*/*")) if labelled.samples else ():
        names = [part for part in path.parts if len(part) == 1 and part.isdecimal()]
        if names and path.is_file():
            known.append((path, [names[-1]]))
    if known:
        yield from known[:: max(1, -(-len(known) // limit))]
        return
    for path in labelled.unlabelled[:limit]:
        with Clip(path) as clip:
            for number, frame in zip(range(FRAMES), clip.frames(every=10), strict=False):
                target = scratch / f"{path.stem}-{number}.png"
                cv2.imwrite(str(target), frame.image)
                yield target, []


def measure(folder: Path, limit: int, ours: Reader, theirs: PpOcr, scratch: Path) -> dict[str, Outcome]:
    """Let both read each picture of a folder, one after the other."""
    outcomes = {OURS: Outcome(), THEIRS: Outcome()}
    for path, truth in pictures_of(folder, limit, scratch):
        image: NDArray[np.uint8] = read_picture(path)
        start = perf_counter()
        rows = ours.read(image).rows
        told = {OURS: (rows, perf_counter() - start), THEIRS: theirs.read(path)}
        for name, (read, seconds) in told.items():
            outcomes[name].score += score_rows(read, truth)
            outcomes[name].seconds.append(seconds)
    return outcomes


def lines(folder: Path, outcomes: dict[str, Outcome]) -> Iterator[str]:
    """Yield a line of the table for each reader."""
    for name, outcome in outcomes.items():
        score, count = outcome.score, len(outcome.seconds)
        rows = f"{score.exact} of {score.rows}" if score.rows else "-"
        wrong = f"{score.digit_error:.1f} %" if score.rows else f"{score.edits.total / max(count, 1):.3f} a frame"
        cells = (f"{folder.name}, {count}", name, rows, str(score.shorter), wrong, f"{np.median(outcome.seconds):.3f}")
        yield f"| {' | '.join(cells)} |"


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--python", type=click.Path(path_type=Path, exists=True), required=True, help="With rapidocr in it.")
@click.option("--limit", type=click.IntRange(1), default=60, show_default=True, help="Pictures or clips of a folder.")
def main(folders: tuple[Path, ...], python: Path, limit: int) -> None:
    """Read pictures of FOLDERS by both, and print one table."""
    ours, theirs = Reader(device="cpu"), PpOcr(python)
    click.echo(f"{HEAD}\n|---|---|---:|---:|---:|---:|")
    try:
        with limit_threads(1), tempfile.TemporaryDirectory() as scratch:
            for folder in folders:
                for line in lines(folder, measure(folder, limit, ours, theirs, Path(scratch))):
                    click.echo(line)
    finally:
        theirs.close()


if __name__ == "__main__":
    main()
