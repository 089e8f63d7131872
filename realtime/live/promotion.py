"""Notice that a newly promoted model lies in its place, and take it up between two frames."""

import time
from collections.abc import Callable
from pathlib import Path

from realtime.reading.classifier import Classifier
from realtime.reading.ensemble import Ensemble
from realtime.reading.runtime import ModelRefusedError

LOOK = 0.5  # s between looks at the file


class ModelWatcher:
    """The network or networks in use, `current`; `renew` opens them anew when the model file has changed.

    open_networks: gives them, and raises ModelRefusedError for a file that cannot be used. place: gives the file to
    look at, None where there is none yet.
    """

    def __init__(self, open_networks: Callable[[], Classifier | Ensemble], place: Callable[[], Path | None]) -> None:
        self._open, self._place = open_networks, place
        self._file = self._look()
        self._next = time.monotonic() + LOOK
        self.current = open_networks()

    def renew(self) -> str:
        """Take up a changed model, and say so in a line; a file that is refused is told of once, and none taken up."""
        now = time.monotonic()
        if now < self._next:
            return ""
        self._next = now + LOOK
        file = self._look()
        if file is None or file == self._file:
            return ""
        self._file = file
        try:
            self.current = self._open()
        except ModelRefusedError as error:
            return f"error: the new model is not taken up: {error}"
        return f"took up the new {self.current.path.name}"

    def _look(self) -> tuple[Path, int, int, int] | None:
        """Return what tells one file from the next in its place: promotion moves a new one there."""
        path = self._place()
        if path is None:
            return None
        try:
            told = path.stat()
        except OSError:
            return None  # between one file and the next, or not there: the network in use stays
        return path, told.st_ino, told.st_size, told.st_mtime_ns
