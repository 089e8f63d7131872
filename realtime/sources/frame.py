"""One picture of a source, and the error of a source that cannot be had."""

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


def turn(frame: Frame, degrees: int) -> Frame:
    """Turn a frame clockwise by 0, 90, 180 or 270 degrees."""
    turns = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    return replace(frame, image=cv2.rotate(frame.image, turns[degrees])) if degrees else frame
