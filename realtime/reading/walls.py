"""See drawn lines that part two numbers: the sides of a table's cells, by the finder's map of other ink."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.reading.finder import OUTPUT
from realtime.reading.looks import INKED, Look

TALL = 1.5  # heights of the digits beside it that a side of a cell has at least; brackets and slashes have 1.3 at most
FILLED = 0.85  # share of that height that is ink: a line is thin, and the map has gaps
FEWEST = 14  # pixels of the maps; a line lower than these is too coarse to be told from digits
LEANING = 0.2  # heights by which a line may lean within them


@dataclass(frozen=True)
class Walls:
    """Where drawn lines stand: the looks that were taken at a frame, the finest last."""

    looks: list[Look]

    def between(self, boxes: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Tell whether a drawn line stands between the neighbours of a line, (N - 1,) of boxes (N, 4) in order."""
        pairs = zip(boxes[:-1], boxes[1:], strict=True) if len(boxes) else ()
        return np.array([self._stands(a, b) for a, b in pairs], bool)

    def _stands(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> bool:
        """Tell whether a line stands between two boxes."""
        high = float(max(left[3], right[3]))
        start, end = (left[0] + 0.7 * left[2], right[0] + 0.3 * right[2])
        middle = float(left[1] + left[3] / 2 + right[1] + right[3] / 2) / 2
        for look in self.looks:
            zoom = look.scale / OUTPUT
            x0, x1 = ((x - look.origin[0]) * zoom for x in (start, end))
            y0, y1 = ((middle + side * TALL / 2 * high - look.origin[1]) * zoom for side in (-1, 1))
            height, width = look.cores.shape
            if y1 - y0 < FEWEST or x0 < 0 or y0 < 0 or x1 > width or y1 > height or x1 - x0 < 1:
                continue
            part = look.maps[2][int(y0) : int(y1) + 1, int(x0) : int(x1) + 2] >= INKED
            if _upright(part, LEANING * high * zoom):
                return True
        return False


def _upright(part: NDArray[np.bool_], leaning: float) -> bool:
    """Tell whether a line runs through part (h, w) from top to foot, leaning by so many pixels at most."""
    h, w = part.shape
    if part.any(axis=1).mean() < FILLED:
        return False
    for lean in np.linspace(-leaning, leaning, 5):
        shift = np.rint(lean * (np.arange(h) / max(h - 1, 1) - 0.5)).astype(int)
        columns = np.clip(np.arange(w)[None] + shift[:, None], 0, w - 1)
        ink = np.take_along_axis(part, columns, axis=1)
        ink[:, 1:] |= ink[:, :-1].copy()
        if (ink.mean(axis=0) >= FILLED).any():
            return True
    return False
