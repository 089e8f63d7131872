"""Describe how a sheet moved between two frames, as one turn, scale and shift, and fit that to matched points."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# Scales from one frame to another that are believed; set by hand: a sheet in a hand changes its size by less.
SMALLEST_SCALE, LARGEST_SCALE = 0.8, 1.25


@dataclass(frozen=True, eq=False)
class Motion:
    """A motion from one frame to a later one: `matrix` (2, 3) takes x, y, 1 to the new x, y, pixels.

    moved: False where nothing was seen to move; places then need not be computed anew.
    """

    matrix: NDArray[np.float64]
    moved: bool = True

    def apply(self, points: NDArray[np.number]) -> NDArray[np.float64]:
        """Return points (..., 2) where the motion takes them."""
        return np.asarray(points, np.float64) @ self.matrix[:, :2].T + self.matrix[:, 2]

    def move(self, boxes: NDArray[np.number]) -> NDArray[np.float64]:
        """Return boxes (N, 4) x, y, w, h where the motion takes them: centres move, sizes scale."""
        sizes = boxes[:, 2:] * np.sqrt(abs(np.linalg.det(self.matrix[:, :2])))
        return np.concatenate([self.apply(boxes[:, :2] + boxes[:, 2:] / 2) - sizes / 2, sizes], axis=1)

    def since(self, earlier: "Motion") -> "Motion":
        """Return the motion from where an earlier one ends to where this one ends; both begin in the same frame."""
        if not (self.moved or earlier.moved):
            return NO_MOTION
        linear = self.matrix[:, :2] @ np.linalg.inv(earlier.matrix[:, :2])
        return Motion(np.hstack([linear, (self.matrix[:, 2] - linear @ earlier.matrix[:, 2])[:, None]]))

    def enlarge(self, factor: float) -> "Motion":
        """Return the same motion in a picture so many times as large."""
        return Motion(self.matrix * (1, 1, factor))


NO_MOTION = Motion(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), moved=False)


def fit_motion(before: NDArray[np.float64], after: NDArray[np.float64]) -> Motion:
    """Fit a motion to matched points (N, 2); only a shift where there are too few to tell more, or the fit is wild."""
    shift = Motion(np.hstack([np.eye(2), np.median(after - before, axis=0)[:, None]]))
    if len(before) < 4:
        return shift
    matrix, _ = cv2.estimateAffinePartial2D(before, after, method=cv2.LMEDS)
    if matrix is None or not SMALLEST_SCALE < np.sqrt(abs(np.linalg.det(matrix[:, :2]))) < LARGEST_SCALE:
        return shift
    return Motion(matrix)
