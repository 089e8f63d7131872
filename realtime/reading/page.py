"""What reading one frame gives: digits, the numbers they form, and the page that holds these and what was refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.reading.box import Box, enclose
from realtime.reading.expectation import Expectation
from realtime.reading.looks import Look
from realtime.reading.reasons import Refusal

Outline = tuple[tuple[int, int], ...]  # the four corners of a region, x, y, frame pixels
UNSURE = "?"  # stands for a digit that was seen and not read for sure
USER = "user"  # what `Digit.by` says of a digit that a person named


@dataclass(frozen=True)
class Digit:
    """One digit of a number: its text ("?" where unsure), its confidence, its box x, y, w, h in frame pixels.

    blob: its place among the blobs of its page, -1 where its line alone tells it. probabilities: (10,) float32, one for
    each digit. model: which of two networks was believed, "fine-tuned" or "base"; empty where there is one network.
    before: the sign of the number that stands before the digit, a point, a comma or a minus; empty where none does.
    by: "user" where a person said what it is, else empty.
    """

    text: str
    confidence: float
    box: Box
    blob: int
    probabilities: NDArray[np.float32] = field(compare=False, repr=False)
    model: str = ""
    before: str = ""
    by: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the digit as it stands in a JSON line."""
        line = {"text": self.text, "confidence": round(self.confidence, 4), "box": list(self.box)}
        line |= {"model": self.model} if self.model else {}
        return line | {"by": self.by} if self.by else line


@dataclass(frozen=True)
class Number:
    """One number as read in one frame; `row` counts lines of writing from the top.

    expectation: what it was expected to be, if anything was. region: the name of the one that it stands in, if any.
    """

    digits: tuple[Digit, ...]
    row: int
    expectation: Expectation | None = None
    region: str = ""

    @property
    def text(self) -> str:
        """The number as written: "?" for an unsure digit, its minus, point or comma; leading zeros stay."""
        return join_digits(self.digits)

    @property
    def digit_text(self) -> str:
        """The digits alone, "?" for an unsure one."""
        return "".join(digit.text for digit in self.digits)

    @property
    def fits(self) -> bool | None:
        """Whether it is as expected; None where nothing is. A number with a "?" is not."""
        return self.expectation.allows(self.text) if self.expectation else None

    @property
    def confidence(self) -> float:
        """That of the least sure digit."""
        return min(digit.confidence for digit in self.digits)

    @property
    def box(self) -> Box:
        """The box around all digits, x, y, w, h, half-open, frame pixels."""
        return enclose([digit.box for digit in self.digits])


def join_digits(digits: Sequence[Digit]) -> str:
    """Return digits as text, with the signs that stand before them."""
    return "".join(digit.before + digit.text for digit in digits)


@dataclass(frozen=True)
class Line:
    """A line of writing as it stands on the page, signs included, "~" for letters; `row` counts from the top."""

    row: int
    text: str
    box: Box
    region: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the line as it stands in a JSON line."""
        line = {"row": self.row, "text": self.text, "box": list(self.box)}
        return line | {"region": self.region} if self.region else line


def named(region: str, text: str) -> str:
    """Return the text of a number, or of several, with the name of its region before it, if it has one."""
    return f"{region}: {text}" if region else text


def number_to_dict(
    track_id: int,
    text: str,
    state: str,
    row: int,
    confidence: float,
    digits: Sequence[Digit],
    fits: bool | None = None,
    region: str = "",
) -> dict[str, Any]:
    """Return a number as it stands in a JSON line.

    fits: whether it is as expected, None where nothing is; region: empty where there are none; neither is told then.
    """
    line = {
        "id": track_id,
        "text": text,
        "state": state,
        "row": row,
        "confidence": round(confidence, 4),
        "box": list(enclose([digit.box for digit in digits])),
        "digits": [digit.to_dict() for digit in digits],
    }
    line |= {} if fits is None else {"fits": fits}
    return line | {"region": region} if region else line


def frame_to_dict(
    source: str,
    index: int,
    time: float,
    size: tuple[int, int],
    latency_ms: float,
    numbers: list[dict[str, Any]],
    lines: Sequence[Line],
    turned: int = 0,
) -> dict[str, Any]:
    """Return the JSON line of a frame: the form promised to readers outside the project, which only grows.

    size: width and height, pixels. numbers: by `number_to_dict`. A digit has the key "model" where two networks read
    it: it names the one that was believed; "by" is "user" where a person named it. turned: degrees clockwise by which
    the frame was turned to be read; told where it was.
    """
    line = {
        "source": source,
        "frame": index,
        "time": round(time, 3),
        "size": list(size),
        "latency_ms": round(latency_ms, 2),
        "numbers": numbers,
        "lines": [told.to_dict() for told in lines],
    }
    return line | {"turned": turned} if turned else line


@dataclass(frozen=True)
class Page:
    """All that one frame gave: its numbers, the N things that the finder found, and what became of each.

    looks: the finder's looks at the frame, with their maps. boxes: (N, 4) int32 x, y, w, h, half-open, frame pixels.
    crops: (N, 1, 28, 28) uint8, what the classifier saw. digits: (N, 10) float32, the probability of each digit.
    reject: (N,) float32, that it is no digit. refusals: why it is refused, None for those that are read. The digits of
    the numbers name theirs by its place among the N. turned: by how many degrees clockwise the frame was turned to be
    read.

    size: width and height of the frame, pixels. confidence, polarity: what it was read with. latency_ms: how long
    reading took. regions: names and outlines of those that alone were read, none where all of it was. missing: what
    they should hold on to and was not seen, so that nothing was read; empty where all is well.
    """

    looks: tuple[Look, ...]
    boxes: NDArray[np.int32]
    crops: NDArray[np.uint8]
    digits: NDArray[np.float32]
    reject: NDArray[np.float32]
    refusals: list[Refusal | None]
    numbers: list[Number]
    lines: list[Line]
    size: tuple[int, int]
    confidence: float
    polarity: str
    latency_ms: float
    turned: int = 0
    regions: tuple[tuple[str, Outline], ...] = ()
    missing: str = ""

    @property
    def rows(self) -> list[str]:
        """A text for each line of writing from the top, its numbers parted by blanks."""
        return [text for _, text in self._rows()]

    @property
    def belief(self) -> float:
        """The sum over the digits of all numbers of how much surer than a half each is: what is read right has more."""
        return sum(max(digit.confidence - 0.5, 0.0) for number in self.numbers for digit in number.digits)

    @property
    def named_rows(self) -> list[str]:
        """The same with the name of its region before each, where there are regions."""
        return [named(region, text) for region, text in self._rows()]

    def _rows(self) -> list[tuple[str, str]]:
        rows: dict[int, list[Number]] = {}
        for number in self.numbers:
            rows.setdefault(number.row, []).append(number)
        return [(rows[row][0].region, " ".join(number.text for number in rows[row])) for row in sorted(rows)]

    def to_dict(self, source: str = "") -> dict[str, Any]:
        """Return the page as the JSON line of a picture: frame 0, all its numbers settled."""
        numbers = [
            number_to_dict(i, n.text, "settled", n.row, n.confidence, n.digits, n.fits, n.region)
            for i, n in enumerate(self.numbers, 1)
        ]
        return frame_to_dict(source, 0, 0.0, self.size, self.latency_ms, numbers, self.lines, self.turned)
