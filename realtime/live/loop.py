"""Read a source as it comes: open it, read and track each frame, and know how it goes."""

import time
from collections.abc import Callable, Iterator

from realtime.live.state import Controls, Status
from realtime.reading.classifier import Classifier
from realtime.reading.ensemble import Ensemble
from realtime.sources.frame import Frame, turn
from realtime.sources.live_capture import LiveCapture
from realtime.sources.opening import FileSource
from realtime.tracking.frame_reader import FrameReader
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Tracker


class Live:
    """Read the frames of a source as `controls` ask. paced: play files at their own speed, for a window.

    warn: told in a line when the source is lost, when it is back, and when a camera gives another size than asked.
    """

    def __init__(
        self,
        source: LiveCapture | FileSource,
        classifier: Classifier | Ensemble,
        tracker: Tracker,
        controls: Controls,
        warn: Callable[[str], None],
    ) -> None:
        self.source, self._classifier = source, classifier
        self._controls, self._warn = controls, warn
        self._reader = FrameReader(tracker)
        self._fps, self._before, self._age = 0.0, 0.0, 0.0
        self._lost = False

    def frames(self, rotate: int = 0, paced: bool = False, most: int | None = None) -> Iterator[TrackedFrame | None]:
        """Yield each frame with what was read in it, or None while a live source gives none; at most `most` frames."""
        count, last = 0, 0.0
        for frame in self.source.frames():
            self._tell()
            if frame is None:
                yield None
                continue
            if paced and not self.source.live:
                time.sleep(max(0.0, min(1.0, frame.time - last - (time.monotonic() - self._before))))
                last = frame.time
            yield self._look(turn(frame, rotate))
            count += 1
            if count == most:
                return

    def use(self, classifier: Classifier | Ensemble) -> None:
        """Read with another network, or two, from the next frame on."""
        self._classifier = classifier

    def status(self) -> Status:
        """Tell how it goes just now; the delay is that of the last frame, from its capture to this call."""
        live = isinstance(self.source, LiveCapture)
        return Status(
            self._fps,
            1000 * self._age if live else None,
            self.source.dropped if live else 0,
            f"{self._classifier.device} {self._classifier.path.stem}",
            self.source.state if live else "",
        )

    def shown(self, seen: TrackedFrame) -> None:
        """Take note that a seen has reached the screen."""
        if isinstance(self.source, LiveCapture):
            self._age = self.source.age(seen.frame)

    def _look(self, frame: Frame) -> TrackedFrame:
        """Read a frame and track its numbers."""
        controls = self._controls
        seen = self._reader.read(frame, self._classifier, controls.confidence, controls.polarity, anew=controls.steps)
        now = time.monotonic()
        if self._before:
            rate = 1 / max(now - self._before, 1e-3)
            self._fps = rate if not self._fps else self._fps + 0.1 * (rate - self._fps)
        self._before = now
        return seen

    def _tell(self) -> None:
        """Say once that the source is lost, and once that it is back."""
        state = self.source.state if isinstance(self.source, LiveCapture) else ""
        if bool(state) != self._lost:
            self._lost = bool(state)
            self._warn(f"{state}" if state else f"{self.source.name} is back")
