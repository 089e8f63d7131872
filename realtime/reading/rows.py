"""Join boxes into lines of writing, however the writer let them slant or drift."""

import numpy as np
from numpy.typing import NDArray

# Set by hand on photos of numbers and on made-up boxes (tests/reading/test_rows.py).
MAX_SLOPE = 50.0  # degrees; writing steeper than this is read as separate lines
SLOPE_REACH = 5.0  # neighbours farther away than this, heights of the taller one, tell nothing of the slope
# By how much pages fall, degrees, and which share of them anyhow. The next digit on the right of one, nearer than NEAR
# heights or farther, stands on its line in these shares of cases, then in its direction but for so many degrees, else
# anywhere. Measured on 407 drawn pages of all layouts.
PAGES, ANY_PAGE = 6.0, 0.05
NEAR, NEAR_SHARE, FAR_SHARE, DEVIATION = 1.6, 0.93, 0.5, 6.0
_SLOPES = np.arange(-MAX_SLOPE, MAX_SLOPE + 1)
MAX_DIGIT_GAP = 4.0  # a wider gap between neighbours parts what is looked at as one piece, heights of the taller one
MAX_DRIFT = 0.5  # how far the next digit may stand above or below the line, heights of the taller one
# What a gap parts may lie off the line farther: by a share of the gap, as a degree of slope makes, to so many heights.
ASLANT, FARTHEST = 0.02, 0.8
MIN_HEIGHT_RATIO = 0.35  # neighbours of one number are at least this alike in height
MIN_HEIGHT = 0.4  # least height that a box counts with, widths: so that a dash has one
NEIGHBOURS = 8  # boxes looked at for the next digit of a line, the nearest: bounds the time


def arrange(boxes: NDArray[np.int32]) -> list[list[int]]:
    """Arrange boxes (N, 4) x, y, w, h as lines from the top, each a list of indices from the left."""
    if not len(boxes):
        return []
    centres, heights = _centres(boxes)
    along, across = _rotate(centres, slope(boxes))
    widths = boxes[:, 2].astype(np.float64)
    chains = _chain(along, across, widths, heights)
    return [[i for k in line for i in chains[k]] for line in _lines(chains, along, across, heights)]


