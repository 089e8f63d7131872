"""Read the frames of a source no oftener than it needs, follow what was read in between, and track the numbers.

Between two readings a frame costs a small part of one: `DigitFlow` finds the digits where they now are and sees
that they are the same ones. Where it does not, the frame is read.
"""

from dataclasses import dataclass
from time import perf_counter

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.ensemble import Networks
from realtime.reading.page import Page
from realtime.reading.pipeline import CONFIDENCE
from realtime.reading.stages import StageClock
from realtime.reading.wanted import ALL, Wanted, read_wanted
from realtime.sources.frame import Frame
from realtime.tracking.motion import Motion
from realtime.tracking.optical_flow import DigitFlow, Thumbnail
from realtime.tracking.plausibility import Judge
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Tracker

# For how long a frame that was read stands for those that followed it, s.
READ_UNSETTLED = 0.09  # while no number is known or some are to settle: three readings span votes.SETTLE_TIME
READ_MOVING = 0.5  # once all have settled on a scene that moves, where a number may come into sight; set by hand
READ_STILL = 2.0  # once all have settled on a scene that stands still, where a new number shows as a change; by hand
# READ_AGREEING holds though numbers are unsettled, once AGREEING_READINGS readings of a still scene in a row gave the
# same texts; both set by hand.
READ_AGREEING, AGREEING_READINGS = 0.5, 5


@dataclass(frozen=True)
class _ReadFrame:
    """The frame that was read last: its picture, what it was read with, its page, and its digits, followed since."""

    image: NDArray[np.uint8]
    thumbnail: Thumbnail
    settings: tuple[object, ...]
    page: Page
    flow: DigitFlow


class FrameReader:
    """Read and track the frames of one source by turns, each (H, W, 3) BGR uint8, all with the same `tracker`.

    A frame of the very same pixels is never read again. `wanted`, what is to be read, may be set between two frames;
    `followed` counts the frames that were not read.
    """

    def __init__(self, tracker: Tracker, wanted: Wanted = ALL) -> None:
        self.tracker, self.wanted = tracker, wanted
        self.followed = 0
        self._judge = Judge()
        self._last: _ReadFrame | None = None
        self._time = 0.0  # until when that frame is known to stand for what is seen, s
        self._agreed = 0  # readings in a row that gave the same texts as the one before

    def read(
        self,
        frame: Frame,
        networks: Networks,
        confidence: float = CONFIDENCE,
        polarity: str = "auto",
        anew: bool = False,
        clock: StageClock | None = None,
    ) -> TrackedFrame:
        """Take in the next frame and return it with its numbers.

        A digit less sure than `confidence` is "?"; polarity: "dark" or "light" ink alone, or "auto" for both. anew:
        read it in any case. clock: told what each stage takes. Raises ValueError for a wrong picture or polarity.
        """
        start = perf_counter()
        clock = clock or StageClock()
        settings = frame.image.shape, networks, confidence, polarity, self.wanted, self.tracker.sayings
        last = None if anew or self._last is None or self._last.settings != settings else self._last
        still, step = False, None
        with clock.stage("flow"):
            thumbnail = Thumbnail(frame.image)
            if last:
                still, step = self._follow(last, thumbnail, frame.time)
        if last and step:
            self.followed += 1
            with clock.stage("tracking"):
                tracks = self.tracker.carry(step, frame.time)
        else:
            if last and still and cv2.norm(last.image, frame.image, cv2.NORM_INF) == 0:
                self.followed += 1
            else:
                page = read_wanted(frame.image, networks, confidence, polarity, self.wanted, clock)
                with clock.stage("flow"):
                    last = self._remember(frame.image, thumbnail, settings, page)
            self._time = frame.time
            with clock.stage("tracking"):
                tracks = self.tracker.update(last.page.numbers, frame.time, frame.image)
        events = tuple(self.tracker.events)
        if self.wanted.limits is not None:
            tracks, events = self._judge.judge(tracks, events, self.wanted.limits, frame.time, read=not step)
        latency = 1000 * (perf_counter() - start)
        return TrackedFrame(frame, last.page, tracks, latency, events, last.flow.motion)

    def _follow(self, last: _ReadFrame, thumbnail: Thumbnail, time: float) -> tuple[bool, Motion | None]:
        """Tell whether a frame looks as the one that was read last, and return how its digits moved since the one
        before it; None where they were not found again, or the frame is to be read anyway.
        """
        before = last.flow.motion
        still = last.thumbnail.is_still(thumbnail)
        if still:
            last.flow.reset()
        fresh = 0 <= time - self._time < self._patience(last.page, still)
        if fresh and (still or last.flow.follow(thumbnail)):
            return still, last.flow.motion.since(before)
        return still, None

    def _remember(
        self, image: NDArray[np.uint8], thumbnail: Thumbnail, settings: tuple[object, ...], page: Page
    ) -> _ReadFrame:
        """Keep a frame that was just read, to follow its digits."""
        self._agreed = self._agreed + 1 if self._last and _texts(page) == _texts(self._last.page) else 0
        boxes = [digit.box for number in page.numbers for digit in number.digits]
        flow = DigitFlow(thumbnail, np.array(boxes, np.int32).reshape(-1, 4))
        self._last = _ReadFrame(image, thumbnail, settings, page, flow)
        return self._last

    def _patience(self, page: Page, still: bool) -> float:
        """Return for how long the page that was read last stands for the frames after it, s."""
        if page.numbers and self.tracker.empty:
            return 0.0  # the user had all numbers forgotten, to see them found again
        if self.tracker.decided and (still or page.numbers):
            return READ_STILL if still else READ_MOVING
        return READ_AGREEING if still and self._agreed >= AGREEING_READINGS else READ_UNSETTLED


def _texts(page: Page) -> list[tuple[str, int]]:
    """Return the text and the row of each number of a page."""
    return [(number.text, number.row) for number in page.numbers]
