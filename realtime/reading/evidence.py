"""What speaks against a blob being a digit: the network, its company, its strokes, and what lies around it."""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.candidates import Candidates
from realtime.reading.ink import Ink

# Between two digits surer than SURE, no farther off than ABREAST heights, rising no more steeply than STEEP and turning
# by no more than this cosine, the odds for one more digit are BETWEEN times those of a blob anywhere.
SURE, ABREAST, STEEP, STRAIGHT, BETWEEN = 0.9, 2.5, 1.2, 0.8, 20
REJECT = 0.5  # a blob is no digit above this probability of the class 'not a digit'
INSIDE, DOUBTFUL = 0.7, 0.2  # nor where this share of its box lies inside another digit, one less likely to be none
TALL = 1.2  # nor is a 1 that is this many times as high as the highest other digit of its line
SMALL, FAINT = 0.3, 0.3  # nor below these shares of the writing's usual size and contrast
CLEAR, RING = 2, 6  # the ring around a blob that should be paper, pixels away from its ink
SLENDER = 0.25  # a 1 at the picture's edge, narrower than this share of the picture, is the edge of a thing
CUT_OFF = 0.6  # a blob at the picture's edge is cut off, unless it is higher than this share of the picture
# Log odds that a blob is writing, fitted by logistic regression to what is read in photos of numbers and of single
# digits against what is read in clips of rooms and streets.
ODDS, CUT_ODDS, JUNK_ODDS, CROWDED_ODDS, UNEVEN_ODDS = 1.9, -2.2, -0.4, -5.3, -2.5
# Set by hand on the same pictures. A 1 with a flag or a foot is longer than BARE times its box's diagonal; one bare
# stroke says less: it has paper on both sides, is no wider than LEAN of its height, and ends within the picture.
BARE, BARE_ODDS, FLAGGED_ODDS = 1.3, -3.0, -1.2
CROWDED_BARE_ODDS, CROWD, LEANING_ODDS, LEAN, BESIDE_ODDS = -12.0, 0.15, -5.0, 0.8, -4.0
PIECE_ODDS, PIECE = -1.5, 0.9  # what was cut out of a blob, of at most this share of its width
COMPANY_ODDS, SURE_ODDS, ALIKE = 1.5, 4.0, 1.6  # beside a number whose odds are that, of like height
# What holds a place is so high, least and most, and so broad, in heights of the digits beside it; it reaches so far
# into them, stands so far from them, off their line by so much, and is of so much of their contrast.
HELD, BROAD, OVERLAP, ASIDE, LEVEL, LIKE = (0.8, 1.3), 0.45, 0.3, 0.6, 0.3, 0.6
NOT_A_DIGIT = "not a digit"
LEAST_ODDS = 0.5  # of all digits of a number together
FEWEST_ODDS = -1.5  # of each of them


