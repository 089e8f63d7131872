"""Notice that a newly promoted model lies in its place, and take it up between two frames."""

import time
from collections.abc import Callable
from pathlib import Path

from realtime.reading.classifier import Classifier
from realtime.reading.ensemble import Ensemble
from realtime.reading.runtime import ModelRefusedError

# s between two looks at the model file. Set by hand: a look takes 10 microseconds, and a new model is in use at once.
CHECK_INTERVAL = 0.5


class ModelWatcher:
    """The network or networks in use, `current`; `renew` loads them anew when the model file has changed.

    load: loads them, and raises ModelRefusedError for a file that cannot be used. locate: gives the path of the model
    file, None where there is none yet.
    """

    def __init__(self, load: Callable[[], Classifier | Ensemble], locate: Callable[[], Path | None]) -> None:
        self._load, self._locate = load, locate
        self._file = self._identify()
        self._next = time.monotonic() + CHECK_INTERVAL
        self.current = load()

    def renew(self) -> str:
        """Take up a model file that has changed, and return a line that says so, or why it is refused; else ""."""
        now = time.monotonic()
        if now < self._next:
            return ""
        self._next = now + CHECK_INTERVAL
        file = self._identify()
        if file is None or file == self._file:
            return ""
        self._file = file
        try:
            self.current = self._load()
        except ModelRefusedError as error:
            return f"error: the new model is not taken up: {error}"
        return f"took up the new {self.current.path.name}"

    def _identify(self) -> tuple[Path, int, int, int] | None:
        """Return the path, number, size and time of the model file: promotion moves another file into its place."""
        path = self._locate()
        if path is None:
            return None
        try:
            status = path.stat()
        except OSError:
            return None  # the file is away or just being replaced: the network in use stays
        return path, status.st_ino, status.st_size, status.st_mtime_ns
