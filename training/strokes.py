"""Draw pen strokes on small patches, for what is made rather than photographed."""

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 64  # of a patch, pixels: strokes are drawn at more than twice the size of a crop, then laid out

Patch = NDArray[np.uint8]
Points = NDArray[np.float64]


def blank() -> Patch:
    """Return a patch without ink."""
    return np.zeros((SIDE, SIDE), np.uint8)


def pen_width(rng: np.random.Generator) -> int:
    """Return the width of a pen, pixels: one in five is thick."""
    return int(rng.integers(3, 9)) if rng.random() < 0.8 else int(rng.integers(9, 17))


def stroke(patch: Patch, points: Points, width: int) -> None:
    """Draw a line through points (N, 2) x, y."""
    cv2.polylines(patch, [np.round(points * 8).astype(np.int32)], False, 255, width, cv2.LINE_AA, 3)


def smooth(points: Points) -> Points:
    """Round a line's corners off by cutting each three times (Chaikin)."""
    for _ in range(3):
        a, b = points[:-1], points[1:]
        cut = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
        points = np.concatenate([points[:1], cut, points[-1:]])
    return points


def tight(crop: Patch) -> Patch:
    """Return the box of a crop's ink."""
    x, y, w, h = cv2.boundingRect(crop)
    return crop[y : y + max(h, 1), x : x + max(w, 1)]
