"""Refuse what is no digit: by the network, by its size and contrast beside the writing, and by its company."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from realtime.reading.candidates import SURE, Candidates
from realtime.reading.reasons import Reason, Refusal

# Set by hand on photos of numbers and single digits, clips of rooms and streets, and drawn scenes.
# Between two digits of a probability above SURE, no farther off than MAX_DISTANCE heights, rising no more steeply than
# MAX_RISE and turning by no more than the cosine MIN_STRAIGHT, the odds for one more digit are BETWEEN times those of a
# blob anywhere. This is asked of blobs whose probability of being none is above MIN_DOUBT.
MAX_DISTANCE, MAX_RISE, MIN_STRAIGHT, BETWEEN, MIN_DOUBT = 2.5, 1.2, 0.8, 20, 0.05
MAX_REJECT = 0.5  # a blob is no digit above this probability of the reject class
# A blob is no digit where more than the share MAX_INSIDE of its box lies inside a digit of at least MIN_AROUND times
# its area, which is likely writing and has a probability of the reject class below MAX_AROUND_REJECT.
MAX_INSIDE, MIN_AROUND, MAX_AROUND_REJECT = 0.7, 2.0, 0.2
MAX_HEIGHT = 1.2  # a 1 more than this many times as high as the highest other digit of its line is a bracket or slash
MIN_SIZE, MIN_CONTRAST = 0.3, 0.3  # shares of the writing's usual size and contrast below which a blob is no digit
# Log odds of writing below which a digit is refused: its own, and the sum over all likely digits of its number.
MIN_ODDS, MIN_SUM_ODDS = -1.5, 0.5
# Log odds that a number gains where another one has more than SURE_ODDS and digits as high within the factor
# COMPANY_HEIGHT: writing comes with writing.
COMPANY_ODDS, SURE_ODDS, COMPANY_HEIGHT = 1.5, 4.0, 1.6
# A blob that the network alone refused holds a place between two digits of a line, in heights of these: it is so high,
# least and most, so broad, reaches so far into them, stands so far from them, and so far off their line; and its
# contrast is at least the share HELD_CONTRAST of theirs.
HELD_HEIGHTS, HELD_WIDTH, HELD_OVERLAP, HELD_GAP, HELD_RISE, HELD_CONTRAST = (0.8, 1.3), 0.45, 0.3, 0.6, 0.3, 0.6


def in_company(
    boxes: NDArray[np.int32], digits: NDArray[np.float32], reject: NDArray[np.float32], odds: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return digits (N, 10) and reject (N,) anew, by Bayes' rule, as what stands between two digits mostly is one.

    boxes: (N, 4). odds: (N,) by `writing_odds`. The neighbours are sure digits, likely writing, of like height to the
    left and right, in one direction.
    """
    centres, heights = boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 3].astype(np.float64)
    sure = np.flatnonzero((digits.max(axis=1, initial=0) > SURE) & (odds > 0))
    digits, reject = digits.copy(), reject.copy()
    for i in np.flatnonzero((reject > MIN_DOUBT) & (reject < 1)):
        step = centres[sure] - centres[i]
        distance = np.hypot(step[:, 0], step[:, 1])
        alike = (heights[sure] < 2 * heights[i]) & (heights[i] < 2 * heights[sure])
        near = alike & (distance < MAX_DISTANCE * heights[i]) & (np.abs(step[:, 1]) < MAX_RISE * np.abs(step[:, 0]))
        left, right = (np.where(near & side, distance, np.inf) for side in (step[:, 0] < 0, step[:, 0] > 0))
        if not (np.isfinite(left).any() and np.isfinite(right).any()):
            continue
        a, b = step[left.argmin()], step[right.argmin()]
        if -(a @ b) > MIN_STRAIGHT * np.linalg.norm(a) * np.linalg.norm(b):
            total = BETWEEN * digits[i].sum() + reject[i]
            digits[i] *= BETWEEN / total
            reject[i] /= total
    return digits, reject


def refuse(
    candidates: Candidates, chosen: list[int], reject: NDArray[np.float32], odds: NDArray[np.float64]
) -> list[Refusal | None]:
    """Say why each of the N chosen candidates is no digit, None for those that may be one.

    reject: (N,) the network's probability of no digit. odds: (N,) log odds by `writing_odds`.
    """
    boxes, contrast = candidates.boxes[chosen], candidates.contrast[chosen]
    refusals = [
        candidates.refusals[i] or (Refusal(Reason.NETWORK, f"{no:.2f}") if no > MAX_REJECT else None)
        for i, no in zip(chosen, reject, strict=True)
    ]
    kept = np.flatnonzero([not refusal for refusal in refusals])
    sizes, depths = boxes[kept, 2:].max(axis=1), contrast[kept]
    # What the writing is like: its size and contrast where most ink is, as far as that is writing.
    weight = sizes / (1 + np.exp(-odds[kept])) * np.where(odds[kept] < MIN_ODDS, 1e-3, 1)
    usual_size, usual_contrast = _weighted_median(sizes, weight), _weighted_median(depths, weight)
    for i, size, depth in zip(kept.tolist(), sizes, depths, strict=True):
        if size < MIN_SIZE * usual_size:
            refusals[i] = Refusal(Reason.SMALL, f"{size} of {usual_size:.0f} px")
        elif depth < MIN_CONTRAST * usual_contrast:
            refusals[i] = Refusal(Reason.FAINT, f"{depth:.0f} of {usual_contrast:.0f} grey levels")
    left = [i for i in kept.tolist() if not refusals[i]]
    for i in _inside(boxes, left, [i for i in left if odds[i] >= MIN_ODDS and reject[i] < MAX_AROUND_REJECT]):
        refusals[i] = Refusal(Reason.INSIDE)
    return refusals


