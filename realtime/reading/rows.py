"""Join boxes into lines of writing, and lines into numbers, however the writer let them slant or drift."""

from statistics import median

import numpy as np
from numpy.typing import NDArray

# Set by hand on photos of numbers and on made-up boxes (tests/reading/test_rows.py).
MAX_SLOPE = 50.0  # degrees; writing steeper than this is read as separate lines
MAX_LONE_SLOPE = 25.0  # degrees; a steeper slope is not believed where only one or two neighbours tell it
SLOPE_REACH = 3.0  # neighbours farther away than this, heights of the taller one, tell nothing of the slope
MAX_DIGIT_GAP = 4.0  # a wider gap between neighbours always parts them, heights of the taller one
MAX_DRIFT = 0.5  # how far the next digit may stand above or below the line, heights of the taller one
MIN_HEIGHT_RATIO = 0.35  # neighbours of one number are at least this alike in height
MIN_HEIGHT = 0.4  # least height that a box counts with, widths: so that a dash has one
PART_GAP, PART_TIMES = 1.2, 2.2  # a gap parts numbers above PART_GAP heights and PART_TIMES the usual gap of its line
NEIGHBOURS = 8  # boxes looked at for the next digit of a line, the nearest: bounds the time


def arrange(boxes: NDArray[np.int32]) -> list[list[list[int]]]:
    """Arrange boxes (N, 4) x, y, w, h as lines from the top, each a list of numbers from the left, each of indices."""
    if not len(boxes):
        return []
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    heights = np.maximum(boxes[:, 3], MIN_HEIGHT * boxes[:, 2]).astype(np.float64)
    along, across = _rotate(centres, _slope(centres, heights))
    widths = boxes[:, 2].astype(np.float64)
    chains = _chain(along, across, widths, heights)
    gaps = [_gaps(chain, along, widths, heights) for chain in chains]
    usual = median([gap for some in gaps for gap in some] or [0.0])
    lines = _lines(chains, along, across, heights)
    return [[number for k in line for number in _part(chains[k], gaps[k], usual)] for line in lines]


def _rotate(centres: NDArray[np.float64], angle: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the coordinates along and across lines that fall by `angle` radians, (N,) each."""
    cos, sin = np.cos(angle), np.sin(angle)
    return centres[:, 0] * cos + centres[:, 1] * sin, centres[:, 1] * cos - centres[:, 0] * sin


def _slope(centres: NDArray[np.float64], heights: NDArray[np.float64]) -> float:
    """Estimate by which angle, radians, the lines fall: the median direction to the nearest neighbour on the right."""
    right, down = (centres[None, :, axis] - centres[:, None, axis] for axis in (0, 1))
    reach = SLOPE_REACH * np.maximum(heights[:, None], heights[None])
    ahead = np.abs(down) < np.tan(np.radians(MAX_SLOPE)) * right
    box, other = np.nonzero(ahead & (right * right + down * down < reach * reach))
    if not len(box):
        return 0.0
    right, down = right[box, other], down[box, other]
    angle = np.arctan2(down, right)
    # A neighbour straight ahead is preferred to a nearer one aslant, which may belong to the next line.
    cost = np.hypot(right, down) * (1 + np.abs(angle))
    order = np.argsort(-cost, kind="stable")  # the nearest is written last
    nearest = np.full(len(centres), np.nan)
    nearest[box[order]] = angle[order]
    angles = nearest[~np.isnan(nearest)].tolist()
    middle = median(angles)
    return middle if len(angles) > 2 or abs(middle) < np.radians(MAX_LONE_SLOPE) else 0.0


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
    for k in sorted(range(len(chains)), key=levels.__getitem__):
        for line in reversed(lines):
            level = sum(levels[other] for other in line) / len(line)
            height = max(tallest[k], max(tallest[other] for other in line))
            apart = all(starts[k] > stops[other] or stops[k] < starts[other] for other in line)
            if apart and abs(levels[k] - level) < MAX_DRIFT * height:
                line.append(k)
                break
        else:
            lines.append([k])
    return [sorted(line, key=starts.__getitem__) for line in lines]


def _gaps(
    chain: list[int], along: NDArray[np.float64], widths: NDArray[np.float64], heights: NDArray[np.float64]
) -> list[float]:
    """Return the gaps between neighbours of a chain, in heights of its median digit."""
    if len(chain) < 2:
        return []
    gaps = np.diff(along[chain]) - (widths[chain[1:]] + widths[chain[:-1]]) / 2
    return (gaps / median(heights[chain].tolist())).tolist()


def _part(chain: list[int], gaps: list[float], usual: float) -> list[list[int]]:
    """Part a chain into numbers where a gap is wide, for its height and beside the other gaps."""
    widest = max(PART_GAP, PART_TIMES * (median(gaps) if len(gaps) > 2 else usual))
    parts = [[chain[0]]]
    for index, gap in zip(chain[1:], gaps, strict=True):
        if gap > widest:
            parts.append([])
        parts[-1].append(index)
    return parts
