"""Read a page line by line: the lines that its digits stand on, what both readings say of each, and its numbers."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from realtime.reading import fitting, line_numbers, parting, row_lines, strips, two_readings
from realtime.reading.box import Box, enclose
from realtime.reading.expectation import Expectation
from realtime.reading.found import Found
from realtime.reading.looks import SMALL
from realtime.reading.page import Digit, Line, Number
from realtime.reading.row_lines import LineReading
from realtime.reading.row_reader import SURE, RowReader
from realtime.reading.rows import arrange
from realtime.reading.two_readings import CUT_OUT, PAGE, STRIP, Joining, Sign

LIKELY = 0.5  # probability from which on something is there: it is likelier so than not
# Probability that the surest digit of a number has at least. Of 1,223 numbers on 80 drawn pages 794 are read exactly
# and 40 false ones told at 0.75, 802 and 47 at 0.6, where more of the lone strokes are 1s
# (`python -m training.score_pages --pages 80 --seed 501`).
CERTAIN = 0.6
HELD = 0.25  # probability from which on a digit beside one that is there holds its place
# Probability from which on a digit that was found alone tells that there is a line; one less sure is heard on a line
# that others tell.
BEGINS = 0.5
# A picture lower than this many digits' heights holds no second line.
ONE_LINE = 2.0
# A picture cut to one line is at least so many times as wide as high; pictures of cameras are at most 1.8 times.
SLIM = 2.0


def read_lines(
    image: NDArray[np.uint8],
    found: Found,
    reader: RowReader,
    confidence: float,
    polarity: str,
    expectation: Expectation | None = None,
) -> tuple[list[Number], list[Line]]:
    """Read the lines of a picture (H, W, 3) as wholes and return its numbers and lines, from the top.

    A digit less sure than `confidence` is "?". expectation: what the numbers are to fit.
    """
    lines, usual = hear(image, found, reader, polarity)
    certain = LIKELY if _is_cut_out(image) else CERTAIN
    numbers: list[Number] = []
    texts: list[Line] = []
    for row, (reading, signs) in enumerate(lines):
        now, parts, starts = _part(signs, reading, usual, (certain, confidence), expectation, reader.signs)
        shown = [sign.shown(confidence) for sign in now]
        numbers += [Number(_digits(part, now, shown, found), row, expectation) for part in parts]
        text = "".join(" " * (k in starts) + sign for k, sign in enumerate(shown))
        texts.append(Line(row, text, enclose([sign.box for sign in now])))
    return numbers, texts


def hear(
    image: NDArray[np.uint8], found: Found, reader: RowReader, polarity: str
) -> tuple[list[tuple[LineReading, list[Sign]]], float]:
    """Return the lines of a picture (H, W, 3) that hold digits, as read, and what may stand on each; their spacing."""
    told, how = readings(image, found, reader, polarity)
    heard = [(reading, _hear(reading, own, found, how)) for reading, own in told]
    lines = [line for line in heard if any(sign.told and sign.text.isdigit() for sign in line[1])]
    return lines, parting.spacing([[sign for sign in signs if sign.told] for _, signs in lines])


def readings(
    image: NDArray[np.uint8], found: Found, reader: RowReader, polarity: str
) -> tuple[list[tuple[LineReading, NDArray[np.intp]]], Joining]:
    """Read the lines of a picture (H, W, 3) as wholes.

    Returns each with the indices of the crops that stand on it, and how the two readings are to be joined.
    """
    begin = np.flatnonzero((found.sure >= BEGINS) | (found.learned & found.digits.any(axis=1)))
    whole = _is_one_line(image, found, begin)
    if whole:
        tracks = [strips.whole(image)]
    else:
        tracks = [strips.through(found.boxes[begin[line]]) for line in arrange(found.boxes[begin])]
    # More looks at unsure lines help where a line fills its picture; of 587 numbers on drawn pages as many are exact.
    told = row_lines.read_lines(image, tracks, reader, polarity, SURE if whole else 0.0)
    how = STRIP if whole else CUT_OUT if _is_cut_out(image) else PAGE
    return list(zip(told, _members(told, found), strict=True)), how


def _is_cut_out(image: NDArray[np.uint8]) -> bool:
    """Tell whether a picture is so small that it was cut to its writing."""
    return max(image.shape[:2]) < SMALL


def _is_one_line(image: NDArray[np.uint8], found: Found, begin: NDArray[np.intp]) -> bool:
    """Tell whether a picture is cut to one line of writing, which then reaches from edge to edge."""
    height, width = image.shape[:2]
    tallest = int(found.boxes[begin, 3].max(initial=0)) or height
    return width >= SLIM * height and height < ONE_LINE * tallest and not found.learned.any()


def _members(readings: list[LineReading], found: Found) -> list[NDArray[np.intp]]:
    """Give each digit to the line in whose strip it stands nearest to the middle, half the way to the edge at most."""
    middles = found.boxes[:, :2] + found.boxes[:, 2:] / 2
    away = np.full((len(readings) + 1, len(middles)), 0.5)
    for row, reading in zip(away, readings, strict=False):
        row[:] = reading.cut.aside(middles)
    owner = np.where(away.min(axis=0) < 0.5, away.argmin(axis=0), -1)
    return [np.flatnonzero(owner == k) for k in range(len(readings))]


def _hear(reading: LineReading, own: NDArray[np.intp], found: Found, how: Joining) -> list[Sign]:
    """Return what may stand on a line, in order: digits and signs, those too that are not likely enough to be told.

    Told is what is likelier there than not, and of the rest what may be a digit beside one that is there.
    """
    signs = two_readings.hear(reading, found.boxes[own], found.digits[own], found.sure[own], found.learned[own], how)
    signs = [sign if sign.crop < 0 else sign.of(int(own[sign.crop])) for sign in signs]
    chances = [float(s.probabilities.sum()) if s.text.isdigit() else s.confidence for s in signs]
    there = [s.text.isdigit() and chance >= LIKELY for s, chance in zip(signs, chances, strict=True)]
    beside = [any(there[max(k - 1, 0) : k + 2]) for k in range(len(signs))]
    return [
        replace(sign, told=chance >= (HELD if sign.text.isdigit() and near else LIKELY))
        for sign, chance, near in zip(signs, chances, beside, strict=True)
    ]


def _part(
    heard: list[Sign],
    reading: LineReading,
    usual: float,
    least: tuple[float, float],
    expectation: Expectation | None,
    names: tuple[str, ...],
) -> tuple[list[Sign], list[line_numbers.Indices], set[int]]:
    """Return the signs of a line that are told, its numbers, each the indices of its signs, and where it is parted.

    Numbers are parted by the signs between them and by gaps. usual: the page's spacing. least: how surely one digit of
    a number is to be there, and how sure a digit is to be for its text to be told.
    """
    certain, confidence = least
    told = [k for k, sign in enumerate(heard) if sign.told]
    now = [heard[k] for k in told]
    inner = expectation.inner if expectation else ""
    starts = parting.starts(now, reading, usual)
    parts = line_numbers.part([sign.shown(confidence) for sign in now], starts, inner)
    parts = [part for part in parts if _is_sure([now[k] for k in part], certain)]
    if expectation is None:
        return now, parts, starts
    now, parts = fitting.fit(heard, [[told[k] for k in part] for part in parts], names, expectation, confidence)
    return now, parts, parting.starts(now, reading, usual)  # other signs may be told than before


def _is_sure(signs: list[Sign], certain: float) -> bool:
    """Tell whether some digit of a number is surely there: else it is no number, however many may be."""
    return any(sign.text.isdigit() and sign.probabilities.sum() >= certain for sign in signs)


def _digits(members: list[int], signs: list[Sign], told: list[str], found: Found) -> tuple[Digit, ...]:
    """Return the digits of a number, each with the sign that stands before it within the number."""
    digits: list[Digit] = []
    before = ""
    for k in members:
        sign = signs[k]
        if not sign.text.isdigit():
            before += sign.text
            continue
        box: Box = sign.box
        model = str(found.models[sign.crop]) if sign.crop >= 0 else ""
        digits.append(Digit(told[k], sign.confidence, box, sign.crop, sign.probabilities, model, before))
        before = ""
    return tuple(digits)
