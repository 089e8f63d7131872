"""One frame of a source with all that was read in it, and the numbers as they stand after it."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from realtime.reading.page import Page, frame_to_dict
from realtime.sources.frame import Frame
from realtime.tracking.motion import NO_MOTION, Motion
from realtime.tracking.track import Track
from realtime.tracking.tracker import Event, settle


@dataclass(frozen=True)
class TrackedFrame:
    """A frame, the page that was read in it or in one before it, its numbers, and how long that took, ms.

    events: what settled, changed or went with this frame. motion: from the frame that was read to this one.
    """

    frame: Frame
    read_page: Page
    tracks: list[Track]
    latency_ms: float
    events: tuple[Event, ...] = ()
    motion: Motion = NO_MOTION

    @classmethod
    def of_picture(cls, frame: Frame, page: Page) -> Self:
        """Return a picture as a frame whose numbers are all settled: there are no later frames to wait for."""
        return cls(frame, page, settle(page.numbers), page.latency_ms)

    @cached_property
    def page(self) -> Page:
        """The page; where the digits moved since it was read, with all that was found where it now stands."""
        return _move(self.read_page, self.motion, self.frame.image.shape[:2]) if self.motion.moved else self.read_page

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON line of the frame."""
        frame, (height, width) = self.frame, self.frame.image.shape[:2]
        numbers = [track.to_dict() for track in self.tracks]
        page = self.page
        return frame_to_dict(
            frame.source, frame.index, frame.time, (width, height), self.latency_ms, numbers, page.lines, page.turned
        )


def _move(page: Page, motion: Motion, size: tuple[int, int]) -> Page:
    """Return a page with all that was found where a motion takes it, within a frame of size h, w."""
    numbers = []
    for number in page.numbers:
        boxes = np.rint(motion.move(np.array([digit.box for digit in number.digits]))).astype(int).tolist()
        digits = (replace(digit, box=tuple(box)) for digit, box in zip(number.digits, boxes, strict=True))
        numbers.append(replace(number, digits=tuple(digits)))
    places = _move_within(np.array([line.box for line in page.lines], np.int32).reshape(-1, 4), motion, size)
    lines = [replace(line, box=tuple(box)) for line, box in zip(page.lines, places.tolist(), strict=True)]
    return replace(page, boxes=_move_within(page.boxes, motion, size), numbers=numbers, lines=lines)


def _move_within(boxes: NDArray[np.int32], motion: Motion, size: tuple[int, int]) -> NDArray[np.int32]:
    """Return boxes (N, 4) where a motion takes them, cut off at the edges of a frame of size h, w."""
    moved = np.rint(motion.move(boxes)).astype(np.int32)
    stop = np.clip(moved[:, :2] + moved[:, 2:], 1, size[::-1])
    moved[:, :2] = np.minimum(np.maximum(moved[:, :2], 0), stop - 1)
    moved[:, 2:] = stop - moved[:, :2]
    return moved
