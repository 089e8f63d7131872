"""Find the pairs of blobs that may be one digit that broke in two, as the roof and the body of a 5."""

import numpy as np
from numpy.typing import NDArray

from realtime.reading.ink import Ink

REACH = 0.3  # parts of one digit lie no farther apart than this, heights of the whole
PART = 0.8  # at least one of two parts is lower than this share of the whole
SLIM = 1.1  # the whole is no wider than this many times its height
SPECK = 0.12  # smaller parts, shares of the whole's height, are none
NEAR = 0.1  # parts this near, one above the other, are taken for one digit where that reads at all
STAGGERED = 0.9  # neighbours both lower than this share of the whole stand askew, as the two strokes of a 4 do
ASKEW_COST, PARTED_COST = -0.5, -0.2  # nats: a join of parts that stand askew, and of what a line was taken from
JOIN_COST, STACKED_COST = 0.5, -1.5  # nats: a join, and a join of parts one above the other


def find_pairs(ink: Ink) -> list[tuple[tuple[int, ...], float]]:
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
    fits = (gap < REACH * whole[:, 1]) & (lower < PART * whole[:, 1]) & (whole[:, 0] < SLIM * whole[:, 1])
    # A speck beside a digit is no part of it worth a look.
    longest = size.max(axis=1)
    fits &= np.minimum(longest[a], longest[b]) > SPECK * whole[:, 1]
    fits &= ink.light[usable[a]] == ink.light[usable[b]]
    if np.count_nonzero(fits) > 2 * len(usable):
        return []  # texture
    a, b, whole, apart, gap = a[fits], b[fits], whole[fits], apart[fits], gap[fits]
    near = gap < NEAR * whole[:, 1]
    price = np.full(len(a), JOIN_COST)
    price[near & (ink.origin[usable[a]] == ink.origin[usable[b]])] = PARTED_COST
    price[near & (np.maximum(size[a, 1], size[b, 1]) < STAGGERED * whole[:, 1])] = ASKEW_COST
    # Nobody writes two digits one upon the other: ink that nearly meets there is one digit's.
    price[near & (-apart[:, 0] > 0.5 * np.minimum(size[a, 0], size[b, 0]))] = STACKED_COST
    pairs = np.stack([usable[a], usable[b]], axis=1).tolist()
    return [(tuple(pair), nats) for pair, nats in zip(pairs, price.tolist(), strict=True)]


def _neighbours(boxes: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the pairs a < b of boxes, (K,) each in order, that begin near enough to be one digit's, and some more.

    A digit of two parts is 2 / (1 - REACH) times as high as the higher one at most, and SLIM times that wide.
    """
    left, height = boxes[:, 0], boxes[:, 3]
    order = np.argsort(left, kind="stable")
    reach = SLIM * 2 / (1 - REACH) * height
    first, last = (np.searchsorted(left[order], edge) for edge in (left - reach, left + reach))
    count = last - first
    one = np.repeat(np.arange(len(boxes)), count)
    other = order[np.arange(count.sum()) - np.repeat(np.cumsum(count) - count - first, count)]
    # Each pair once, found from its higher box; of equals, from the one named first.
    higher = (height[one] > height[other]) | ((height[one] == height[other]) & (one < other))
    a, b = np.minimum(one, other)[higher], np.maximum(one, other)[higher]
    ordered = np.lexsort((b, a))
    return a[ordered], b[ordered]
