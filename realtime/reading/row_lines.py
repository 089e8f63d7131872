"""Read the lines of a picture by the row network, and lay what it reads beside what single crops say."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from realtime.reading import strips
from realtime.reading.ink import Box
from realtime.reading.page import UNSURE
from realtime.reading.row_reader import SURE, RowReader, RowReading, Symbol
from realtime.reading.strips import Cut, Line

BESIDE = 0.6  # heights of a digit; a crop and a sign farther apart than this are not the same ink
ERRING = 0.1  # share of its words in which each reader may be wrong whatever it says
SILENT = np.zeros(0, np.float32)  # what a line says of a digit that it does not see


@dataclass(frozen=True)
class LineReading:
    """A line as the row network reads it: its signs with their boxes in the picture, and the strip they were read from.

    confidence: probability that all of it is right.
    """

    signs: tuple[Symbol, ...]
    boxes: tuple[Box, ...]
    confidence: float
    cut: Cut = field(compare=False, repr=False)

    @property
    def text(self) -> str:
        """The line as written."""
        return "".join(sign.text for sign in self.signs)


@dataclass(frozen=True)
class Merged:
    """A sign of a line on which both readings were heard: `crop` is the index of its crop, -1 where there is none.

    probabilities: (10,) float32, of the digits; all small where it is a sign. line: (C - 1,) float32, of every sign as
    the line alone says; empty where it says nothing. told: whether it is likely enough to be shown.
    """

    text: str
    confidence: float
    box: Box
    crop: int
    probabilities: NDArray[np.float32] = field(compare=False, repr=False)
    line: NDArray[np.float32] = field(compare=False, repr=False)
    told: bool = True

    def shown(self, confidence: float) -> str:
        """Return the text, "?" for a digit less sure than that."""
        return UNSURE if self.text.isdigit() and self.confidence < confidence else self.text


def read_lines(
    image: NDArray[np.uint8], lines: list[Line], reader: RowReader, polarity: str = "auto", sure: float = SURE
) -> list[LineReading]:
    """Read the lines of a picture (H, W, 3) BGR uint8, all in few batches; polarity as for `strips.cut`.

    sure: lines less sure than this are looked at again; 0 for a single look.
    """
    cuts = [strips.cut(image, line, polarity) for line in lines]
    readings = reader([cut.pixels for cut in cuts], sure)
    return [_placed(cut, reading) for cut, reading in zip(cuts, readings, strict=True)]


def _placed(cut: Cut, reading: RowReading) -> LineReading:
    """Give each sign its box: the ink of its columns, as high as the line."""
    boxes = []
    for symbol in reading.symbols:
        start, end = _inked(cut.pixels, symbol)
        boxes.append(cut.box(start, end))
    return LineReading(reading.symbols, tuple(boxes), reading.confidence, cut)


def _inked(pixels: NDArray[np.uint8], symbol: Symbol) -> tuple[float, float]:
    """Return the columns of a symbol that hold ink, or all of them where none does."""
    first, last = int(symbol.start), max(int(np.ceil(symbol.end)), int(symbol.start) + 1)
    held = np.flatnonzero((pixels[:, first:last] > 127).sum(axis=0) > 0)
    if not len(held):
        return symbol.start, symbol.end
    return float(first + held[0]), float(first + held[-1] + 1)


def merge(reading: LineReading, boxes: NDArray[np.int32], digits: NDArray[np.float32]) -> list[Merged]:
    """Lay crops beside the signs of a line by their place, and hear both on each.

    boxes: (N, 4) of the crops in the picture, digits: (N, 10) float32, their probabilities, which sum to what speaks
    for a digit at all. The signs, and so the count of digits, are those of the line.
    """
    partner = _align(reading, boxes)
    return [_heard(reading, k, partner[k], digits) for k in range(len(reading.signs))]


def _align(reading: LineReading, boxes: NDArray[np.int32]) -> list[int]:
    """Return for each sign of a line the crop at its place, or -1: in order, the nearest, each once."""
    crops = reading.cut.columns(boxes[:, :2] + boxes[:, 2:] / 2) if len(boxes) else np.zeros(0)
    order = np.argsort(crops, kind="stable")
    places = np.array([(sign.start + sign.end) / 2 for sign in reading.signs])
    reach = BESIDE * strips.HEIGHT / strips.COVER
    saved = np.zeros((len(places) + 1, len(crops) + 1))  # most closeness of the first i signs and j crops
    for i, place in enumerate(places, 1):
        for j, k in enumerate(order, 1):
            near = max(0.0, reach - abs(place - float(crops[k])))
            saved[i, j] = max(saved[i - 1, j], saved[i, j - 1], saved[i - 1, j - 1] + near if near else 0.0)
    partner, i, j = [-1] * len(places), len(places), len(crops)
    while i and j:
        if saved[i, j] == saved[i - 1, j]:
            i -= 1
        elif saved[i, j] == saved[i, j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            partner[i] = int(order[j])
    return partner


def _heard(reading: LineReading, k: int, crop: int, digits: NDArray[np.float32]) -> Merged:
    """Return one sign of a line, with its crop's word where there is a crop."""
    sign, box = reading.signs[k], reading.boxes[k]
    row = sign.probabilities
    if crop < 0 or not sign.text.isdigit():
        return Merged(sign.text, sign.confidence, box, crop, row[:10], row)
    words = [row[:10], digits[crop]]
    masses = [(1 - ERRING) * min(float(word.sum()), 1.0) + ERRING / 2 for word in words]  # that it is a digit at all
    odds = masses[0] * masses[1] / ((1 - masses[0]) * (1 - masses[1]))
    doubted = [(1 - ERRING) * word / max(float(word.sum()), 1e-9) + ERRING / 10 for word in words]
    both = (doubted[0] * doubted[1]).astype(np.float32)
    both *= odds / (1 + odds) / both.sum()
    best = int(both.argmax())
    return Merged(str(best), float(both[best]), box, crop, both, row)