def _centres(boxes: NDArray[np.int32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the centres (N, 2) of boxes (N, 4), and how high each counts, (N,)."""
    heights = np.maximum(boxes[:, 3], MIN_HEIGHT * boxes[:, 2]).astype(np.float64)
    return boxes[:, :2] + boxes[:, 2:] / 2, heights


def _rotate(centres: NDArray[np.float64], angle: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the coordinates along and across lines that fall by `angle` radians, (N,) each."""
    cos, sin = np.cos(angle), np.sin(angle)
    return centres[:, 0] * cos + centres[:, 1] * sin, centres[:, 1] * cos - centres[:, 0] * sin


def slope(boxes: NDArray[np.int32]) -> float:
    """Return the likeliest angle, radians, by which the lines of boxes (N, 4) fall, from the ways to neighbours on the
    right.

    A few neighbours aslant tell little beside what pages usually are, many tell it surely.
    """
    centres, heights = _centres(boxes)
    right, down = (centres[None, :, axis] - centres[:, None, axis] for axis in (0, 1))
    ahead = np.abs(down) < np.tan(np.radians(MAX_SLOPE)) * right
    box, other = np.nonzero(ahead & (right < SLOPE_REACH * np.maximum(heights[:, None], heights[None])))
    right, down = right[box, other], down[box, other]
    # A neighbour straight ahead is preferred to a nearer one aslant, which may belong to the next line.
    order = np.argsort(-np.hypot(right, down) * (1 + np.abs(down) / right), kind="stable")
    nearest = np.full(len(centres), -1)
    nearest[box[order]] = order  # the nearest is written last
    nearest = nearest[nearest >= 0]
    angle = np.degrees(np.arctan2(down[nearest], right[nearest]))
    away = np.hypot(right[nearest], down[nearest]) / np.maximum(heights[box[nearest]], heights[other[nearest]])
    share = np.where(away < NEAR, NEAR_SHARE, FAR_SHARE)[:, None]
    spread = 1 / (2 * MAX_SLOPE)
    told = np.log((1 - ANY_PAGE) * _normal(_SLOPES, PAGES) + ANY_PAGE * spread)
    told += np.log(share * _normal(angle[:, None] - _SLOPES, DEVIATION) + (1 - share) * spread).sum(axis=0)
    return float(np.radians(_SLOPES[int(told.argmax())]))


def _normal(x: NDArray[np.float64], deviation: float) -> NDArray[np.float64]:
    return np.asarray(np.exp(-0.5 * (x / deviation) ** 2) / (deviation * np.sqrt(2 * np.pi)))


def _chain(
    along: NDArray[np.float64], across: NDArray[np.float64], widths: NDArray[np.float64], heights: NDArray[np.float64]
) -> list[list[int]]:
    """Link each box to the next on its line, nearest pairs first; return the chains of indices."""
    count = len(along)
    step, drift = along[None] - along[:, None], np.abs(across[None] - across[:, None])
    taller = np.maximum(heights[:, None], heights[None])
    alike = np.minimum(heights[:, None], heights[None]) / taller > MIN_HEIGHT_RATIO
    gap = step - (widths[:, None] + widths[None]) / 2
    allowed = (step > 0) & (gap < MAX_DIGIT_GAP * taller) & (drift < MAX_DRIFT * taller) & alike
    cost = np.where(allowed, step + 2 * drift, np.inf)
    most = min(NEIGHBOURS, count)
    candidates = np.argpartition(cost, most - 1, axis=1)[:, :most]
    box, place = np.nonzero(np.isfinite(np.take_along_axis(cost, candidates, axis=1)))
    other = candidates[box, place]
    following, preceded = [-1] * count, [False] * count
    order = np.lexsort((other, box, cost[box, other]))
    for i, j in zip(box[order].tolist(), other[order].tolist(), strict=True):
        if following[i] < 0 and not preceded[j]:
            following[i], preceded[j] = j, True
    chains = []
    for start in (i for i in range(count) if not preceded[i]):
        chain = [start]
        while following[chain[-1]] >= 0:
            chain.append(following[chain[-1]])
        chains.append(chain)
    return chains


def _lines(
    chains: list[list[int]], along: NDArray[np.float64], across: NDArray[np.float64], heights: NDArray[np.float64]
) -> list[list[int]]:
    """Gather the indices of chains that share a line, though a gap parts them; from the top, and from the left."""
    levels = [float(across[chain].mean()) for chain in chains]
    starts, stops = ([float(end(along[chain])) for chain in chains] for end in (np.min, np.max))
    tallest = [float(heights[chain].max()) for chain in chains]
    lines: list[list[int]] = []

    def away(k: int, line: list[int]) -> float:
        """Return how far a chain lies off the nearest one of a line, as a share of what is allowed there."""
        if abs(levels[k] - levels[line[-1]]) > 3 * tallest[k] + tallest[line[-1]]:
            return np.inf
        gaps = [max(starts[k] - stops[other], starts[other] - stops[k]) for other in line]
        if min(gaps) <= 0:
            return np.inf
        other = line[int(np.argmin(gaps))]
        height = max(tallest[k], tallest[other])
        return abs(levels[k] - levels[other]) / min(MAX_DRIFT * height + ASLANT * min(gaps), FARTHEST * height)

    for k in sorted(range(len(chains)), key=levels.__getitem__):
        shares = [away(k, line) for line in lines]
        if min(shares, default=np.inf) < 1:
            lines[int(np.argmin(shares))].append(k)
        else:
            lines.append([k])
    lines.sort(key=lambda line: sum(levels[k] for k in line) / len(line))
    return [sorted(line, key=starts.__getitem__) for line in lines]
