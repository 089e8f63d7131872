"""Read one source on a thread of its own, and hand its newest frame to all who watch."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from realtime.live.loop import LiveLoop
from realtime.live.state import Controls
from realtime.outputs.overlay import Overlay
from realtime.reading.ensemble import Networks
from realtime.serving.messages import describe_events, describe_frame, picture_of
from realtime.sources.frame import FileSource, SourceError
from realtime.sources.live_capture import LiveCapture
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Tracker

POLL = 0.1  # s between two looks at what is asked for, once the source has ended


class Shown:
    """A frame as it was read, with its marks; its pictures are made when the first page asks for them."""

    def __init__(self, tracked: TrackedFrame, message: dict[str, Any]) -> None:
        self.tracked, self.message = tracked, message
        self._jpegs: dict[bool, bytes] = {}
        self._lock = threading.Lock()

    def jpeg(self, steps: bool) -> bytes:
        """Return the frame as JPEG, or the steps of reading it."""
        with self._lock:
            if steps not in self._jpegs:
                self._jpegs[steps] = picture_of(self.tracked, steps)
            return self._jpegs[steps]


class Station:
    """Read a source until it ends or `close`; `shown` is its newest frame.

    name: of the source, without what is secret in it. tell: called from the thread after each frame with what settled
    in it, and whenever `trouble` changes. take: told of each frame that was read. warn: told in a line when the source
    is lost, back, or ended.
    """

    def __init__(
        self,
        name: str,
        source: LiveCapture | FileSource,
        networks: Networks,
        tracker: Tracker,
        controls: Controls,
        tell: Callable[[list[dict[str, Any]]], None],
        take: Callable[[TrackedFrame], None],
        warn: Callable[[str], None],
    ) -> None:
        self.name, self.tracker, self.controls = name, tracker, controls
        self.shown: Shown | None = None
        self._ended = ""
        self._tell, self._take, self._warn = tell, take, warn
        self._loop = LiveLoop(source, networks, tracker, controls, warn)
        self._overlay = Overlay()
        self._asked: queue.Queue[tuple[Callable[[], Any], Future[Any]]] = queue.Queue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"station {name}", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def close(self) -> None:
        """Stop reading and wait for the thread."""
        self._closing.set()
        self._thread.join(timeout=5)

    def use(self, networks: Networks) -> None:
        """Read with other networks from the next frame on."""
        self._loop.networks = networks

    @property
    def trouble(self) -> str:
        """Why no frame comes, empty while they come."""
        return self._ended or self._loop.status().outage

    def ask(self, action: Callable[[], Any]) -> "Future[Any]":
        """Have something done between two frames, on the thread that reads."""
        future: Future[Any] = Future()
        self._asked.put((action, future))
        return future

    def _run(self) -> None:
        """Read until the source ends, then do only what is asked for; runs in the thread."""
        try:
            for tracked in self._loop.frames(paced=True):
                if tracked is not None:
                    self._publish(tracked)
                elif self.trouble:
                    self._tell([])
                self._do_asked()
                if self._closing.is_set():
                    return
            self._ended = f"{self.name} has ended"
        except (SourceError, ValueError) as error:  # ValueError: of a region outside of the frame
            self._ended = str(error)
        self._warn(self._ended)
        self._tell([])
        while not self._closing.wait(POLL):
            self._do_asked()

    def _publish(self, tracked: TrackedFrame) -> None:
        """Show a frame to all who watch."""
        self._take(tracked)
        self._loop.mark_shown(tracked)
        self.shown = Shown(tracked, describe_frame(tracked, self._overlay, self._loop.status()))
        self._tell(describe_events(tracked))

    def _do_asked(self) -> None:
        while not self._asked.empty():
            action, future = self._asked.get()
            try:
                future.set_result(action())
            except (OSError, ValueError) as error:
                future.set_exception(error)
