"""Split a blob of digits that touch along the paths from top to bottom that cross least ink."""

import numpy as np
from numpy.typing import NDArray

# Set by hand on drawn scenes of digits that touch. The unit "heights" is the height of the blob that is split.
MIN_PIECE = 0.2  # narrowest piece, heights
MAX_PATHS = 4  # paths along which one blob is split
MAX_INK = 0.5  # that a path crosses, heights
MAX_SWAY = 0.3  # how far a path strays to either side, heights: one that may go anywhere goes around all ink
STEP = 0.08  # between the middles of the paths that are tried, heights
SIDESTEP_COST = 0.15  # of a path's step to the side, pixels of ink
MOVES = np.array([0, -1, 1])  # columns by which a path comes from the row above: straight on, from the left, the right


def split_blob(patch: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Split a wide patch of ink, (h, w) uint8, from top to bottom; return its pieces, each as large as the patch."""
    height, width = patch.shape
    least = MIN_PIECE * height
    middles = np.arange(least, width - least, max(1.0, STEP * height)).round().astype(np.int64)
    chosen: list[NDArray[np.int64]] = []
    costs, paths = _best_paths(patch, middles, max(1, round(MAX_SWAY * height)))
    for best in np.argsort(costs, kind="stable"):
        if len(chosen) == MAX_PATHS or costs[best] > MAX_INK * height:
            break
        middle = paths[best].mean()
        if least <= middle <= width - least and all(abs(middle - other.mean()) >= least for other in chosen):
            chosen.append(paths[best])
    chosen.sort(key=lambda path: float(path.mean()))
    columns = np.arange(width)
    piece = sum(((columns >= path[:, None]).astype(np.int8) for path in chosen), np.zeros((height, width), np.int8))
    pieces = [np.where(piece == k, patch, 0).astype(np.uint8) for k in range(len(chosen) + 1)]
    return [p for p in pieces if p.any()]


def _best_paths(
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
        now += SIDESTEP_COST
        np.minimum(now, before[:, 1:-1], out=now)
        now += ink[row]
    place = total[-1, :, 1:-1].argmin(axis=1) if len(middles) else np.zeros(0, np.int64)
    bands = np.arange(len(middles))
    costs, places = total[-1, bands, place + 1], np.empty((height, len(middles)), np.int64)
    moves = 1 + MOVES + total.shape[2] * bands[:, None]
    bent = np.array([0, SIDESTEP_COST, SIDESTEP_COST], np.float32)
    for row in range(height - 1, 0, -1):
        places[row] = place
        came = (total[row - 1].take(moves + place[:, None]) + bent).argmin(axis=1)
        place = place + MOVES.take(came)
    places[0] = place
    return costs, columns[bands, places].T
