"""Write what was read as lines of text: JSON lines and tables."""

import csv
import io
import json
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from realtime.outputs.sink import OutputError, Sink
from realtime.tracking.tracked_frame import TrackedFrame

COLUMNS = ("source", "frame", "time", "id", "text", "state", "row", "confidence", "x", "y", "w", "h")


class TextSink(Sink):
    """A sink of lines into a file, or standard output where the path is "-", or a file that is open already.

    Raises OutputError where the file cannot be opened or written.
    """

    def __init__(self, path: str | TextIO, add: bool = False) -> None:
        self._mine, self._broken = isinstance(path, str) and path != "-", False
        self.path = path if isinstance(path, str) else "-"
        self._file: TextIO = path if not isinstance(path, str) else sys.stdout if path == "-" else _open_text(path, add)

    def put(self, text: str) -> None:
        """Write text that is whole lines, so that it is there even when the run is killed."""
        try:
            self._file.write(text)
            self._file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            self._broken = True
            if self._mine:
                with suppress(OSError):
                    self._file.close()  # tries again, and fails again
                _cut_to_lines(Path(self.path))
            raise OutputError(f"cannot write {self.path}: {error.strerror or error}") from None

    def close(self, whole: bool) -> None:
        """Close the file, or flush what is not ours."""
        if not self._broken:
            self._file.close() if self._mine else self._file.flush()


class JsonLines(TextSink):
    """Write one JSON object a line and frame; lines are whole even when the run is killed."""

    def take(self, seen: TrackedFrame) -> None:
        """Write the frame's line."""
        self.put(json.dumps(seen.to_dict(), ensure_ascii=False) + "\n")


class Csv(TextSink):
    """Write a table with a line for each number of each frame; head: begin with the names of its columns."""

    def __init__(self, path: str | TextIO, head: bool = True) -> None:
        super().__init__(path)
        if head:
            self._rows([COLUMNS])

    def take(self, seen: TrackedFrame) -> None:
        """Write the frame's numbers."""
        frame = seen.frame
        place = (frame.source, frame.index, f"{frame.time:.3f}")
        self._rows([(*place, t.id, t.text, t.state, t.row, f"{t.confidence:.4f}", *t.box) for t in seen.tracks])

    def _rows(self, rows: Iterable[tuple[object, ...]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        self.put(text.getvalue())


def _open_text(path: str, add: bool) -> TextIO:
    """Open a text file for writing, from its start or, to `add`, from its end."""
    try:
        return Path(path).open("a" if add else "w", encoding="utf-8", newline="")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from None


def _cut_to_lines(path: Path) -> None:
    """Take a half line off the end of a file, as a full disk leaves one."""
    if path.is_file():  # not a device
        with path.open("r+b") as file:
            file.truncate(file.read().rfind(b"\n") + 1)
