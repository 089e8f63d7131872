"""Cut a blob of digits that touch along the paths from top to bottom that cross least ink."""

import numpy as np
from numpy.typing import NDArray

PIECE = 0.3  # narrowest piece of a cut blob, heights
MOST_CUTS = 4
BENT = 0.15  # cost of a cut's sideways step, pixels of ink


def cut_pieces(patch: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Cut a wide patch, (h, w) uint8, from top to bottom along the paths that cross least ink; return its pieces."""
    height, width = patch.shape
    cost = patch.astype(np.float32) / 255
    total = np.zeros((height, width), np.float32)
    came = np.zeros((height, width), np.int8)
    total[0] = cost[0]
    for row in range(1, height):
        above = np.pad(total[row - 1], 1, constant_values=np.inf)
        ways = np.stack([above[1:-1], above[:-2] + BENT, above[2:] + BENT])
        came[row] = np.array([0, -1, 1], np.int8)[ways.argmin(axis=0)]
        total[row] = cost[row] + ways.min(axis=0)
    paths: list[NDArray[np.int64]] = []
    least = PIECE * height
    for end in np.argsort(total[-1], kind="stable"):
        if len(paths) == MOST_CUTS or total[-1, end] > 0.5 * height:
            break
        path = _follow(came, int(end))
        middle = path.mean()
        if least <= middle <= width - least and all(abs(middle - other.mean()) >= least for other in paths):
            paths.append(path)
    paths.sort(key=lambda path: path.mean())
    columns = np.arange(width)
    piece = sum(((columns >= path[:, None]).astype(np.int8) for path in paths), np.zeros((height, width), np.int8))
    pieces = [np.where(piece == k, patch, 0).astype(np.uint8) for k in range(len(paths) + 1)]
    return [p for p in pieces if p.any()]


def _follow(came: NDArray[np.int8], end: int) -> NDArray[np.int64]:
    """Return the column of a path in each row, (h,), from where it ends in the last one."""
    path = np.empty(len(came), np.int64)
    path[-1] = end
    for row in range(len(came) - 1, 0, -1):
        path[row - 1] = path[row] + came[row, path[row]]
    return path
