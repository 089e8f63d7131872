"""Read a source as it comes: open it, read and track each frame, and know how it goes."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from realtime.both import Both
from realtime.camera import Wanted, is_camera, is_stream, open_live
from realtime.capture import Clip, Frame, Stills, is_glob, turn
from realtime.classifier import Classifier
from realtime.keys import Controls, Scene
from realtime.newest import Newest
from realtime.recording import Replay, is_record
from realtime.screen import Status
from realtime.tracker import Tracker
from realtime.watch import Watch

Source = Newest | Clip | Stills | Replay


def open_source(source: str, wanted: Wanted, give_up: float) -> Source:
    """Open a camera, stream, clip, folder or pattern of pictures, or record. Raises SourceError where it cannot."""
    if is_camera(source) or is_stream(source):
        return Newest(partial(open_live, source, wanted), source, give_up)
    if is_record(Path(source)):
        return Replay(Path(source))
    if Path(source).is_dir() or is_glob(source):
        return Stills(source, wanted.fps or 25.0)
    return Clip(Path(source))


class Live:
    """Read the frames of a source as `controls` ask. paced: play files at their own speed, for a window.

    warn: told in a line when the source is lost, when it is back, and when a camera gives another size than asked.
    """

    def __init__(
        self,
        source: Source,
        classifier: Classifier | Both,
        tracker: Tracker,
        controls: Controls,
        warn: Callable[[str], None],
    ) -> None:
        self.source, self._classifier = source, classifier
        self._controls, self._warn = controls, warn
        self._watch = Watch(tracker)
        self._fps, self._before, self._age = 0.0, 0.0, 0.0
        self._lost = False

    def scenes(self, rotate: int = 0, paced: bool = False, most: int | None = None) -> Iterator[Scene | None]:
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

    def use(self, classifier: Classifier | Both) -> None:
        """Read with another network, or two, from the next frame on."""
        self._classifier = classifier

    def status(self) -> Status:
        """Tell how it goes just now; the delay is that of the last frame, from its capture to this call."""
        live = isinstance(self.source, Newest)
        return Status(
            self._fps,
            1000 * self._age if live else None,
            self.source.dropped if live else 0,
            f"{self._classifier.device} {self._classifier.path.stem}",
            self.source.state if live else "",
        )

    def shown(self, scene: Scene) -> None:
        """Take note that a scene has reached the screen."""
        if isinstance(self.source, Newest):
            self._age = self.source.age(scene.frame)

    def _look(self, frame: Frame) -> Scene:
        """Read a frame and track its numbers."""
        start = time.monotonic()
        asked = self._controls
        tracks = self._watch.see(
            frame.image, frame.time, self._classifier, asked.confidence, asked.polarity, anew=asked.steps
        )
        now = time.monotonic()
        if self._before:
            rate = 1 / max(now - self._before, 1e-3)
            self._fps = rate if not self._fps else self._fps + 0.1 * (rate - self._fps)
        self._before = now
        return Scene(frame, self._watch.page, tracks, 1000 * (now - start), asked.polarity)

    def _tell(self) -> None:
        """Say once that the source is lost, and once that it is back."""
        state = self.source.state if isinstance(self.source, Newest) else ""
        if bool(state) != self._lost:
            self._lost = bool(state)
            self._warn(f"{state}" if state else f"{self.source.name} is back")
