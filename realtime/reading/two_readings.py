"""Read each line of a page a second time, as a whole, and make one text of both readings.

The single crops know where ink is, the line knows how many digits there are and which of them are signs. Where both say
the same a digit is sure; where they differ the surer one stands with less confidence; and what only one of them
saw is never left out without a word: it holds its place as "?".
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from realtime.reading import fitting, line_numbers, row_lines, strips
from realtime.reading.expectation import Expectation
from realtime.reading.ink import Box, enclose
from realtime.reading.page import Digit, Line, Number
from realtime.reading.row_lines import LineReading, Merged
from realtime.reading.row_reader import RowReader

# Probability from which on a line is believed, and a sign in it: it is likelier so than not.
LIKELY = 0.5
# Probability from which on a digit is there that no single crop shows: the search for single digits misses about one in
# ten, so the odds of the line count a ninth. Of 500 rows of drawn pages with all troubles (training.scenes.pictures,
# seed 4711) 437 were exact with both and 29 short without a word, with LIKELY for both 431 and 28; by single digits
# alone 425 and 38.
ALONE = 0.9
# A picture lower than this many digits' heights holds no second line.
ONE_LINE = 2.0
# A picture cut to one line is at least so many times as wide as high; pictures of cameras are at most 1.8 times.
SLIM = 2.0


@dataclass(frozen=True)
class Crops:
    """The N digits that were found one by one.

    boxes: (N, 4) in frame pixels. probabilities: (N, 10). blobs: (N,) the index of each among the blobs of the page.
    models: (N,) which of two networks was believed. learned: (N,) whether the user taught it, so that it is not to be
    outvoted by a line.
    """

    boxes: NDArray[np.int32]
    probabilities: NDArray[np.float32]
    blobs: NDArray[np.intp]
    models: NDArray[np.str_]
    learned: NDArray[np.bool_]


def read_lines(
    image: NDArray[np.uint8],
    lines: list[list[int]],
    crops: Crops,
    reader: RowReader,
    confidence: float,
    polarity: str,
    expectation: Expectation | None = None,
) -> tuple[list[Number], list[Line]]:
    """Read the lines of a picture (H, W, 3) as wholes and return its numbers and lines, from the top.

    lines: for each the indices of its crops, from the left. A digit less sure than `confidence` is "?". expectation:
    what the numbers are to fit.
    """
    whole = _is_one_line(image, crops)
    if whole:
        lines = [np.argsort(crops.boxes[:, 0] + crops.boxes[:, 2] / 2, kind="stable").tolist()]
    tracks = [strips.whole(image)] if whole else [strips.through(crops.boxes[line]) for line in lines]
    readings = row_lines.read_lines(image, tracks, reader, polarity)
    numbers: list[Number] = []
    texts: list[Line] = []
    for row, (line, reading) in enumerate(zip(lines, readings, strict=True)):
        heard = _hear(reading, line, crops, whole and bool(line))
        signs, parts = fitting.fit(heard, reader.signs, expectation, confidence)
        told = [sign.shown(confidence) for sign in signs]
        boxes = np.array([sign.box for sign in signs], np.int32).reshape(-1, 4)
        for members in parts:
            digits = _digits(members, signs, told, crops, np.array(line, np.intp))
            numbers.append(Number(digits, row, expectation))
        if told:
            wide = line_numbers.wide_gaps(told, boxes)
            text = "".join(" " * (k in wide) + sign for k, sign in enumerate(told))
            texts.append(Line(row, text, enclose([sign.box for sign in signs])))
    return numbers, texts


def _is_one_line(image: NDArray[np.uint8], crops: Crops) -> bool:
    """Tell whether a picture is cut to one line of writing, which then reaches from edge to edge."""
    height, width = image.shape[:2]
    tallest = int(crops.boxes[:, 3].max(initial=0)) or height
    return width >= SLIM * height and height < ONE_LINE * tallest and not crops.learned.any()


def _hear(reading: LineReading, line: list[int], crops: Crops, whole: bool) -> list[Merged]:
    """Return the signs of a line on which both readings were heard, in order, also those too unlikely to be told.

    A line that is likelier right than wrong tells how many digits there are and which of them are signs. Else the
    digits found one by one stand; those that the line does not see are unsure, and what it alone sees holds its place.
    whole: the line fills its picture, whose edges mislead the search for single digits; then it alone is believed.
    """
    trusted = whole or reading.confidence >= LIKELY
    if not line and not trusted:
        return []
    seen = [] if whole else line
    merged = row_lines.merge(reading, crops.boxes[seen], crops.probabilities[seen])
    taught = [k for k, index in enumerate(line) if crops.learned[index]]
    if taught:
        kept = [sign for sign in merged if sign.crop not in taught]
        merged = sorted(
            [*kept, *(_found(k, crops, line[k]) for k in taught)], key=lambda sign: _place(sign, crops, line, reading)
        )
    if trusted:
        return [replace(sign, told=whole and sign.text.isdigit() or _is_there(sign)) for sign in merged]
    heard = {sign.crop: sign for sign in merged if sign.crop >= 0 and sign.text.isdigit()}
    found = [heard.get(k) or _unseen(k, crops, index) for k, index in enumerate(line)]
    alone = [
        replace(sign, confidence=0.0, probabilities=sign.probabilities * 0.5, told=_is_there(sign))
        if sign.text.isdigit()
        else replace(sign, told=False)
        for sign in merged
        if sign.crop < 0 or not sign.text.isdigit()
    ]
    return sorted([*found, *alone], key=lambda sign: _place(sign, crops, line, reading))


def _is_there(sign: Merged) -> bool:
    """Tell whether a sign of a line is likelier there than not."""
    if sign.text.isdigit():
        return sign.crop >= 0 or sign.confidence >= ALONE
    return sign.confidence >= LIKELY


def _place(sign: Merged, crops: Crops, line: list[int], reading: LineReading) -> float:
    """Return where a sign stands along its line, in columns of its strip."""
    x, y, w, h = crops.boxes[line[sign.crop]].tolist() if sign.crop >= 0 else sign.box
    return float(reading.cut.columns(np.array([[x + w / 2, y + h / 2]]))[0])


def _found(k: int, crops: Crops, index: int) -> Merged:
    """Return a digit as its crop alone says."""
    probabilities = crops.probabilities[index]
    x, y, w, h = crops.boxes[index].tolist()
    best = int(probabilities.argmax())
    return Merged(str(best), float(probabilities[best]), (x, y, w, h), k, probabilities, row_lines.SILENT)


def _unseen(k: int, crops: Crops, index: int) -> Merged:
    """Return a digit that the line does not see: it stands, and is told as unsure."""
    found = _found(k, crops, index)
    return replace(found, confidence=0.0, probabilities=found.probabilities * 0.5)


def _digits(
    members: list[int], signs: list[Merged], told: list[str], crops: Crops, line: NDArray[np.intp]
) -> tuple[Digit, ...]:
    """Return the digits of a number, each with the sign that stands before it within the number."""
    digits: list[Digit] = []
    before = ""
    for k in members:
        sign = signs[k]
        if not sign.text.isdigit():
            before += sign.text
            continue
        index = int(line[sign.crop]) if sign.crop >= 0 else -1
        box: Box = tuple(crops.boxes[index].tolist()) if index >= 0 else sign.box
        blob, model = (int(crops.blobs[index]), str(crops.models[index])) if index >= 0 else (-1, "")
        digits.append(Digit(told[k], sign.confidence, box, blob, sign.probabilities, model, before))
        before = ""
    return tuple(digits)
