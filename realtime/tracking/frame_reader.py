"""Watch a source: read its frames no oftener than it needs, follow what was read in between, and track the numbers.

Between two readings a frame costs a small part of one: `DigitFlow` finds the digits where they now are and sees
that they are the same ones. Where it does not, the frame is read.
"""

from dataclasses import replace
from time import perf_counter

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.classifier import Classifier
from realtime.reading.ensemble import Ensemble
from realtime.reading.page import Page
from realtime.reading.pipeline import CONFIDENCE, read
from realtime.reading.stages import StageClock
from realtime.sources.frame import Frame
from realtime.tracking.matching import STILL, Motion, after, move
from realtime.tracking.optical_flow import DigitFlow, Thumbnail
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Track, Tracker

EACH = 0.09  # s after which a frame is read again while there are none or some are to settle: thrice in SETTLE_TIME,
MOVING = 0.5  # once all have settled, for what comes into sight elsewhere on a scene that moves,
RESTING = 2.0  # and on one that stands still, where a change shows anywhere
DOUBTFUL, AGREED = 0.5, 5  # or, though some are unsettled, once so many readings of a scene at rest told the same


class FrameReader:
    """Read and track the frames of one source by turns, each (H, W, 3) BGR uint8, all with the same `tracker`.

    A frame of the very same pixels is never read again. `followed` counts the frames that were not read.
    """

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.followed = 0
        self._asked: tuple[object, ...] = ()
        self._page: Page | None = None
        self._image = np.zeros((0, 0), np.uint8)  # the frame that was read last, its time, s, and how it looked
        self._time = 0.0
        self._sight: Thumbnail | None = None
        self._digits: DigitFlow | None = None
        self._agreed = 0

    def read(
        self,
        frame: Frame,
        classifier: Classifier | Ensemble,
        confidence: float = CONFIDENCE,
        polarity: str = "auto",
        anew: bool = False,
        clock: StageClock | None = None,
    ) -> TrackedFrame:
        """Take in the next frame; return it with its numbers; anew: read it in any case; clock: told each stage."""
        start = perf_counter()
        tracks = self.see(frame.image, frame.time, classifier, confidence, polarity, anew, clock)
        latency = 1000 * (perf_counter() - start)
        return TrackedFrame(frame, self.page, tracks, latency, tuple(self.tracker.events))

    def see(
        self,
        image: NDArray[np.uint8],
        time: float,
        classifier: Classifier | Ensemble,
        confidence: float = CONFIDENCE,
        polarity: str = "auto",
        anew: bool = False,
        clock: StageClock | None = None,
    ) -> list[Track]:
        """Take in the next frame, at `time` in s, and return the numbers to show; anew: read it in any case."""
        clock = clock or StageClock()
        asked = image.shape, classifier, confidence, polarity
        known = self._page is not None and asked == self._asked and not anew
        with clock.stage("flow"):
            sight = Thumbnail(image)
            still = known and self._sight.is_still(sight)
        before = self._digits.motion if known else STILL
        if still:
            self._digits.back()
        fresh = known and 0 <= time - self._time < self._patience(still)
        with clock.stage("flow"):
            followed = fresh and (still or self._digits.follow(sight))
        if followed:
            self.followed += 1
            now = self._digits.motion
            with clock.stage("tracking"):
                return self.tracker.carry(STILL if now is before else after(before, now), time)
        if still and cv2.norm(self._image, image, cv2.NORM_INF) == 0:
            self.followed += 1
        else:
            page = read(image, classifier, confidence, polarity, clock)
            self._agreed = self._agreed + 1 if self._page and _told(page) == _told(self._page) else 0
            self._asked, self._page, self._image, self._sight = asked, page, image, sight
            boxes = [digit.box for number in page.numbers for digit in number.digits]
            with clock.stage("flow"):
                self._digits = DigitFlow(sight, np.array(boxes, np.int32).reshape(-1, 4))
        self._time = time
        with clock.stage("tracking"):
            return self.tracker.update(self._page.numbers, time, image)

    @property
    def page(self) -> Page:
        """That of the last frame; of one that was not read, the page before with its digits where they now stand."""
        motion = self._digits.motion
        return self._page if motion is STILL else _moved(self._page, motion, self._image.shape[:2])

    def _patience(self, still: bool) -> float:
        """Return for how long the frame that was read last stands for those after it, s."""
        if self._page.numbers and self.tracker.empty:
            return 0.0  # the user had all numbers forgotten, to see them found again
        if self.tracker.calm and (still or self._page.numbers):
            return RESTING if still else MOVING
        return DOUBTFUL if still and self._agreed >= AGREED else EACH


def _moved(page: Page, motion: Motion, size: tuple[int, int]) -> Page:
    """Return a page with all that was found where a motion takes it, within a frame of size h, w."""
    numbers = []
    for number in page.numbers:
        boxes = np.rint(move(np.array([digit.box for digit in number.digits]), motion)).astype(int).tolist()
        digits = (replace(digit, box=tuple(box)) for digit, box in zip(number.digits, boxes, strict=True))
        numbers.append(replace(number, digits=tuple(digits)))
    boxes = np.rint(move(page.boxes, motion)).astype(np.int32)
    stop = np.clip(boxes[:, :2] + boxes[:, 2:], 1, size[::-1])
    boxes[:, :2] = np.minimum(np.maximum(boxes[:, :2], 0), stop - 1)
    boxes[:, 2:] = stop - boxes[:, :2]
    return replace(page, boxes=boxes, numbers=numbers, moved=True)


def _told(page: Page) -> list[tuple[str, int]]:
    """Return what a page says: the text and the row of each number."""
    return [(reading.text, reading.row) for reading in page.numbers]
