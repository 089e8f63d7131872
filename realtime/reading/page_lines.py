"""Read a page line by line: the lines that its digits stand on, what both readings say of each, and its numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.reading import gaps, line_numbers, row_lines, strips, two_readings
from realtime.reading.box import Box, enclose
from realtime.reading.page import UNSURE, Digit, Line, Number
from realtime.reading.row_lines import LineReading
from realtime.reading.row_reader import SURE, RowReader
from realtime.reading.rows import arrange
from realtime.reading.two_readings import PAGE, STRIP, Joining, Sign
from realtime.reading.walls import Walls

LIKELY = 0.5  # probability from which on something is there: it is likelier so than not
# Probability that the surest digit of a number has at least. Of 387 numbers on drawn pages 195 are read exactly and 76
# false ones told at 0.5, 188 and 29 at 0.75, 174 and 16 at 0.85; in 61 frames of rooms 12, 1 and 0 false digits.
CERTAIN = 0.75
HELD = 0.25  # probability from which on a digit beside one that is there holds its place
# Probability from which on a digit that was found alone tells that there is a line; one less sure is heard on a line
# that others tell.
BEGINS = 0.5
# A picture lower than this many digits' heights holds no second line.
ONE_LINE = 2.0
# A picture cut to one line is at least so many times as wide as high; pictures of cameras are at most 1.8 times.
SLIM = 2.0


@dataclass(frozen=True)
class Crops:
    """The N digits that were found one by one.

    boxes: (N, 4) in frame pixels. digits: (N, 10) float32, which digit each is, rows sum to 1. sure: (N,) float32, that
    it is one at all. models: (N,) which of two networks was believed. learned: (N,) whether the user taught it, so that
    it is not to be outvoted by a line.
    """

    boxes: NDArray[np.int32]
    digits: NDArray[np.float32]
    sure: NDArray[np.float32]
    models: NDArray[np.str_]
    learned: NDArray[np.bool_]


def read_lines(
    image: NDArray[np.uint8], crops: Crops, walls: Walls, reader: RowReader, confidence: float, polarity: str
) -> tuple[list[Number], list[Line]]:
    """Read the lines of a picture (H, W, 3) as wholes and return its numbers and lines, from the top.

    A digit less sure than `confidence` is "?".
    """
    told, how = readings(image, crops, reader, polarity)
    heard = [_hear(reading, own, crops, how) for reading, own in told]
    return _parted([signs for signs in heard if any(s.text.isdigit() for s in signs)], crops, walls, confidence)


def readings(
    image: NDArray[np.uint8], crops: Crops, reader: RowReader, polarity: str
) -> tuple[list[tuple[LineReading, NDArray[np.intp]]], Joining]:
    """Read the lines of a picture (H, W, 3) as wholes.

    Returns each with the indices of the crops that stand on it, and how the two readings are to be joined.
    """
    begin = np.flatnonzero((crops.sure >= BEGINS) | crops.learned)
    whole = _is_one_line(image, crops, begin)
    if whole:
        tracks = [strips.whole(image)]
    else:
        lines = [[int(begin[i]) for number in line for i in number] for line in arrange(crops.boxes[begin])]
        tracks = [strips.through(crops.boxes[line]) for line in lines]
    # More looks at unsure lines help where a line fills its picture; of 587 numbers on drawn pages as many are exact.
    told = row_lines.read_lines(image, tracks, reader, polarity, SURE if whole else 0.0)
    return list(zip(told, _members(told, crops), strict=True)), STRIP if whole else PAGE


def _is_one_line(image: NDArray[np.uint8], crops: Crops, begin: NDArray[np.intp]) -> bool:
    """Tell whether a picture is cut to one line of writing, which then reaches from edge to edge."""
    height, width = image.shape[:2]
    tallest = int(crops.boxes[begin, 3].max(initial=0)) or height
    return width >= SLIM * height and height < ONE_LINE * tallest and not crops.learned.any()


def _members(readings: list[LineReading], crops: Crops) -> list[NDArray[np.intp]]:
    """Give each digit to the line in whose strip it stands nearest to the middle, half the way to the edge at most."""
    middles = crops.boxes[:, :2] + crops.boxes[:, 2:] / 2
    away = np.full((len(readings) + 1, len(middles)), 0.5)
    for row, reading in zip(away, readings, strict=False):
        row[:] = reading.cut.aside(middles)
    owner = np.where(away.min(axis=0) < 0.5, away.argmin(axis=0), -1)
    return [np.flatnonzero(owner == k) for k in range(len(readings))]


def _hear(reading: LineReading, own: NDArray[np.intp], crops: Crops, how: Joining) -> list[Sign]:
    """Return what stands on a line, in order: digits and signs that are likelier there than not."""
    signs = two_readings.hear(reading, crops.boxes[own], crops.digits[own], crops.sure[own], crops.learned[own], how)
    return [sign if sign.crop < 0 else sign.of(int(own[sign.crop])) for sign in _kept(signs)]


def _kept(signs: list[Sign]) -> list[Sign]:
    """Keep what is likelier there than not, and of the rest what may be a digit beside one that is there."""
    chances = [float(s.probabilities.sum()) if s.text.isdigit() else s.confidence for s in signs]
    there = [s.text.isdigit() and chance >= LIKELY for s, chance in zip(signs, chances, strict=True)]
    beside = [any(there[max(k - 1, 0) : k + 2]) for k in range(len(signs))]
    return [
        sign
        for sign, chance, near in zip(signs, chances, beside, strict=True)
        if chance >= (HELD if sign.text.isdigit() and near else LIKELY)
    ]


def _parted(lines: list[list[Sign]], crops: Crops, walls: Walls, confidence: float) -> tuple[list[Number], list[Line]]:
    """Part lines into numbers, by the signs between them, by gaps that are wide for the page, and by drawn lines."""
    boxes = [np.array([sign.box for sign in signs], np.int32).reshape(-1, 4) for signs in lines]
    apart = [_gaps(signs, places) for signs, places in zip(lines, boxes, strict=True)]
    inner = [
        gap
        for signs, some in zip(lines, apart, strict=True)
        for gap, a, b in zip(some.tolist(), signs, signs[1:], strict=False)
        if a.text.isdigit() and b.text.isdigit()
    ]
    hand = gaps.usual(np.array(inner))
    numbers: list[Number] = []
    texts: list[Line] = []
    for row, (signs, places, some) in enumerate(zip(lines, boxes, apart, strict=True)):
        told = [_shown(sign, confidence) for sign in signs]
        starts = {k + 1 for k in np.flatnonzero(gaps.wide(some, hand) | walls.between(places)).tolist()}
        members = [k for k in line_numbers.part(told, starts) if _is_sure([signs[i] for i in k])]
        numbers += [Number(_digits(k, signs, told, crops), row) for k in members]
        text = "".join(" " * (k in starts) + sign for k, sign in enumerate(told))
        texts.append(Line(row, text, enclose([sign.box for sign in signs])))
    return numbers, texts


def _is_sure(signs: list[Sign]) -> bool:
    """Tell whether some digit of a number is surely there: else it is no number, however many may be."""
    return any(sign.text.isdigit() and sign.probabilities.sum() >= CERTAIN for sign in signs)


def _gaps(signs: list[Sign], boxes: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the gaps of a line, heights of its digits."""
    return gaps.between(boxes, gaps.height(boxes[[sign.text.isdigit() for sign in signs]]))


def _shown(sign: Sign, confidence: float) -> str:
    """Return a sign's text, "?" for a digit that is not sure."""
    return UNSURE if sign.text.isdigit() and sign.confidence < confidence else sign.text


def _digits(members: list[int], signs: list[Sign], told: list[str], crops: Crops) -> tuple[Digit, ...]:
    """Return the digits of a number, each with the sign that stands before it within the number."""
    digits: list[Digit] = []
    before = ""
    for k in members:
        sign = signs[k]
        if not sign.text.isdigit():
            before = sign.text
            continue
        box: Box = sign.box
        model = str(crops.models[sign.crop]) if sign.crop >= 0 else ""
        digits.append(Digit(told[k], sign.confidence, box, sign.crop, sign.probabilities, model, before))
        before = ""
    return tuple(digits)
