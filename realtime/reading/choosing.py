"""Choose each digit from one look of several, and tell rings from zeros and specks from digits."""

import numpy as np
from numpy.typing import NDArray

from realtime.reading.finder import OUTPUT
from realtime.reading.looks import Look

SUITED = (24.0, 110.0)  # pixels, heights at which digits are found best
SAME = 0.3  # share of the smaller of two cores that both have in common where they are one digit
WITHIN = 0.8  # share of a box of ink from which on it lies within another
SHARED = 0.5  # share of its ink that is the other's too where it is a piece of that
RING = 0.25  # sides of a ring, by which what it rings lies off its middle, and is high, at most and at least
# Heights of the tallest digit that is surely there, below which nothing beside it is a digit: of 230 that were found so
# small on 1,100 drawn pages 4 % were digits, and none of the 36 that seemed surest.
SPECK = 0.18
SURELY = 0.9  # probability from which on a digit is surely there

Owners = list[tuple[NDArray[np.int32], NDArray[np.int32]]]


def choose(taken: list[Look], owners: Owners, threshold: float) -> list[NDArray[np.intp]]:
    """Choose each digit from the look that suits its size best; return for each look the indices of its digits.

    owners: of each look which digit owns each pixel of its maps, and the boxes (N, 4) of their ink. What one look takes
    for a digit and another for a piece of one is one digit. But where a finer look sees several digits in one that is
    SUITED there, each of a score of `threshold` at least, these are chosen: of 40 such on drawn pages, whose one looked
    surer, 33 were several and 7 one.
    """
    origin = np.repeat(np.arange(len(taken)), [len(look.boxes) for look in taken])
    place = np.concatenate([np.arange(len(look.boxes)) for look in taken])
    fit = np.concatenate([look.scores * _suits(look.heights) for look in taken])
    other = origin[:, None] != origin  # within a look no core lies on another
    same = other & (_common(np.concatenate([look.to_frame(look.boxes) for look in taken])) >= SAME)
    inks = np.concatenate([look.to_frame(boxes) for look, (_, boxes) in zip(taken, owners, strict=True)])
    areas = inks[:, 2:].prod(axis=1)
    nested = other & ~same & (areas[:, None] < areas) & (_common(inks) >= WITHIN)
    for small, large in np.argwhere(nested).tolist():
        ways = [(taken[origin[k]], *owners[origin[k]], int(place[k])) for k in (small, large)]
        same[small, large] = same[large, small] = _shared(*ways) >= SHARED
    scales, scores = np.array([look.scale for look in taken])[origin], np.concatenate([look.scores for look in taken])
    heights = np.concatenate([look.heights for look in taken])
    finer = (scales[:, None] < scales) & (heights[:, None] * scales / scales[:, None] <= SUITED[1])
    several = (same & finer & (scores >= threshold)).sum(axis=1) > 1
    fit[several] = 0
    kept = np.zeros(len(fit), bool)
    for k in np.argsort(-fit, kind="stable").tolist():
        kept[k] = not (same[k] & kept).any()
    return [np.flatnonzero(kept[origin == k]) for k in range(len(taken))]


def ringed(boxes: NDArray[np.int32], digits: NDArray[np.float32], sure: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how sure (N,) digits are if a 0 about another digit is a ring: boxes (N, 4), digits (N, 10), sure (N,)."""
    if len(boxes) < 2:
        return sure
    middles, sizes = boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 2:].astype(np.float64)
    near = (np.abs(middles[:, None] - middles) <= RING * sizes).all(axis=2)
    smaller = (sizes[:, None, 1] >= RING * sizes[:, 1]) & (sizes[:, None] < sizes).all(axis=2)
    inside = near & smaller & (_common(boxes.astype(np.float64)) >= WITHIN) & (digits.argmax(axis=1) == 0)
    return (sure * (1 - np.where(inside, sure[:, None], 0).max(axis=0))).astype(np.float32)


def specks(boxes: NDArray[np.int32], sure: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell what is too small beside the tallest digit of its frame to be one: boxes (N, 4), sure (N,)."""
    tallest = boxes[sure >= SURELY, 3].max(initial=0)
    small: NDArray[np.bool_] = boxes[:, 2:].max(axis=1) < SPECK * tallest
    return small


def _shared(
    small: tuple[Look, NDArray[np.int32], NDArray[np.int32], int],
    large: tuple[Look, NDArray[np.int32], NDArray[np.int32], int],
) -> float:
    """Return the share of the ink of a digit of one look that another digit owns in its own look."""
    look, owner, boxes, digit = small
    x, y, w, h = boxes[digit].tolist()
    v, u = np.nonzero(owner[y : y + h, x : x + w] == digit + 1)
    if not len(v):
        return 0.0
    place = np.column_stack([u + x + 0.5, v + y + 0.5]) * (OUTPUT / look.scale) + look.origin
    look, owner, _, digit = large
    at = ((place - look.origin) * (look.scale / OUTPUT)).astype(int)
    at = np.clip(at, 0, np.array(owner.shape[::-1]) - 1)
    return float((owner[at[:, 1], at[:, 0]] == digit + 1).mean())


def _suits(heights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how well digits of these heights, pixels of their look, are found: 1 in SUITED, less beyond."""
    low, high = SUITED
    return np.sqrt(np.minimum(np.minimum(1.0, heights / low), high / np.maximum(heights, 1.0)))


def _common(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the smaller of two boxes that both have in common, (N, N) of boxes (N, 4)."""
    low, high = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    both = np.maximum(np.minimum(high[:, None], high) - np.maximum(low[:, None], low), 0).prod(axis=2)
    area = boxes[:, 2:].prod(axis=1)
    return both / np.maximum(np.minimum(area[:, None], area), 1e-6)
