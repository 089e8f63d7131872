"""Read one frame: ink, its blobs through the network in one batch, what they may be parts of in another, numbers."""

from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.reading import crops
from realtime.reading.candidates import Candidates, propose, propose_more
from realtime.reading.classifier import NOT_A_DIGIT, Classifier
from realtime.reading.ensemble import Ensemble, Networks
from realtime.reading.expectation import Expectation
from realtime.reading.ink import Ink, find_ink
from realtime.reading.page import UNSURE, Digit, Number, Page
from realtime.reading.refusal import hold_places, in_company, refuse, refuse_in_context
from realtime.reading.rows import arrange
from realtime.reading.segmentation import choose
from realtime.reading.stages import StageClock
from realtime.reading.two_readings import Crops, read_lines
from realtime.reading.writing_odds import writing_odds

# Probability of the likeliest digit below which a digit is shown as unsure. Set by hand; by the shipped network's card
# 0.559 keeps 99.5 % of its validation digits.
CONFIDENCE = 0.6


class _Classified(NamedTuple):
    """What the network says of M candidates; those it was not asked about have a blank crop and are none for sure.

    crops: (M, 1, 28, 28). digits: (M, 10), the probability of each digit. reject: (M,), that of being none, 0 where the
    network has no class for it. models: (M,) which of two networks was believed.
    learned: (M,) whether the user taught it.
    """

    crops: NDArray[np.uint8]
    digits: NDArray[np.float32]
    reject: NDArray[np.float32]
    models: NDArray[np.str_]
    learned: NDArray[np.bool_]

    @property
    def likeliest(self) -> NDArray[np.float32]:
        """The probability of the likeliest digit, (M,)."""
        return self.digits.max(axis=1, initial=0)

    def join(self, more: "_Classified") -> "_Classified":
        """Return what it says of these candidates and, after them, of more."""
        return _Classified(
            np.concatenate([self.crops, more.crops]),
            np.concatenate([self.digits, more.digits]),
            np.concatenate([self.reject, more.reject]),
            np.concatenate([self.models, more.models]),
            np.concatenate([self.learned, more.learned]),
        )


def read(
    image: NDArray[np.uint8],
    networks: Networks,
    confidence: float = CONFIDENCE,
    polarity: str = "auto",
    clock: StageClock | None = None,
    expectation: Expectation | None = None,
) -> Page:
    """Read the numbers of one frame, image (H, W, 3) BGR uint8; a digit below `confidence` becomes "?".

    polarity: "dark" or "light" ink alone, or "auto" for both. clock: told what each stage takes. expectation: what
    numbers may be. Raises ValueError for another array or polarity.
    """
    start = perf_counter()
    clock = clock or StageClock()
    with clock.stage("ink"):
        ink = find_ink(image, polarity)
    candidates, classified = _classify_candidates(ink, networks.classifier, clock)
    with clock.stage("segmentation"):
        chosen = choose(candidates, classified.likeliest, classified.reject)
    boxes, models = candidates.boxes[chosen], classified.models[chosen]
    digits, reject = classified.digits[chosen], classified.reject[chosen]
    with clock.stage("refusal"):
        odds = writing_odds(ink, boxes, candidates.blobs[chosen], digits, reject)
        digits, reject = in_company(boxes, digits, reject, odds)
        refusals = refuse(candidates, chosen, reject, odds)
    frame_boxes = ink.to_frame(boxes)

    def grouped() -> list[Number]:
        kept = np.flatnonzero([not refusal for refusal in refusals])
        with clock.stage("rows"):
            return group(frame_boxes[kept], digits[kept], confidence, kept, models[kept])

    numbers = grouped()
    with clock.stage("refusal"):
        late = refuse_in_context(_blobs(numbers), boxes, digits, odds)
    if late:
        refusals = [late.get(blob, refusal) for blob, refusal in enumerate(refusals)]
        numbers = grouped()
    with clock.stage("refusal"):
        held = hold_places(_blobs(numbers), boxes, candidates.contrast[chosen], refusals)
    if held:
        refusals = [None if blob in held else refusal for blob, refusal in enumerate(refusals)]
        numbers = grouped()
    with clock.stage("lines"):
        kept = np.flatnonzero([not refusal for refusal in refusals])
        found = Crops(frame_boxes[kept], digits[kept], kept, models[kept], classified.learned[chosen][kept])
        where = {int(blob): k for k, blob in enumerate(kept)}
        rows: dict[int, list[int]] = {}
        for number in numbers:
            rows.setdefault(number.row, []).extend(where[digit.blob] for digit in number.digits)
        numbers, lines = read_lines(
            image, [rows[row] for row in sorted(rows)], found, networks.rows, confidence, polarity, expectation
        )
    size, latency = (image.shape[1], image.shape[0]), 1000 * (perf_counter() - start)
    cut = classified.crops[chosen]
    return Page(ink, frame_boxes, cut, digits, reject, refusals, numbers, lines, size, confidence, polarity, latency)


def _blobs(numbers: list[Number]) -> list[tuple[list[int], int]]:
    """Return the blobs of each number, and its row."""
    return [([digit.blob for digit in number.digits], number.row) for number in numbers]


def _classify_candidates(
    ink: Ink, classifier: Classifier | Ensemble, clock: StageClock
) -> tuple[Candidates, _Classified]:
    """Classify all blobs of a frame in one batch, and then in another what may read better than they do."""
    with clock.stage("candidates"):
        whole = propose(ink)
    first = _classify(whole, classifier, clock)
    with clock.stage("candidates"):
        candidates = propose_more(ink, whole, first.likeliest, first.reject)
    more = _classify(candidates, classifier, clock, start=len(whole.atoms))
    return candidates, first.join(more)


def _classify(
    candidates: Candidates, classifier: Classifier | Ensemble, clock: StageClock, start: int = 0
) -> _Classified:
    """Classify in one batch the candidates, from the one at `start` on, that are not refused."""
    live = np.flatnonzero([not refusal for refusal in candidates.refusals[start:]])
    count = len(candidates.refusals) - start
    batch = np.zeros((count, 1, crops.SIDE, crops.SIDE), np.uint8)
    with clock.stage("crops"):
        batch[live] = crops.stack([candidates.patches[start + i] for i in live])
    digits, reject = np.zeros((count, 10), np.float32), np.ones(count, np.float32)
    models, learned = np.full(count, "", "U10"), np.zeros(count, bool)
    if len(live):
        with clock.stage("network"):
            probabilities, models[live], learned[live] = classifier.classify(batch[live])
        digits[live], reject[live] = probabilities[:, :10], 0
        if NOT_A_DIGIT in classifier.classes:
            reject[live] = probabilities[:, classifier.classes.index(NOT_A_DIGIT)]
    return _Classified(batch, digits, reject, models, learned)


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
