"""Read one frame: ink, its blobs through the network in one batch, what they may be parts of in another, numbers."""

from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from realtime.reading import crops
from realtime.reading.candidates import Candidates, propose, propose_more
from realtime.reading.classifier import NOT_A_DIGIT, Classifier
from realtime.reading.covering import choose
from realtime.reading.ensemble import Ensemble
from realtime.reading.evidence import hold_places, in_company, refuse, refuse_in_context, writing_odds
from realtime.reading.ink import find_ink
from realtime.reading.page import UNSURE, Digit, Number, Page
from realtime.reading.rows import arrange
from realtime.reading.stages import StageClock

CONFIDENCE = 0.6  # below it a digit is shown as unsure


def read(
    image: NDArray[np.uint8],
    classifier: Classifier | Ensemble,
    confidence: float = CONFIDENCE,
    polarity: str = "auto",
    clock: StageClock | None = None,
) -> Page:
    """Read the numbers of one frame, image (H, W, 3) BGR uint8; a digit below `confidence` becomes "?".

    polarity: "dark" or "light" ink alone, or "auto" for both. clock: told what each stage takes. Raises ValueError for
    another array or polarity.
    """
    start = perf_counter()
    clock = clock or StageClock()
    with clock.stage("ink"):
        ink = find_ink(image, polarity)
    with clock.stage("candidates"):
        whole = propose(ink)
    read_whole = classify(whole, classifier, clock)
    with clock.stage("candidates"):
        candidates = propose_more(ink, whole, read_whole[1].max(axis=1, initial=0), read_whole[2])
    read_more = classify(candidates, classifier, clock, first=len(whole.atoms))
    batch, digits, junk, models = (np.concatenate(both) for both in zip(read_whole, read_more, strict=True))
    with clock.stage("segmentation"):
        chosen = choose(candidates, digits.max(axis=1, initial=0), junk)
    boxes = candidates.boxes[chosen]
    with clock.stage("refusal"):
        odds = writing_odds(ink, boxes, candidates.blobs[chosen], digits[chosen], junk[chosen])
        digits, junk = in_company(boxes, digits[chosen], junk[chosen], odds)
        reasons = refuse(candidates, chosen, junk, odds)
    frame_boxes = ink.to_frame(boxes)

    def grouped() -> list[Number]:
        kept = np.flatnonzero([not reason for reason in reasons])
        with clock.stage("rows"):
            return group(frame_boxes[kept], digits[kept], confidence, kept, models[chosen][kept])

    numbers = grouped()
    with clock.stage("refusal"):
        late = refuse_in_context(_blobs(numbers), boxes, digits, odds)
    if late:
        reasons = [late.get(blob, reason) for blob, reason in enumerate(reasons)]
        numbers = grouped()
    with clock.stage("refusal"):
        held = hold_places(_blobs(numbers), boxes, candidates.contrast[chosen], reasons)
    if held:
        reasons = ["" if blob in held else reason for blob, reason in enumerate(reasons)]
        numbers = grouped()
    size = image.shape[1], image.shape[0]
    latency = 1000 * (perf_counter() - start)
    return Page(ink, frame_boxes, batch[chosen], digits, junk, reasons, numbers, size, confidence, polarity, latency)


def _blobs(numbers: list[Number]) -> list[tuple[list[int], int]]:
    """Return the blobs of each number, and its row."""
    return [([digit.blob for digit in number.digits], number.row) for number in numbers]


def classify(
    candidates: Candidates, classifier: Classifier | Ensemble, clock: StageClock, first: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32], NDArray[np.str_]]:
    """Classify in one batch the candidates, from the `first` on, that are to be read.

    Returns of each its crop (M, 1, 28, 28), the probabilities of the digits (M, 10), that of being none (M,), which
    is 0 where the network has no class for it, and the model believed (M,). What is not read has a blank crop and is
    none for sure.
    """
    live = np.flatnonzero([not reason for reason in candidates.reasons[first:]])
    count = len(candidates.reasons) - first
    batch = np.zeros((count, 1, crops.SIDE, crops.SIDE), np.uint8)
    with clock.stage("crops"):
        batch[live] = crops.stack([candidates.patches[first + i] for i in live])
    digits, junk = np.zeros((count, 10), np.float32), np.ones(count, np.float32)
    models = np.full(count, "", "U10")
    if len(live):
        with clock.stage("network"):
            probabilities, models[live] = classifier.classify(batch[live])
        digits[live], junk[live] = probabilities[:, :10], 0
        if NOT_A_DIGIT in classifier.classes:
            junk[live] = probabilities[:, classifier.classes.index(NOT_A_DIGIT)]
    return batch, digits, junk, models


def group(
    boxes: NDArray[np.int32],
    probabilities: NDArray[np.float32],
    confidence: float = CONFIDENCE,
    blobs: NDArray[np.intp] | None = None,
    models: NDArray[np.str_] | None = None,
) -> list[Number]:
    """Join digits into numbers: boxes (N, 4) in frame pixels, probabilities (N, 10).

    blobs, models: (N,) their indices among all blobs, and which network was believed for each.
    """
    blobs = np.arange(len(boxes)) if blobs is None else blobs
    models = np.full(len(boxes), "") if models is None else models
    best = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1, initial=0.0)

    def digit(i: int) -> Digit:
        text = str(best[i]) if sure[i] >= confidence else UNSURE
        return Digit(text, float(sure[i]), tuple(boxes[i].tolist()), int(blobs[i]), probabilities[i], str(models[i]))

    return [Number(tuple(digit(i) for i in number), row) for row, line in enumerate(arrange(boxes)) for number in line]