def in_company(
    boxes: NDArray[np.int32], digits: NDArray[np.float32], junk: NDArray[np.float32], odds: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return digits (N, 10) and junk (N,) again, by Bayes' rule, as what stands between two digits mostly is one.

    boxes: (N, 4). odds: (N,) by `writing_odds`. The neighbours are sure digits, likely writing, of like height to the
    left and right, in one direction.
    """
    centres, heights = boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 3].astype(np.float64)
    sure = np.flatnonzero((digits.max(axis=1, initial=0) > SURE) & (odds > 0))
    digits, junk = digits.copy(), junk.copy()
    for i in np.flatnonzero((junk > 0.05) & (junk < 1)):
        step = centres[sure] - centres[i]
        distance = np.hypot(step[:, 0], step[:, 1])
        alike = (heights[sure] < 2 * heights[i]) & (heights[i] < 2 * heights[sure])
        near = alike & (distance < ABREAST * heights[i]) & (np.abs(step[:, 1]) < STEEP * np.abs(step[:, 0]))
        left, right = (np.where(near & side, distance, np.inf) for side in (step[:, 0] < 0, step[:, 0] > 0))
        if not (np.isfinite(left).any() and np.isfinite(right).any()):
            continue
        a, b = step[left.argmin()], step[right.argmin()]
        if -(a @ b) > STRAIGHT * np.linalg.norm(a) * np.linalg.norm(b):
            total = BETWEEN * digits[i].sum() + junk[i]
            digits[i] *= BETWEEN / total
            junk[i] /= total
    return digits, junk


def refuse(
    candidates: Candidates, chosen: list[int], junk: NDArray[np.float32], odds: NDArray[np.float64]
) -> list[str]:
    """Say why each of the N chosen candidates is no digit, an empty text for those that may be one.

    junk: (N,) the network's probability of no digit. odds: (N,) log odds by `writing_odds`.
    """
    boxes, contrast = candidates.boxes[chosen], candidates.contrast[chosen]
    reasons = [
        candidates.reasons[i] or (f"{NOT_A_DIGIT} ({no:.2f})" if no > REJECT else "")
        for i, no in zip(chosen, junk, strict=True)
    ]
    kept = np.flatnonzero([not reason for reason in reasons])
    sizes, depths = boxes[kept, 2:].max(axis=1), contrast[kept]
    # What the writing is like: its size and contrast where most ink is, as far as that is writing.
    weight = sizes / (1 + np.exp(-odds[kept])) * np.where(odds[kept] < FEWEST_ODDS, 1e-3, 1)
    usual_size, usual_contrast = _weighted_median(sizes, weight), _weighted_median(depths, weight)
    for i, size, depth in zip(kept, sizes, depths, strict=True):
        if size < SMALL * usual_size:
            reasons[i] = f"small beside its neighbours ({size} of {usual_size:.0f} px)"
        elif depth < FAINT * usual_contrast:
            reasons[i] = f"faint beside its neighbours ({depth:.0f} of {usual_contrast:.0f} grey levels)"
    left = [i for i in kept if not reasons[i]]
    for i in _inside(boxes, left, [i for i in left if odds[i] >= FEWEST_ODDS and junk[i] < DOUBTFUL]):
        reasons[i] = "inside a digit"
    return reasons


def refuse_in_context(
    numbers: list[tuple[list[int], int]],
    boxes: NDArray[np.int32],
    digits: NDArray[np.float32],
    odds: NDArray[np.float64],
) -> dict[int, str]:
    """Say which blobs are no digits, and why, given the numbers they would be part of.

    numbers: the blobs of each and its row. boxes: (N, 4), digits: (N, 10), odds: (N,) of all blobs.
    """
    reasons: dict[int, str] = {}
    sizes = [float(np.median(boxes[blobs, 3])) for blobs, _ in numbers]
    sums = [odds[blobs].sum() for blobs, _ in numbers]
    for i, (blobs, row) in enumerate(numbers):
        # Writing comes with writing of its size.
        others = [k for k, size in enumerate(sizes) if k != i and max(size, sizes[i]) < ALIKE * min(size, sizes[i])]
        here = odds[blobs] + COMPANY_ODDS * any(sums[k] > SURE_ODDS for k in others)
        likely = here >= FEWEST_ODDS
        unlikely = ~likely if here[likely].sum() >= LEAST_ODDS else np.ones(len(blobs), bool)
        for blob, value in zip(np.array(blobs)[unlikely].tolist(), here[unlikely], strict=True):
            reasons[blob] = f"unlike writing (log odds {value:.1f})"
        line = [blob for others, same in numbers if same == row for blob in others]
        broad = [int(boxes[blob, 3]) for blob in line if digits[blob].argmax() != 1]
        for blob in blobs:
            if digits[blob].argmax() == 1 and len(broad) > 1 and boxes[blob, 3] > TALL * max(broad):
                reasons[blob] = "taller than the digits beside it: a bracket or a slash"
    return reasons


def hold_places(
    numbers: list[tuple[list[int], int]], boxes: NDArray[np.int32], contrast: NDArray[np.float32], reasons: list[str]
) -> list[int]:
    """Return which of N refused blobs must hold a place as an unsure digit: no number may silently lack one.

    numbers: the blobs of each and its row. boxes: (N, 4). contrast: (N,). Held is what the network alone refused, as
    digits that touch, where it has a digit's height, and a digit of like size and contrast close by on either side.
    """
    height, contrast = boxes[:, 3].astype(np.float64), contrast.astype(np.float64)
    start, stop = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    middle = (start + stop) / 2
    held = [i for i, reason in enumerate(reasons) if reason.startswith(NOT_A_DIGIT)]
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
                if HELD[0] * tall < height[i] < HELD[1] * tall
                and boxes[i, 2] > BROAD * tall
                and -OVERLAP * tall < start[i, 0] - stop[a, 0] < ASIDE * tall
                and -OVERLAP * tall < start[b, 0] - stop[i, 0] < ASIDE * tall
                and abs(middle[i, 1] - (middle[a, 1] + middle[b, 1]) / 2) < LEVEL * tall
                and contrast[i] > LIKE * min(contrast[a], contrast[b])
            ]
    return found


def _inside(boxes: NDArray[np.int32], kept: list[int], around: list[int]) -> list[int]:
    """Return those `kept` of some boxes, x, y, w, h, that lie mostly inside a larger one `around`: its loose ends."""
    start, stop = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    shared = np.minimum(stop[kept, None], stop[around]) - np.maximum(start[kept, None], start[around])
    area = boxes[:, 2:].prod(axis=1).astype(np.float64)
    share = np.maximum(shared, 0).prod(axis=2) / area[kept, None]
    within = (share > INSIDE) & (area[kept, None] < 0.5 * area[around])
    return [kept[i] for i in np.flatnonzero(within.any(axis=1))]


def _weighted_median(values: NDArray[np.generic], weight: NDArray[np.float64]) -> float:
    """Return the value below which half of the weight lies, 0 for no values."""
    if not len(values):
        return 0.0
    order = np.argsort(values)
    held = np.cumsum(weight[order])
    return float(values[order[int(np.searchsorted(held, held[-1] / 2))]])


def writing_odds(
    ink: Ink,
    boxes: NDArray[np.int32],
    blobs: NDArray[np.intp],
    digits: NDArray[np.float32],
    junk: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Return the log odds (N,) that each of N boxes (N, 4), mask pixels, is writing rather than part of a thing.

    A bare stroke says least: edges, cables and folds look like a 1.
    """
    height, width = ink.mask.shape
    start, stop = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    aside = (start <= 1).any(axis=1) | (stop >= np.array([width, height]) - 1).any(axis=1)
    cut = aside & (boxes[:, 2:].max(axis=1, initial=0) < CUT_OFF * min(height, width))
    no = np.clip(junk, 1e-3, 1 - 1e-3).astype(np.float64)
    one = digits.argmax(axis=1) == 1 if len(digits) else np.zeros(0, bool)
    bare = _bare(ink)[blobs]
    # A bar that reaches a side of the picture is the edge of a thing, unless the picture is cut to it.
    edge = one & aside & (boxes[:, 2] < SLENDER * width)
    crowded, uneven = crowding(ink)[blobs], unevenness(ink)[blobs]
    odds = ODDS + CUT_ODDS * cut + JUNK_ODDS * np.log(no / (1 - no)) + CROWDED_ODDS * crowded + UNEVEN_ODDS * uneven
    leaning = np.maximum(boxes[:, 2] / np.maximum(boxes[:, 3], 1) - LEAN, 0)
    odds += bare * CROWDED_BARE_ODDS * np.minimum(crowded, CROWD)
    odds += one * np.where(bare, BARE_ODDS + LEANING_ODDS * leaning, FLAGGED_ODDS)
    return odds + BESIDE_ODDS * edge + PIECE_ODDS * (boxes[:, 2] < PIECE * ink.boxes[blobs, 2])


def _bare(ink: Ink) -> NDArray[np.bool_]:
    """Tell which blobs, (N,) bool, are one bare stroke: hardly longer than from corner to corner of their box."""
    area = np.bincount(ink.labels.ravel().take(ink.where), minlength=len(ink.boxes) + 1)[1:]
    return area < BARE * ink.stroke * np.hypot(ink.boxes[:, 2], ink.boxes[:, 3])


def unevenness(ink: Ink) -> NDArray[np.float32]:
    """Return for each blob, (N,), the deviation of its strokes' width over their mean.

    A pen draws strokes of one width, an edge or a shadow does not (Epshtein et al., 2010, stroke width transform).
    """
    count = len(ink.boxes) + 1
    distance = cv2.distanceTransform((ink.labels > 0).view(np.uint8), cv2.DIST_L2, 3)
    owner, width = ink.labels.ravel().take(ink.where), distance.ravel().take(ink.where)
    ridge = width >= cv2.dilate(distance, np.ones((3, 3), np.uint8)).ravel().take(ink.where)
    owner, width = owner[ridge], width[ridge].astype(np.float64)
    total = np.maximum(np.bincount(owner, minlength=count)[1:], 1)
    mean = np.bincount(owner, width, count)[1:] / total
    square = np.bincount(owner, width * width, count)[1:] / total
    return (np.sqrt(np.maximum(square - mean**2, 0)) / np.maximum(mean, 0.5)).astype(np.float32)


def crowding(ink: Ink) -> NDArray[np.float32]:
    """Return for each blob, (N,), the share of a ring around it that departs from the paper.

    Writing stands on paper; what furniture and clothes leave in the mask stands beside other things.
    """
    count = len(ink.boxes) + 1
    labels = ink.labels.astype(np.uint16)
    near, far = (cv2.dilate(labels, np.ones((side, side), np.uint8)) for side in (2 * CLEAR + 1, 2 * RING + 1))
    ring = np.flatnonzero(near != far)
    owner = far.ravel().take(ring)
    departs = ink.depth.ravel().take(ring) > (0.3 * np.append(0, ink.contrast)).take(owner)
    # Ruled lines are part of the paper, with the soft edge that the mask leaves out; so is what else stands on them.
    paper = np.append(False, ink.ruled | ink.ruled[ink.origin])
    if paper.any():
        ruled = cv2.dilate(paper[ink.labels].view(np.uint8), np.ones((5, 1), np.uint8))
        departs &= ruled.ravel().take(ring) == 0
    pixels = np.bincount(owner, minlength=count)[1:]
    return (np.bincount(owner, departs, count)[1:] / np.maximum(pixels, 1)).astype(np.float32)
