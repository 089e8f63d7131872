"""Read a live source as it comes: read and track each frame, and know how that goes."""

import time
from collections.abc import Callable, Iterator

from realtime.live.state import Controls, Status
from realtime.reading.ensemble import Networks
from realtime.sources.frame import FileSource, Frame, rotate
from realtime.sources.live_capture import LiveCapture
from realtime.tracking.frame_reader import FrameReader
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Tracker

# Weight of the newest frame in the exponential mean of the frames a second. Set by hand: at 30 frames a second the
# figure follows a change within a second and does not flicker.
RATE_WEIGHT = 0.1


class LiveLoop:
    """Read the frames of a source as `controls` ask.

    networks: may be replaced between two frames. warn: told in a line when a live source is lost, and when it is back.
    """

    def __init__(
        self,
        source: LiveCapture | FileSource,
        networks: Networks,
        tracker: Tracker,
        controls: Controls,
        warn: Callable[[str], None],
    ) -> None:
        self.networks = networks
        self._source = source
        self._capture = source if isinstance(source, LiveCapture) else None
        self._controls, self._warn = controls, warn
        self._reader = FrameReader(tracker, controls.wanted)
        self._fps, self._read_at, self._delay = 0.0, 0.0, 0.0
        self._lost = False

    def frames(self, degrees: int = 0, paced: bool = False, limit: int | None = None) -> Iterator[TrackedFrame | None]:
        """Yield each frame with what was read in it, or None while a live source gives none; at most `limit` frames.

        degrees: by which each frame is rotated clockwise first. paced: play files at their own speed, for a window.
        Raises SourceError where the source is lost.
        """
        count, last = 0, 0.0
        for frame in self._source.frames():
            self._report_outage()
            if frame is None:
                yield None
                continue
            if paced and self._capture is None:
                time.sleep(max(0.0, min(1.0, frame.time - last - (time.monotonic() - self._read_at))))
                last = frame.time
            yield self._read(rotate(frame, degrees))
            count += 1
            if count == limit:
                return

    def status(self) -> Status:
        """Tell how reading goes just now; the delay is that of the last frame marked as shown."""
        device = f"{self.networks.device} {self.networks.path.stem}"
        if self._capture is None:
            return Status(self._fps, None, 0, device)
        return Status(self._fps, 1000 * self._delay, self._capture.dropped, device, self._capture.outage)

    def mark_shown(self, tracked: TrackedFrame) -> None:
        """Take note that a frame has reached the screen."""
        if self._capture is not None:
            self._delay = self._capture.age(tracked.frame)

    def _read(self, frame: Frame) -> TrackedFrame:
        """Read a frame and track its numbers."""
        controls = self._controls
        self._reader.wanted = controls.wanted
        tracked = self._reader.read(frame, self.networks, controls.confidence, controls.polarity, anew=controls.steps)
        now = time.monotonic()
        if self._read_at:
            rate = 1 / max(now - self._read_at, 1e-3)
            self._fps = rate if not self._fps else self._fps + RATE_WEIGHT * (rate - self._fps)
        self._read_at = now
        return tracked

    def _report_outage(self) -> None:
        """Say once that the source is lost, and once that it is back."""
        if self._capture is not None and bool(self._capture.outage) != self._lost:
            self._lost = not self._lost
            self._warn(self._capture.outage if self._lost else f"{self._capture.name} is back")
