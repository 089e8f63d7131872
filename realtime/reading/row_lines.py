"""Read the lines of a picture by the row network, each from its strip, and tell where in the picture its signs are."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from realtime.reading import strips
from realtime.reading.box import Box
from realtime.reading.row_decoding import Probabilities
from realtime.reading.row_reader import STEP, SURE, RowReader, RowReading, Symbol
from realtime.reading.strips import Cut, Line


@dataclass(frozen=True)
class LineReading:
    """A line as the row network reads it: its signs with their boxes in the picture, and the strip they were read from.

    confidence: probability that all of it is right. gaps: (T,) float32, for every STEP columns of the strip the
    probability that a gap parts two numbers there.
    """

    signs: tuple[Symbol, ...]
    boxes: tuple[Box, ...]
    confidence: float
    gaps: Probabilities = field(compare=False, repr=False)
    cut: Cut = field(compare=False, repr=False)

    @property
    def text(self) -> str:
        """The line as written."""
        return "".join(sign.text for sign in self.signs)

    def parted(self, start: float, end: float) -> float:
        """Return the probability that a gap parts two numbers between two columns."""
        return min(float(self.gaps[max(int(start) // STEP, 0) : int(end) // STEP + 1].sum()), 1.0)


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
    return LineReading(reading.symbols, tuple(boxes), reading.confidence, reading.gaps, cut)


def _inked(pixels: NDArray[np.uint8], symbol: Symbol) -> tuple[float, float]:
    """Return the columns of a symbol that hold ink, or all of them where none does."""
    first, last = int(symbol.start), max(int(np.ceil(symbol.end)), int(symbol.start) + 1)
    held = np.flatnonzero((pixels[:, first:last] > 127).sum(axis=0) > 0)
    if not len(held):
        return symbol.start, symbol.end
    return float(first + held[0]), float(first + held[-1] + 1)
