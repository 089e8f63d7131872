"""Cut a blob of digits that touch along the paths from top to bottom that cross least ink."""

import numpy as np
from numpy.typing import NDArray

PIECE = 0.2  # narrowest piece of a cut blob, heights
MOST_CUTS = 4
BENT = 0.15  # cost of a cut's sideways step, pixels of ink
SWAY = 0.3  # how far a cut strays to either side, heights: one that may go anywhere goes around all ink
STEP = 0.08  # between the middles of the cuts that are tried, heights
WAYS = np.array([0, -1, 1])  # steps of a path from row to row: straight on, from the left, from the right
MOST_INK = 0.5  # that a cut crosses, heights


def cut_pieces(patch: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Cut a wide patch, (h, w) uint8, from top to bottom along the paths that cross least ink; return its pieces."""
    height, width = patch.shape
    least = PIECE * height
    middles = np.arange(least, width - least, max(1.0, STEP * height)).round().astype(np.int64)
    paths: list[NDArray[np.int64]] = []
    costs, ways = _paths(patch, middles, max(1, round(SWAY * height)))
    for best in np.argsort(costs, kind="stable"):
        if len(paths) == MOST_CUTS or costs[best] > MOST_INK * height:
            break
        middle = ways[best].mean()
        if least <= middle <= width - least and all(abs(middle - other.mean()) >= least for other in paths):
            paths.append(ways[best])
    paths.sort(key=lambda path: path.mean())
    columns = np.arange(width)
    piece = sum(((columns >= path[:, None]).astype(np.int8) for path in paths), np.zeros((height, width), np.int8))
    pieces = [np.where(piece == k, patch, 0).astype(np.uint8) for k in range(len(paths) + 1)]
    return [p for p in pieces if p.any()]


def _paths(
    patch: NDArray[np.uint8], middles: NDArray[np.int64], sway: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return for each of C bands, `sway` columns to either side of its middle, the ink that its best path crosses, (C,)
    pixels, and the path's column in each row, (C, h).
    """
    height, width = patch.shape
    columns = middles[:, None] + np.arange(-sway, sway + 1)
    ink = np.where(
        (columns >= 0) & (columns < width), patch[:, np.clip(columns, 0, width - 1)] / np.float32(255), np.inf
    )
    total = np.full((height, len(middles), 2 * sway + 3), np.inf, np.float32)  # to each place, a wall on both sides
    total[0, :, 1:-1] = ink[0]
    for row in range(1, height):
        before, now = total[row - 1], total[row, :, 1:-1]
        np.minimum(before[:, :-2], before[:, 2:], out=now)
        now += BENT
        np.minimum(now, before[:, 1:-1], out=now)
        now += ink[row]
    place = total[-1, :, 1:-1].argmin(axis=1) if len(middles) else np.zeros(0, np.int64)
    bands = np.arange(len(middles))
    costs, places = total[-1, bands, place + 1], np.empty((height, len(middles)), np.int64)
    ways = 1 + WAYS + total.shape[2] * bands[:, None]
    bent = np.array([0, BENT, BENT], np.float32)
    for row in range(height - 1, 0, -1):
        places[row] = place
        came = (total[row - 1].take(ways + place[:, None]) + bent).argmin(axis=1)
        place = place + WAYS.take(came)
    places[0] = place
    return costs, columns[bands, places].T
