"""Join boxes into lines of writing, and lines into numbers, however the writer let them slant or drift."""

import numpy as np
from numpy.typing import NDArray

FARTHEST = 4.0  # a wider gap between neighbours always parts them, heights of the taller one
STEP = 0.5  # how far the next digit may stand above or below the line, heights
SIZE_RATIO = 0.35  # neighbours of one number are at least this alike in height
WIDE, TIMES = 1.2, 2.2  # a gap parts numbers above WIDE heights and TIMES the usual gap of its line
STEEPEST = 50.0  # degrees; writing steeper than this is read as separate lines
NEIGHBOURS = 8  # how many candidates for the next digit are looked at


def arrange(boxes: NDArray[np.int32]) -> list[list[list[int]]]:
    """Arrange boxes (N, 4) x, y, w, h as lines from the top, each a list of numbers from the left, each of indices."""
    if not len(boxes):
        return []
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    heights = np.maximum(boxes[:, 3], 0.4 * boxes[:, 2]).astype(np.float64)
    along, across = _rotate(centres, _slope(centres, heights))
    chains = _chain(along, across, boxes[:, 2].astype(np.float64), heights)
    lines = _lines(chains, along, across, heights)
    usual = np.median([gap for chain in chains for gap in _gaps(chain, along, boxes, heights)] or [0.0])
    return [[number for chain in line for number in _part(chain, along, boxes, heights, usual)] for line in lines]


def _rotate(centres: NDArray[np.float64], angle: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the coordinates along and across lines that fall by `angle` radians, (N,) each."""
    cos, sin = np.cos(angle), np.sin(angle)
    return centres[:, 0] * cos + centres[:, 1] * sin, centres[:, 1] * cos - centres[:, 0] * sin


def _slope(centres: NDArray[np.float64], heights: NDArray[np.float64]) -> float:
    """Estimate by which angle, radians, the lines fall: the median direction to the nearest neighbour on the right."""
    step = centres[None] - centres[:, None]
    distance = np.hypot(step[..., 0], step[..., 1])
    angle = np.arctan2(step[..., 1], step[..., 0])
    reach = 3 * np.maximum(heights[:, None], heights[None])
    allowed = (np.abs(angle) < np.radians(STEEPEST)) & (distance > 0) & (distance < reach)
    # A neighbour straight ahead is preferred to a nearer one aslant, which may belong to the next line.
    cost = np.where(allowed, distance * (1 + np.abs(angle)), np.inf)
    nearest = cost.argmin(axis=1)
    rows = np.flatnonzero(np.isfinite(cost.min(axis=1)))
    if not len(rows):
        return 0.0
    median = float(np.median(angle[rows, nearest[rows]]))
    return median if len(rows) > 2 or abs(median) < np.radians(25) else 0.0


def _chain(
    along: NDArray[np.float64], across: NDArray[np.float64], widths: NDArray[np.float64], heights: NDArray[np.float64]
) -> list[list[int]]:
    """Link each box to the next on its line, nearest pairs first; return the chains of indices."""
    count = len(along)
    step, drift = along[None] - along[:, None], np.abs(across[None] - across[:, None])
    taller = np.maximum(heights[:, None], heights[None])
    alike = np.minimum(heights[:, None], heights[None]) / taller > SIZE_RATIO
    gap = step - (widths[:, None] + widths[None]) / 2
    allowed = (step > 0) & (gap < FARTHEST * taller) & (drift < STEP * taller) & alike
    cost = np.where(allowed, step + 2 * drift, np.inf)
    candidates = np.argsort(cost, axis=1)[:, :NEIGHBOURS]
    pairs = [(cost[i, j], i, int(j)) for i in range(count) for j in candidates[i] if np.isfinite(cost[i, j])]
    following, preceded = [-1] * count, [False] * count
    for _, i, j in sorted(pairs):
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
) -> list[list[list[int]]]:
    """Gather chains that share a line, though a gap parts them; lines from the top, chains from the left."""
    lines: list[list[list[int]]] = []
    for chain in sorted(chains, key=lambda c: across[c].mean()):
        for line in reversed(lines):
            level = np.mean([across[c].mean() for c in line])
            height = max(heights[chain].max(), max(heights[c].max() for c in line))
            apart = all(along[chain].min() > along[c].max() or along[chain].max() < along[c].min() for c in line)
            if apart and abs(across[chain].mean() - level) < STEP * height:
                line.append(chain)
                break
        else:
            lines.append([chain])
    return [sorted(line, key=lambda c: along[c].min()) for line in lines]


def _gaps(
    chain: list[int], along: NDArray[np.float64], boxes: NDArray[np.int32], heights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the gaps between neighbours of a chain, in heights of its median digit."""
    centres, widths = along[chain], boxes[chain, 2]
    return (np.diff(centres) - (widths[1:] + widths[:-1]) / 2) / np.median(heights[chain])


def _part(
    chain: list[int],
    along: NDArray[np.float64],
    boxes: NDArray[np.int32],
    heights: NDArray[np.float64],
    usual: float,
) -> list[list[int]]:
    """Part a chain into numbers where a gap is wide, for its height and beside the other gaps."""
    gaps = _gaps(chain, along, boxes, heights)
    typical = np.median(gaps) if len(gaps) > 2 else usual
    wide = np.flatnonzero(gaps > max(WIDE, TIMES * typical)) + 1
    return [part.tolist() for part in np.split(np.array(chain), wide)]
