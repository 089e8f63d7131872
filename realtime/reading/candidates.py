"""Propose what may be one digit: each blob, the pieces of a wide blob, and blobs that may be parts of one digit.

Over-segmentation and search, as in handwritten cheque reading (LeCun et al., 1998, section V): the blobs of a frame are
read in one batch, the pieces and joins that may read better in another, and `realtime.reading.covering` keeps the best
reading.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.broken_digits import SLIM, find_pairs
from realtime.reading.cuts import cut_pieces
from realtime.reading.ink import Box, Ink, enclose

LEAST_SIDE = 9  # pixels; what is smaller shows too little to be told from a speck
SOLID = 0.5  # a blob whose strokes are wider than this share of its longest side is none
FLAT = 2.5  # nor is one wider than this many times its height
WIDE = 0.8  # a blob wider than this many times its height may be several digits that touch
# Two parts are no digit, but digits of two rows, where at least PAGE digits surer than SURE are as high as the higher
# part, by a factor of ALIKE, and more than SELDOM times as many as are as high as both together.
SURE, PAGE, ALIKE, SELDOM = 0.9, 5, 1.3, 3
MOST_ATOMS = 12  # that are searched for the best cover; texture makes larger knots, and is not worth it
CUT_COST = 1.0  # nats: a cut
LINE_COST, BAR_COST, FOOT_COST = 0.2, -1.0, 0.0  # nats: a line read as a stroke, a long one, a short one, and a foot
FOOT = 0.65  # a digit's foot is below this share of its height
JUNK_COST = 1.0  # nats: ink called no digit
JUNK_FLOOR = 0.02  # least probability of 'not a digit' in the search
NO_INK = np.zeros((0, 0), np.uint8)


@dataclass(frozen=True)
class Candidates:
    """M proposals for digits.

    patches: the ink of each, (h, w) uint8, empty where there is a reason. boxes: (M, 4) int32, pixels of the mask.
    blobs: (M,) the blob that each is of, the last where several are joined. price: (M,) float64, nats that a proposal
    must read better than simpler ones. joined: (M,) bool, several blobs taken for one digit. contrast: (M,) float32,
    that of the deepest of its blobs. atoms: the pieces of ink that each covers; proposals that share an atom exclude
    each other. reasons: why a proposal need not be read, empty for those that the network is to judge.
    """

    patches: list[NDArray[np.uint8]]
    boxes: NDArray[np.int32]
    blobs: NDArray[np.intp]
    price: NDArray[np.float64]
    joined: NDArray[np.bool_]
    contrast: NDArray[np.float32]
    atoms: list[tuple[int, ...]]
    reasons: list[str]


class _Proposal(NamedTuple):
    """One row of Candidates."""

    patch: NDArray[np.uint8]
    box: Box
    blob: int
    price: float
    joined: bool
    atoms: tuple[int, ...]
    reason: str = ""


def propose(ink: Ink) -> Candidates:
    """Propose each of the N blobs of a frame whole."""
    reasons = [
        "ruled line" if ruled else _shape_reason(box, stroke)
        for box, stroke, ruled in zip(ink.boxes.tolist(), ink.stroke.tolist(), ink.ruled.tolist(), strict=True)
    ]
    patches = [NO_INK if why else _patch(ink, (i,), ink.boxes[i].tolist()) for i, why in enumerate(reasons)]
    blobs = np.arange(len(reasons))
    price = np.where(ink.ruled, -JUNK_COST, 0.0)  # lines are free to leave out
    joined, atoms = np.zeros(len(blobs), bool), [(i,) for i in blobs.tolist()]
    return Candidates(patches, ink.boxes, blobs, price, joined, ink.contrast, atoms, reasons)


def propose_more(ink: Ink, whole: Candidates, digit: NDArray[np.float64], junk: NDArray[np.float64]) -> Candidates:
    """Return the N blobs whole, and after them the pieces of wide ones and joins of several.

    digit, junk: (N,) probabilities that a blob is its likeliest digit, and that it is none. A proposal costs its price
    at least: where the blobs as they are cost less, it would not be chosen and is left out.
    """
    cost = whole.price - np.maximum(np.log(np.maximum(digit, 1e-6)), np.log(np.maximum(junk, JUNK_FLOOR)) - JUNK_COST)
    cost = cost.tolist()
    unruled = _unruled(ink)
    found, names = _cut(ink, cost, {i for group, _ in unruled for i in group})

    def worth(group: tuple[int, ...], price: float) -> bool:  # neither cut already, nor better apart
        return not any(i in names for i in group) and sum(cost[i] for i in group) > price

    def join(group: tuple[int, ...], price: float, box: Box, patch: NDArray[np.uint8] | None = None) -> None:
        why = _shape_reason(box)
        patch = NO_INK if why else _patch(ink, group, box) if patch is None else patch
        found.append(_Proposal(patch, box, group[-1], price, True, group, why))

    heights = np.sort(ink.boxes[(digit > SURE) & ~ink.ruled, 3])
    groups = [pair for pair in find_pairs(ink) if worth(*pair) and not _outgrow(ink.boxes[list(pair[0])], heights)]
    for group, price in groups + [line for line in unruled if worth(*line)]:
        join(group, price, enclose(ink.boxes[list(group)].tolist()))
    for patch, box, group in _footed(ink):
        if worth(group, FOOT_COST):
            join(group, FOOT_COST, box, patch)
    if not found:
        return whole
    patches, boxes, blobs, price, joined, atoms, reasons = zip(*found, strict=True)
    deepest = [ink.contrast[[p.blob, *(p.atoms if p.joined else ())]].max() for p in found]
    return Candidates(
        [*whole.patches, *patches],
        np.concatenate([whole.boxes, np.array(boxes, np.int32)]),
        np.concatenate([whole.blobs, blobs]),
        np.concatenate([whole.price, price]),
        np.concatenate([whole.joined, joined]),
        np.concatenate([whole.contrast, np.array(deepest, np.float32)]),
        [names.get(i, (i,)) for i in range(len(whole.atoms))] + list(atoms),
        [*whole.reasons, *reasons],
    )


def _outgrow(parts: NDArray[np.int32], heights: NDArray[np.int32]) -> bool:
    """Tell whether a page's digits are as high as the higher of parts (P, 4) and hardly any is as high as all together.

    heights: (K,) those of its sure digits, sorted.
    """
    part, whole = parts[:, 3].max(), enclose(parts.tolist())[3]
    low, high, tall = np.searchsorted(heights, [part / ALIKE, part * ALIKE, whole / ALIKE])
    return high - low >= PAGE and high - low > SELDOM * (len(heights) - tall)


def _cut(ink: Ink, cost: list[float], barred: set[int]) -> tuple[list[_Proposal], dict[int, tuple[int, ...]]]:
    """Propose the pieces of wide blobs, and runs of them; return also the atoms of each blob that was cut.

    cost: (N,) nats of each blob whole. barred: ink that may be one digit with a line for a bar.
    """
    found: list[_Proposal] = []
    names: dict[int, tuple[int, ...]] = {}
    width, height = ink.boxes[:, 2], ink.boxes[:, 3]
    wide = (width > WIDE * height) & (height >= LEAST_SIDE) & (ink.stroke <= SOLID * height) & ~ink.ruled
    next_atom = len(cost)
    for i in np.flatnonzero(wide & (np.array(cost) >= CUT_COST)).tolist():
        x, y, w, h = ink.boxes[i].tolist()
        pieces = [] if i in barred else cut_pieces(_patch(ink, (i,), (x, y, w, h)))
        if len(pieces) < 2:
            continue
        names[i] = tuple(range(next_atom, next_atom + len(pieces)))
        next_atom += len(pieces)
        for start, stop in combinations(range(len(pieces) + 1), 2):
            if stop - start == len(pieces):
                continue  # that is the blob whole
            run = np.max(pieces[start:stop], axis=0)
            left, top, width, height = cv2.boundingRect(run)
            box = x + left, y + top, width, height
            why = _shape_reason(box, float(ink.stroke[i]))
            patch = NO_INK if why else run[top : top + height, left : left + width]
            price = CUT_COST / 2 * ((start > 0) + (stop < len(pieces)))
            found.append(_Proposal(patch, box, i, price, False, names[i][start:stop], why))
    return found, names


def _shape_reason(box: Box, stroke: float = 0.0) -> str:
    """Say why ink cannot be a digit by its box and the width of its strokes alone, or nothing where it can."""
    _, _, w, h = box
    if max(w, h) < LEAST_SIDE:
        return f"tiny ({max(w, h)} px)"
    if w > FLAT * h:
        return "flat: a line or a dash"
    if stroke > SOLID * max(w, h):
        return "solid: no stroke"
    return ""


def _patch(ink: Ink, blobs: tuple[int, ...], box: Box) -> NDArray[np.uint8]:
    """Cut the ink of some blobs alone out of the mask."""
    x, y, w, h = box
    view = ink.labels[y : y + h, x : x + w]
    own = view == blobs[0] + 1
    for blob in blobs[1:]:
        own |= view == blob + 1
    return np.where(own, ink.mask[y : y + h, x : x + w], 0).astype(np.uint8)


def _unruled(ink: Ink) -> list[tuple[tuple[int, ...], float]]:
    """List each line that may be a stroke of a digit, as the bar of a 7, with all that stood on it, and the price."""
    groups = []
    for line in np.flatnonzero(ink.ruled & (ink.boxes[:, 2] <= FLAT * ink.boxes[:, 3])).tolist():
        group = (line, *np.flatnonzero((ink.origin == line) & ~ink.ruled).tolist())
        # Ruling is longer than the writing on it is high.
        price = BAR_COST if ink.boxes[line, 2] <= SLIM * ink.boxes[line, 3] else LINE_COST
        if 1 < len(group) < MOST_ATOMS:
            groups.append((group, price))
    return groups


def _footed(ink: Ink) -> list[tuple[NDArray[np.uint8], Box, tuple[int, ...]]]:
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
        left, right = max(0, x - round(0.15 * h)), min(width, x + w + round(0.35 * h))
        bottom = min(height, y + h + round(0.1 * h))
        inside = ((start >= (left, y + FOOT * h)) & (stop <= (right, bottom))).all(axis=1)
        ends = np.flatnonzero(inside & (ink.origin == ink.origin[part]) & ~ink.ruled).tolist()
        labels = ink.labels[y:bottom, left:right]
        own = np.isin(labels, [part + 1, *(end + 1 for end in ends)])
        foot = labels == ink.origin[part] + 1
        foot[: round(FOOT * h)] = False
        if np.count_nonzero(foot.any(axis=0)) > 0.4 * w:
            patch = np.where(own | foot, ink.mask[y:bottom, left:right], 0).astype(np.uint8)
            footed.append((patch, (left, y, right - left, bottom - y), (*ends, part)))
    return footed
