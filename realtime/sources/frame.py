"""Define a frame, what every source gives, and the error of a source that cannot be opened or was lost."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray


class SourceError(OSError):
    """A picture, clip or camera that cannot be opened or was lost."""


@dataclass(frozen=True)
class Frame:
    """One picture of a source: image (H, W, 3) uint8 BGR, index from 0, time in s from the start of the source."""

    image: NDArray[np.uint8]
    index: int
    time: float
    source: str


def rotate(frame: Frame, degrees: int) -> Frame:
    """Rotate a frame clockwise by 0, 90, 180 or 270 degrees. Raises KeyError for another angle."""
    codes = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    return replace(frame, image=cv2.rotate(frame.image, codes[degrees])) if degrees else frame


def stated_rate(capture: cv2.VideoCapture, limit: float) -> float:
    """Return the frames a second that a camera, stream or clip states, or 25 where that is 0, NaN or above `limit`."""
    fps = capture.get(cv2.CAP_PROP_FPS)
    return fps if 0 < fps <= limit else 25.0  # false for NaN
