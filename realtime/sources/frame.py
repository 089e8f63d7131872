"""Define what every source gives, frames, and what all files that hold frames have in common."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

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


class FileSource:
    """The base of all files that hold frames: a context manager that hands out every one of them, in order.

    `fps` is their rate, `count` how many there are, as far as the file tells. `damaged` counts the frames that could
    not be decoded and were left out; it grows with the frames.
    """

    fps: float
    count: int

    def __init__(self) -> None:
        self.damaged = 0
        self._notes: list[str] = []

    @property
    def notes(self) -> list[str]:
        """Lines that say what is wrong with the file, as far as its frames were handed out."""
        return self._notes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file, where it is kept open."""

    def frames(self, every: int = 1, limit: int | None = None) -> Iterator[Frame]:
        """Yield each `every`-th frame, at most `limit`. Raises SourceError where one cannot be read."""
        raise NotImplementedError


def rotate(frame: Frame, degrees: int) -> Frame:
    """Rotate a frame clockwise by 0, 90, 180 or 270 degrees. Raises KeyError for another angle."""
    codes = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    return replace(frame, image=cv2.rotate(frame.image, codes[degrees])) if degrees else frame


def stated_rate(capture: cv2.VideoCapture, limit: float) -> float:
    """Return the frames a second that a camera, stream or clip states, or 25 where that is 0, NaN or above `limit`."""
    fps = capture.get(cv2.CAP_PROP_FPS)
    return fps if 0 < fps <= limit else 25.0  # false for NaN
