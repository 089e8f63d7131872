"""Read one frame: ink, crops, one batch through the network, and digits joined into numbers."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from realtime import crops
from realtime.classifier import NOT_A_DIGIT, Classifier
from realtime.ink import Ink, find_ink
from realtime.rows import arrange

UNSURE = "?"
CONFIDENCE = 0.6  # below it a digit is shown as unsure
REJECT = 0.5  # a blob is no digit above this probability of the class 'not a digit'
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Digit:
    """One digit of a number: its text ("?" where unsure), its confidence, its box in frame pixels, its blob's index.

    probabilities: (10,) float32, one for each digit.
    """

    text: str
    confidence: float
    box: Box
    blob: int
    probabilities: NDArray[np.float32] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Reading:
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


@dataclass(frozen=True)
class Page:
    """All that one frame gave: the ink, what the network took in and gave out, why blobs were refused, the readings.

    crops: (N, 1, 28, 28) uint8. probabilities: (N, C) float32. reasons: N texts, empty for the blobs that are read.
    """

    ink: Ink
    crops: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    reasons: list[str]
    readings: list[Reading]


def read(
    image: NDArray[np.uint8], classifier: Classifier, confidence: float = CONFIDENCE, polarity: str = "auto"
) -> Page:
    """Read the numbers of one frame, image (H, W, 3) BGR uint8; a digit below `confidence` becomes "?"."""
    ink = find_ink(image, polarity)
    batch = crops.cut(ink.mask, ink.boxes, ink.labels)
    probabilities = classifier(batch)
    reasons = refuse(ink, probabilities, classifier.classes)
    kept = np.flatnonzero([not reason for reason in reasons])
    readings = group(ink.frame_boxes()[kept], probabilities[kept, :10], confidence, kept)
    return Page(ink, batch, probabilities, reasons, readings)


def group(
    boxes: NDArray[np.int32],
    probabilities: NDArray[np.float32],
    confidence: float = CONFIDENCE,
    blobs: NDArray[np.intp] | None = None,
) -> list[Reading]:
    """Join digits into numbers: boxes (N, 4) in frame pixels, probabilities (N, 10), `blobs` (N,) their indices."""
    blobs = np.arange(len(boxes)) if blobs is None else blobs
    best = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1, initial=0.0)

    def digit(i: int) -> Digit:
        text = str(best[i]) if sure[i] >= confidence else UNSURE
        return Digit(text, float(sure[i]), tuple(boxes[i].tolist()), int(blobs[i]), probabilities[i])

    return [Reading(tuple(digit(i) for i in number), row) for row, line in enumerate(arrange(boxes)) for number in line]


def refuse(ink: Ink, probabilities: NDArray[np.float32], classes: tuple[str, ...]) -> list[str]:
    """Say for each blob why it is no digit; an empty text for those that may be one."""
    reasons = [""] * len(ink.boxes)
    if not reasons:
        return reasons
    solid = _stroke_share(ink)
    for i, (_, _, w, h) in enumerate(ink.boxes.tolist()):
        if ink.ruled[i]:
            reasons[i] = "ruled line"
        elif solid[i] > 0.5:
            reasons[i] = "solid: no stroke"
        elif w > 2.5 * h:
            reasons[i] = "flat: a line or a dash"
    if NOT_A_DIGIT in classes:
        column = probabilities[:, classes.index(NOT_A_DIGIT)]
        for i in np.flatnonzero(column > REJECT):
            reasons[i] = reasons[i] or f"not a digit ({column[i]:.2f})"
    _refuse_small(ink, reasons)
    return reasons


def _refuse_small(ink: Ink, reasons: list[str]) -> None:
    """Refuse specks: blobs far smaller than the digits they stand among."""
    kept = [i for i, reason in enumerate(reasons) if not reason]
    if not kept:
        return
    size = ink.boxes[:, 2:].max(axis=1)
    # The writing is where most ink is: specks may outnumber digits, but hold little ink.
    order = sorted(kept, key=lambda i: size[i])
    held = np.cumsum([float(size[i]) ** 2 for i in order])
    usual = size[order[int(np.searchsorted(held, held[-1] / 2))]]
    for i in kept:
        if size[i] < 0.3 * usual:
            reasons[i] = f"small beside its neighbours ({size[i]} px of {usual} px)"


def _stroke_share(ink: Ink) -> NDArray[np.float64]:
    """Estimate stroke width over longest side, (N,): twice the area over the outline's length."""
    inked = ink.labels > 0
    count = len(ink.boxes) + 1
    area = np.bincount(ink.labels[inked], minlength=count)[1:]
    edge = inked.copy()
    same = ink.labels
    edge[1:-1, 1:-1] &= (
        (same[:-2, 1:-1] != same[1:-1, 1:-1])
        | (same[2:, 1:-1] != same[1:-1, 1:-1])
        | (same[1:-1, :-2] != same[1:-1, 1:-1])
        | (same[1:-1, 2:] != same[1:-1, 1:-1])
    )
    outline = np.bincount(ink.labels[edge], minlength=count)[1:]
    return 2 * area / np.maximum(outline, 1) / ink.boxes[:, 2:].max(axis=1)


def enclose(boxes: list[Box]) -> Box:
    """Return the smallest box around boxes x, y, w, h."""
    left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, bottom = max(b[0] + b[2] for b in boxes), max(b[1] + b[3] for b in boxes)
    return left, top, right - left, bottom - top
