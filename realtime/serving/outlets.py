"""Hand what several sources give to the same outputs, one frame after the other."""

import threading
from collections.abc import Callable, Sequence

from realtime.outputs.sink import OutputError, Sink
from realtime.tracking.tracked_frame import TrackedFrame


class Outlets:
    """Give frames to all sinks, from any thread; one that fails is told of in a line, and gets no more."""

    def __init__(self, sinks: Sequence[Sink], warn: Callable[[str], None]) -> None:
        self._sinks, self._warn = list(sinks), warn
        self._lock = threading.Lock()

    def take(self, tracked: TrackedFrame) -> None:
        """Give a frame to all sinks."""
        with self._lock:
            for sink in list(self._sinks):
                try:
                    sink.take(tracked)
                except OutputError as error:
                    self._sinks.remove(sink)
                    self._warn(f"error: {error}; nothing more goes there")
