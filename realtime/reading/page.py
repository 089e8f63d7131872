"""What reading one frame gives: digits, the numbers they form, and the page that holds these and what was refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.reading.ink import Box, Ink, enclose

UNSURE = "?"  # stands for a digit that was seen and not read for sure


@dataclass(frozen=True)
class Digit:
    """One digit of a number: its text ("?" where unsure), its confidence, its box x, y, w, h in frame pixels.

    blob: its place among the blobs of its page. probabilities: (10,) float32, one for each digit. model: which of two
    networks was believed, "fine-tuned" or "base"; empty where there is one network.
    """

    text: str
    confidence: float
    box: Box
    blob: int
    probabilities: NDArray[np.float32] = field(compare=False, repr=False)
    model: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the digit as it stands in a JSON line."""
        told = {"text": self.text, "confidence": round(self.confidence, 4), "box": list(self.box)}
        return told | {"model": self.model} if self.model else told


@dataclass(frozen=True)
class Number:
    """One number as read in one frame; `row` counts lines of writing from the top."""

    digits: tuple[Digit, ...]
    row: int

    @property
    def text(self) -> str:
        """The digits as text, "?" for an unsure one; leading zeros stay."""
        return "".join(digit.text for digit in self.digits)

    @property
    def confidence(self) -> float:
        """That of the least sure digit."""
        return min(digit.confidence for digit in self.digits)

    @property
    def box(self) -> Box:
        """The box around all digits, x, y, w, h, half-open, frame pixels."""
        return enclose([digit.box for digit in self.digits])


def number_to_dict(
    number: int, text: str, state: str, row: int, confidence: float, digits: Sequence[Digit]
) -> dict[str, Any]:
    """Return a number as it stands in a JSON line; number: its id."""
    return {
        "id": number,
        "text": text,
        "state": state,
        "row": row,
        "confidence": round(confidence, 4),
        "box": list(enclose([digit.box for digit in digits])),
        "digits": [digit.to_dict() for digit in digits],
    }


@dataclass(frozen=True)
class Page:
    """All that one frame gave: its numbers, the ink, the N blobs it was parted into, and what became of each.

    size: width and height of the frame, pixels. latency_ms: how long reading took. confidence,
    polarity: what it was read with.

    boxes: (N, 4) int32 in frame pixels. crops: (N, 1, 28, 28) uint8. digits: (N, 10) float32, the probability of
    each digit. junk: (N,) float32, that it is none. reasons: N texts, why a blob is refused, empty for those that are
    read. The digits of the numbers name their blob by its place among the N. moved: all but the ink was carried to
    where it stands in a later frame.
    """

    ink: Ink
    boxes: NDArray[np.int32]
    crops: NDArray[np.uint8]
    digits: NDArray[np.float32]
    junk: NDArray[np.float32]
    reasons: list[str]
    numbers: list[Number]
    size: tuple[int, int]
    confidence: float
    polarity: str
    latency_ms: float
    moved: bool = False

    @property
    def rows(self) -> list[str]:
        """A text for each line of writing from the top, its numbers parted by blanks."""
        rows: dict[int, list[str]] = {}
        for number in self.numbers:
            rows.setdefault(number.row, []).append(number.text)
        return [" ".join(rows[row]) for row in sorted(rows)]

    def to_dict(self, source: str = "") -> dict[str, Any]:
        """Return the page as the JSON line of a picture: frame 0, all its numbers settled."""
        return {
            "source": source,
            "frame": 0,
            "time": 0.0,
            "size": list(self.size),
            "latency_ms": round(self.latency_ms, 2),
            "numbers": [
                number_to_dict(i, n.text, "settled", n.row, n.confidence, n.digits)
                for i, n in enumerate(self.numbers, 1)
            ],
        }
