"""Read one frame: ink, its blobs through the network in one batch, what they may be parts of in another, numbers."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from realtime import crops
from realtime.candidates import Candidates, propose, propose_more
from realtime.classifier import NOT_A_DIGIT, Classifier
from realtime.cover import choose
from realtime.evidence import hold_places, in_company, refuse, refuse_in_context, writing_odds
from realtime.ink import Box, Ink, enclose, find_ink
from realtime.rows import arrange

UNSURE = "?"
CONFIDENCE = 0.6  # below it a digit is shown as unsure


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
    """All that one frame gave: the ink, the N blobs it was parted into, and what became of each.

    boxes: (N, 4) int32 in frame pixels. crops: (N, 1, 28, 28) uint8. digits: (N, 10) float32, the probability of
    each digit. junk: (N,) float32, that it is none. reasons: N texts, why a blob is refused, empty for those that are
    read. The digits of the readings name their blob by its place among the N. moved: all but the ink was carried to
    where it stands in a later frame.
    """

    ink: Ink
    boxes: NDArray[np.int32]
    crops: NDArray[np.uint8]
    digits: NDArray[np.float32]
    junk: NDArray[np.float32]
    reasons: list[str]
    readings: list[Reading]
    moved: bool = False


def read(
    image: NDArray[np.uint8], classifier: Classifier, confidence: float = CONFIDENCE, polarity: str = "auto"
) -> Page:
    """Read the numbers of one frame, image (H, W, 3) BGR uint8; a digit below `confidence` becomes "?"."""
    ink = find_ink(image, polarity)
    whole = propose(ink)
    read_whole = classify(whole, classifier)
    candidates = propose_more(ink, whole, read_whole[1].max(axis=1, initial=0), read_whole[2])
    read_more = classify(candidates, classifier, first=len(whole.atoms))
    batch, digits, junk = (np.concatenate(both) for both in zip(read_whole, read_more, strict=True))
    chosen = choose(candidates, digits.max(axis=1, initial=0), junk)
    boxes = candidates.boxes[chosen]
    odds = writing_odds(ink, boxes, candidates.blobs[chosen], digits[chosen], junk[chosen])
    digits, junk = in_company(boxes, digits[chosen], junk[chosen], odds)
    reasons = refuse(candidates, chosen, junk, odds)
    frame_boxes = ink.to_frame(boxes)

    def numbers() -> list[Reading]:
        kept = np.flatnonzero([not reason for reason in reasons])
        return group(frame_boxes[kept], digits[kept], confidence, kept)

    readings = numbers()
    late = refuse_in_context(_blobs(readings), boxes, digits, odds)
    if late:
        reasons = [late.get(blob, reason) for blob, reason in enumerate(reasons)]
        readings = numbers()
    held = hold_places(_blobs(readings), boxes, candidates.contrast[chosen], reasons)
    if held:
        reasons = ["" if blob in held else reason for blob, reason in enumerate(reasons)]
        readings = numbers()
    return Page(ink, frame_boxes, batch[chosen], digits, junk, reasons, readings)


def _blobs(readings: list[Reading]) -> list[tuple[list[int], int]]:
    """Return the blobs of each number, and its row."""
    return [([digit.blob for digit in reading.digits], reading.row) for reading in readings]


def classify(
    candidates: Candidates, classifier: Classifier, first: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
    """Classify in one batch the candidates, from the `first` on, that are to be read.

    Returns of each its crop (M, 1, 28, 28), the probabilities of the digits (M, 10) and that of being none (M,), which
    is 0 where the network has no class for it. What is not read has a blank crop and is none for sure.
    """
    live = np.flatnonzero([not reason for reason in candidates.reasons[first:]])
    count = len(candidates.reasons) - first
    batch = np.zeros((count, 1, crops.SIDE, crops.SIDE), np.uint8)
    batch[live] = crops.stack([candidates.patches[first + i] for i in live])
    digits, junk = np.zeros((count, 10), np.float32), np.ones(count, np.float32)
    if len(live):
        probabilities = classifier(batch[live])
        digits[live], junk[live] = probabilities[:, :10], 0
        if NOT_A_DIGIT in classifier.classes:
            junk[live] = probabilities[:, classifier.classes.index(NOT_A_DIGIT)]
    return batch, digits, junk


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