def refuse_in_context(
    numbers: list[tuple[list[int], int]],
    boxes: NDArray[np.int32],
    digits: NDArray[np.float32],
    odds: NDArray[np.float64],
) -> dict[int, Refusal]:
    """Say which blobs are no digits, and why, given the numbers they would be part of.

    numbers: the blobs of each and its row. boxes: (N, 4), digits: (N, 10), odds: (N,) of all blobs.
    """
    refusals: dict[int, Refusal] = {}
    sizes = [float(np.median(boxes[blobs, 3])) for blobs, _ in numbers]
    sums = [odds[blobs].sum() for blobs, _ in numbers]
    for i, (blobs, row) in enumerate(numbers):
        others = [
            k for k, size in enumerate(sizes) if k != i and max(size, sizes[i]) < COMPANY_HEIGHT * min(size, sizes[i])
        ]
        here = odds[blobs] + COMPANY_ODDS * any(sums[k] > SURE_ODDS for k in others)
        likely = here >= MIN_ODDS
        unlikely = ~likely if here[likely].sum() >= MIN_SUM_ODDS else np.ones(len(blobs), bool)
        for blob, value in zip(np.array(blobs)[unlikely].tolist(), here[unlikely], strict=True):
            refusals[blob] = Refusal(Reason.UNLIKE_WRITING, f"log odds {value:.1f}")
        line = [blob for others, same in numbers if same == row for blob in others]
        broad = [int(boxes[blob, 3]) for blob in line if digits[blob].argmax() != 1]
        for blob in blobs:
            if digits[blob].argmax() == 1 and len(broad) > 1 and boxes[blob, 3] > MAX_HEIGHT * max(broad):
                refusals[blob] = Refusal(Reason.TALL)
    return refusals


def hold_places(
    numbers: list[tuple[list[int], int]],
    boxes: NDArray[np.int32],
    contrast: NDArray[np.float32],
    refusals: list[Refusal | None],
) -> list[int]:
    """Return which of N refused blobs must hold a place as an unsure digit: no number may silently lack one.

    numbers: the blobs of each and its row. boxes: (N, 4). contrast: (N,). Held is what the network alone refused, as
    digits that touch, where it has a digit's height, and a digit of like size and contrast close by on either side.
    """
    height, contrast = boxes[:, 3].astype(np.float64), contrast.astype(np.float64)
    start, stop = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    middle = (start + stop) / 2
    held = [i for i, refusal in enumerate(refusals) if refusal and refusal.reason is Reason.NETWORK]
    rows: dict[int, list[int]] = {}
    for blobs, row in numbers:
        rows.setdefault(row, []).extend(blobs)
    found = []
    for line in rows.values():
        line.sort(key=lambda blob: middle[blob, 0])
        for a, b in pairwise(line):
            tall = (height[a] + height[b]) / 2
            found += [
                i
                for i in held
                if HELD_HEIGHTS[0] * tall < height[i] < HELD_HEIGHTS[1] * tall
                and boxes[i, 2] > HELD_WIDTH * tall
                and -HELD_OVERLAP * tall < start[i, 0] - stop[a, 0] < HELD_GAP * tall
                and -HELD_OVERLAP * tall < start[b, 0] - stop[i, 0] < HELD_GAP * tall
                and abs(middle[i, 1] - (middle[a, 1] + middle[b, 1]) / 2) < HELD_RISE * tall
                and contrast[i] > HELD_CONTRAST * min(contrast[a], contrast[b])
            ]
    return found


def _inside(boxes: NDArray[np.int32], kept: list[int], around: list[int]) -> list[int]:
    """Return those `kept` of some boxes, x, y, w, h, that lie mostly inside a larger one `around`: its loose ends."""
    start, stop = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    shared = np.minimum(stop[kept, None], stop[around]) - np.maximum(start[kept, None], start[around])
    area = boxes[:, 2:].prod(axis=1).astype(np.float64)
    share = np.maximum(shared, 0).prod(axis=2) / area[kept, None]
    within = (share > MAX_INSIDE) & (MIN_AROUND * area[kept, None] < area[around])
    return [kept[i] for i in np.flatnonzero(within.any(axis=1))]


def _weighted_median(values: NDArray[np.generic], weight: NDArray[np.float64]) -> float:
    """Return the value below which half of the weight lies, 0 for no values."""
    if not len(values):
        return 0.0
    order = np.argsort(values)
    held = np.cumsum(weight[order])
    return float(values[order[int(np.searchsorted(held, held[-1] / 2))]])
