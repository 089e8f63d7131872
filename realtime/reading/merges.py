"""Find the pairs of blobs that may be one digit that broke in two, as the roof and the body of a 5."""

import numpy as np
from numpy.typing import NDArray

from realtime.reading.ink import Ink

# Set by hand on photos of numbers and drawn scenes. The unit "heights" is the height of both parts together.
MAX_PART_GAP = 0.3  # parts of one digit lie no farther apart, heights
MAX_LOWER_PART = 0.8  # the lower of the parts is lower than this, heights: else they are two digits side by side
MAX_MERGED_WIDTH = 1.1  # both together are no wider than this, heights
MIN_PART = 0.12  # parts whose longest side is shorter, heights, are specks
TOUCHING_GAP = 0.1  # parts nearer than this, heights, are merged at one of the three lower prices below
STAGGERED = 0.9  # touching parts both lower than this, heights, stand askew, as the two strokes of a 4 do
STACKED_OVERLAP = 0.5  # touching parts that share more than this of the narrower one's width are one above the other
MAX_MERGES = 2  # pairs a blob, above which the picture is texture and none is worth a look
# What a merge must read better than its parts do, nats; below 0 it may read worse. In turn: any merge, one of parts
# from which a ruled line was taken, one of parts that stand askew, and one of parts one above the other.
MERGE_COST, RULED_COST, STAGGERED_COST, STACKED_COST = 0.5, -0.2, -0.5, -1.5


def find_merges(ink: Ink) -> list[tuple[tuple[int, ...], float]]:
    """List the pairs of neighbouring blobs that together have the shape of one digit, with the price of each."""
    usable = np.flatnonzero(~ink.ruled)
    if len(usable) < 2:
        return []
    a, b = _neighbours(ink.boxes[usable])
    start = ink.boxes[usable, :2].astype(np.float64)
    size = ink.boxes[usable, 2:].astype(np.float64)
    stop = start + size
    whole = np.maximum(stop[a], stop[b]) - np.minimum(start[a], start[b])
    apart = np.maximum(start[a], start[b]) - np.minimum(stop[a], stop[b])
    gap = np.maximum(apart, 0).max(axis=1)
    lower = np.minimum(size[a, 1], size[b, 1])
    fits = (gap < MAX_PART_GAP * whole[:, 1]) & (lower < MAX_LOWER_PART * whole[:, 1])
    fits &= whole[:, 0] < MAX_MERGED_WIDTH * whole[:, 1]
    longest = size.max(axis=1)
    fits &= np.minimum(longest[a], longest[b]) > MIN_PART * whole[:, 1]
    fits &= ink.light[usable[a]] == ink.light[usable[b]]
    if np.count_nonzero(fits) > MAX_MERGES * len(usable):
        return []
    a, b, whole, apart, gap = a[fits], b[fits], whole[fits], apart[fits], gap[fits]
    touching = gap < TOUCHING_GAP * whole[:, 1]
    price = np.full(len(a), MERGE_COST)
    price[touching & (ink.origin[usable[a]] == ink.origin[usable[b]])] = RULED_COST
    price[touching & (np.maximum(size[a, 1], size[b, 1]) < STAGGERED * whole[:, 1])] = STAGGERED_COST
    # Nobody writes two digits one upon the other: ink that nearly meets there is one digit's.
    price[touching & (-apart[:, 0] > STACKED_OVERLAP * np.minimum(size[a, 0], size[b, 0]))] = STACKED_COST
    pairs = np.stack([usable[a], usable[b]], axis=1).tolist()
    return [(tuple(pair), nats) for pair, nats in zip(pairs, price.tolist(), strict=True)]


def _neighbours(boxes: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the pairs a < b of boxes, (K,) each in order, that begin near enough to be one digit's, and some more.

    A digit of two parts is at most 2 / (1 - MAX_PART_GAP) times as high as the higher one, and MAX_MERGED_WIDTH times
    that wide.
    """
    left, height = boxes[:, 0], boxes[:, 3]
    order = np.argsort(left, kind="stable")
    reach = MAX_MERGED_WIDTH * 2 / (1 - MAX_PART_GAP) * height
    first, last = (np.searchsorted(left[order], edge) for edge in (left - reach, left + reach))
    count = last - first
    one = np.repeat(np.arange(len(boxes)), count)
    other = order[np.arange(count.sum()) - np.repeat(np.cumsum(count) - count - first, count)]
    # Each pair once, found from its higher box; of equals, from the one named first.
    higher = (height[one] > height[other]) | ((height[one] == height[other]) & (one < other))
    a, b = np.minimum(one, other)[higher], np.maximum(one, other)[higher]
    ordered = np.lexsort((b, a))
    return a[ordered], b[ordered]
