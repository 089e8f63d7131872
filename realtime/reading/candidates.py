"""Propose what may be one digit: each blob, the pieces of a wide blob, and blobs that may be parts of one digit.

Over-segmentation and search, as in handwritten cheque reading (LeCun et al., 1998, section V): the blobs of a frame are
read in one batch, the pieces and merges that may read better in another, and `realtime.reading.segmentation` keeps the
best reading.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.ink import Box, Ink, enclose
from realtime.reading.merges import MAX_MERGED_WIDTH, find_merges
from realtime.reading.reasons import Reason, Refusal
from realtime.reading.splits import split_blob

# Set by hand on photos of numbers and drawn scenes.
MIN_DIGIT_SIDE = 9  # ink whose longest side is shorter, pixels, shows too little to be told from a speck
MAX_DIGIT_STROKE = 0.5  # ink whose strokes are wider than this share of its longest side is a spot, no digit
MAX_DIGIT_ASPECT = 2.5  # ink wider than this many times its height is a line or a dash, no digit
SPLIT_ASPECT = 0.8  # a blob wider than this many times its height may be several digits that touch
# Two parts are no digit, but digits of two rows, where at least MIN_ROWS_DIGITS digits of a probability above SURE are
# as high as the higher part, within the factor SAME_HEIGHT, and more than MAX_RARITY times as many as are as high as
# both together. Found on a page of ten close rows.
SURE, MIN_ROWS_DIGITS, SAME_HEIGHT, MAX_RARITY = 0.9, 5, 1.3, 3
# Pieces of ink in a group that is searched for its best reading: bounds the time, as only texture has more.
MAX_ATOMS = 12
# What a candidate must read better than the blobs it is made of, nats: for a split, for a ruled line taken for a stroke
# of a digit, for such a line no longer than the digit is high, and for a line's stretch taken for the foot of a digit.
SPLIT_COST, LINE_COST, BAR_COST, FOOT_COST = 1.0, 0.2, -1.0, 0.0
FOOT = 0.65  # the foot of a digit lies below this share of its height
# How far a foot may reach to the left and right of a digit and below it, and least share of the digit's width that it
# spans. The first three in heights of the digit.
FOOT_LEFT, FOOT_RIGHT, FOOT_BELOW, MIN_FOOT = 0.15, 0.35, 0.1, 0.4
REJECT_COST = 1.0  # what calling ink no digit costs, nats: reading it as a digit is preferred where both are as likely
# Probabilities below these count as these in the search: of the likeliest digit, and of the reject class.
MIN_DIGIT, MIN_REJECT = 1e-6, 0.02
NO_INK = np.zeros((0, 0), np.uint8)


@dataclass(frozen=True)
class Candidates:
    """M candidates for digits.

    patches: the ink of each, (h, w) uint8, empty where it is refused. boxes: (M, 4) int32, pixels of the mask. blobs:
    (M,) the blob that each is of, the last where several are merged. price: (M,) float64, nats by which a candidate
    must read better than simpler ones. merged: (M,) bool, several blobs taken for one digit. contrast: (M,) float32,
    that of the deepest of its blobs. atoms: the pieces of ink that each covers; candidates that share an atom exclude
    each other. refusals: why a candidate need not be read, None for those that the network is to judge.
    """

    patches: list[NDArray[np.uint8]]
    boxes: NDArray[np.int32]
    blobs: NDArray[np.intp]
    price: NDArray[np.float64]
    merged: NDArray[np.bool_]
    contrast: NDArray[np.float32]
    atoms: list[tuple[int, ...]]
    refusals: list[Refusal | None]


class _Proposal(NamedTuple):
    """One row of Candidates."""

    patch: NDArray[np.uint8]
    box: Box
    blob: int
    price: float
    merged: bool
    atoms: tuple[int, ...]
    refusal: Refusal | None


def propose(ink: Ink) -> Candidates:
    """Propose each of the N blobs of a frame whole."""
    refusals = [
        Refusal(Reason.RULED_LINE) if ruled else _refuse_shape(box, stroke)
        for box, stroke, ruled in zip(ink.boxes.tolist(), ink.stroke.tolist(), ink.ruled.tolist(), strict=True)
    ]
    patches = [NO_INK if why else _patch(ink, (i,), ink.boxes[i].tolist()) for i, why in enumerate(refusals)]
    blobs = np.arange(len(refusals))
    price = np.where(ink.ruled, -REJECT_COST, 0.0)  # lines are free to leave out
    merged = np.zeros(len(blobs), bool)
    atoms: list[tuple[int, ...]] = [(i,) for i in blobs.tolist()]
    return Candidates(patches, ink.boxes, blobs, price, merged, ink.contrast, atoms, refusals)


def propose_more(ink: Ink, whole: Candidates, digit: NDArray[np.floating], reject: NDArray[np.floating]) -> Candidates:
    """Return the N blobs whole, and after them the pieces of wide ones and merges of several.

    digit, reject: (N,) probabilities that a blob is its likeliest digit, and that it is none. A candidate costs its
    price at least: where the blobs as they are cost less, it would not be chosen and is left out.
    """
    as_digit, as_reject = np.log(np.maximum(digit, MIN_DIGIT)), np.log(np.maximum(reject, MIN_REJECT)) - REJECT_COST
    cost: list[float] = (whole.price - np.maximum(as_digit, as_reject)).tolist()
    barred = _find_barred(ink)
    found, pieces = _split(ink, cost, {i for group, _ in barred for i in group})

    def is_worth(group: tuple[int, ...], price: float) -> bool:  # neither split already, nor better apart
        return not any(i in pieces for i in group) and sum(cost[i] for i in group) > price

    def merge(group: tuple[int, ...], price: float, box: Box, patch: NDArray[np.uint8] | None = None) -> None:
        why = _refuse_shape(box)
        patch = NO_INK if why else _patch(ink, group, box) if patch is None else patch
        found.append(_Proposal(patch, box, group[-1], price, True, group, why))

    heights = np.sort(ink.boxes[(digit > SURE) & ~ink.ruled, 3])
    pairs = [
        pair for pair in find_merges(ink) if is_worth(*pair) and not _of_two_rows(ink.boxes[list(pair[0])], heights)
    ]
    for group, price in pairs + [line for line in barred if is_worth(*line)]:
        merge(group, price, enclose(ink.boxes[list(group)].tolist()))
    for patch, box, group in _find_footed(ink):
        if is_worth(group, FOOT_COST):
            merge(group, FOOT_COST, box, patch)
    if not found:
        return whole
    deepest = [ink.contrast[[p.blob, *(p.atoms if p.merged else ())]].max() for p in found]
    return Candidates(
        [*whole.patches, *(p.patch for p in found)],
        np.concatenate([whole.boxes, np.array([p.box for p in found], np.int32)]),
        np.concatenate([whole.blobs, [p.blob for p in found]]),
        np.concatenate([whole.price, [p.price for p in found]]),
        np.concatenate([whole.merged, [p.merged for p in found]]),
        np.concatenate([whole.contrast, np.array(deepest, np.float32)]),
        [pieces.get(i, (i,)) for i in range(len(whole.atoms))] + [p.atoms for p in found],
        [*whole.refusals, *(p.refusal for p in found)],
    )


def _of_two_rows(parts: NDArray[np.int32], heights: NDArray[np.int32]) -> bool:
    """Tell whether most of a page's digits are as high as the higher of parts (P, 4), few as high as all together.

    heights: (K,) those of its sure digits, sorted.
    """
    part, whole = parts[:, 3].max(), enclose(parts.tolist())[3]
    low, high, tall = np.searchsorted(heights, [part / SAME_HEIGHT, part * SAME_HEIGHT, whole / SAME_HEIGHT])
    return bool(high - low >= MIN_ROWS_DIGITS and high - low > MAX_RARITY * (len(heights) - tall))


def _split(ink: Ink, cost: list[float], barred: set[int]) -> tuple[list[_Proposal], dict[int, tuple[int, ...]]]:
    """Propose the pieces of wide blobs, and runs of them; return also the atoms of each blob that was split.

    cost: (N,) nats of each blob whole. barred: ink that may be one digit with a line for a bar.
    """
    found: list[_Proposal] = []
    names: dict[int, tuple[int, ...]] = {}
    width, height = ink.boxes[:, 2], ink.boxes[:, 3]
    wide = (width > SPLIT_ASPECT * height) & (height >= MIN_DIGIT_SIDE)
    wide &= (ink.stroke <= MAX_DIGIT_STROKE * height) & ~ink.ruled & (np.array(cost) >= SPLIT_COST)
    next_atom = len(cost)
    for i in np.flatnonzero(wide).tolist():
        x, y, w, h = ink.boxes[i].tolist()
        pieces = [] if i in barred else split_blob(_patch(ink, (i,), (x, y, w, h)))
        if len(pieces) < 2:
            continue
        names[i] = tuple(range(next_atom, next_atom + len(pieces)))
        next_atom += len(pieces)
        for start, stop in combinations(range(len(pieces) + 1), 2):
            if stop - start == len(pieces):
                continue  # that is the blob whole
            run = np.max(pieces[start:stop], axis=0)
            left, top, wide, high = cv2.boundingRect(run)
            box = x + left, y + top, wide, high
            why = _refuse_shape(box, float(ink.stroke[i]))
            patch = NO_INK if why else run[top : top + high, left : left + wide]
            price = SPLIT_COST / 2 * ((start > 0) + (stop < len(pieces)))
            found.append(_Proposal(patch, box, i, price, False, names[i][start:stop], why))
    return found, names


def _refuse_shape(box: Box, stroke: float = 0.0) -> Refusal | None:
    """Refuse ink that cannot be a digit by its box and the width of its strokes alone; None where it can."""
    _, _, w, h = box
    if max(w, h) < MIN_DIGIT_SIDE:
        return Refusal(Reason.TINY, f"{max(w, h)} px")
    if w > MAX_DIGIT_ASPECT * h:
        return Refusal(Reason.FLAT)
    return Refusal(Reason.SOLID) if stroke > MAX_DIGIT_STROKE * max(w, h) else None


def _patch(ink: Ink, blobs: tuple[int, ...], box: Box) -> NDArray[np.uint8]:
    """Cut the ink of some blobs alone out of the mask."""
    x, y, w, h = box
    view = ink.labels[y : y + h, x : x + w]
    own = view == blobs[0] + 1
    for blob in blobs[1:]:
        own |= view == blob + 1
    return np.where(own, ink.mask[y : y + h, x : x + w], 0).astype(np.uint8)


def _find_barred(ink: Ink) -> list[tuple[tuple[int, ...], float]]:
    """List each line that may be a stroke of a digit, as the bar of a 7, with all that stood on it, and the price."""
    groups = []
    for line in np.flatnonzero(ink.ruled & (ink.boxes[:, 2] <= MAX_DIGIT_ASPECT * ink.boxes[:, 3])).tolist():
        group = (line, *np.flatnonzero((ink.origin == line) & ~ink.ruled).tolist())
        # Ruling is longer than the writing on it is high.
        price = BAR_COST if ink.boxes[line, 2] <= MAX_MERGED_WIDTH * ink.boxes[line, 3] else LINE_COST
        if 1 < len(group) < MAX_ATOMS:
            groups.append((group, price))
    return groups


def _find_footed(ink: Ink) -> list[tuple[NDArray[np.uint8], Box, tuple[int, ...]]]:
    """List each blob that stands on a line with the line at its foot, which may be a stroke, as the foot of a 2.

    What else stands on that stretch of the line, as the end of the foot may, comes with it: the last of the blobs named
    is the one that stands there.
    """
    height, width = ink.mask.shape
    start, stop = ink.boxes[:, :2], ink.boxes[:, :2] + ink.boxes[:, 2:]
    footed = []
    standing = ~ink.ruled & (ink.origin != np.arange(len(ink.boxes)))
    for part in np.flatnonzero(standing).tolist():
        x, y, w, h = ink.boxes[part].tolist()
        left, right = max(0, x - round(FOOT_LEFT * h)), min(width, x + w + round(FOOT_RIGHT * h))
        bottom = min(height, y + h + round(FOOT_BELOW * h))
        inside = ((start >= (left, y + FOOT * h)) & (stop <= (right, bottom))).all(axis=1)
        ends = np.flatnonzero(inside & (ink.origin == ink.origin[part]) & ~ink.ruled).tolist()
        labels = ink.labels[y:bottom, left:right]
        own = np.isin(labels, [part + 1, *(end + 1 for end in ends)])
        foot = labels == ink.origin[part] + 1
        foot[: round(FOOT * h)] = False
        if np.count_nonzero(foot.any(axis=0)) > MIN_FOOT * w:
            patch = np.where(own | foot, ink.mask[y:bottom, left:right], 0).astype(np.uint8)
            footed.append((patch, (left, y, right - left, bottom - y), (*ends, part)))
    return footed
