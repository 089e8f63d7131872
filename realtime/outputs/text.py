"""Write what was read as lines of text: JSON lines and tables."""

import csv
import io
import json
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from realtime.outputs.sink import OutputError, Sink
from realtime.sources.names import is_text
from realtime.sources.remote import is_remote, open_remote
from realtime.tracking.tracked_frame import TrackedFrame

# Columns of the table of numbers.
COLUMNS = (
    *("source", "frame", "time", "id", "text", "state", "row", "confidence"),
    *("x", "y", "w", "h", "fits", "region", "value", "error"),
)
# What spreadsheets run as a formula begins so; a number may, and runs nothing.
_FORMULA, _NUMBER = re.compile(r"[=+\-@\t\r]"), re.compile(r"[+-]?[0-9?.,]+")


class TextSink(Sink):
    """Write lines into a file, to standard output where the path is "-", or into a file that is open already.

    add: go on at the end of a file that is there. Raises OutputError where the file cannot be opened or written.
    """

    def __init__(self, path: str | TextIO, add: bool = False) -> None:
        self._owned, self._failed = isinstance(path, str) and path != "-", False
        self.path = path if isinstance(path, str) else "-"
        self._file: TextIO = path if not isinstance(path, str) else sys.stdout if path == "-" else _open_text(path, add)

    def put(self, text: str) -> None:
        """Write text that is whole lines, so that it is there even when the run is killed.

        Bytes of names that are no text are written as JSON writes halves of pairs, \\udcNN: `os.fsencode` of what is
        read back gives the name.
        """
        try:
            self._file.write(text if is_text(text) else text.encode("utf-8", "backslashreplace").decode())
            self._file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            self._failed = True
            if self._owned:
                with suppress(OSError):
                    self._file.close()  # writes what is left in the buffer, and fails again
                _cut_to_lines(Path(self.path))
            raise OutputError(f"cannot write {self.path}: {error.strerror or error}") from None

    def close(self) -> None:
        """Close the file; standard output, or a file opened by someone else, is flushed and stays open."""
        if not self._failed:
            self._file.close() if self._owned else self._file.flush()


class JsonLines(TextSink):
    """Write one JSON object a line and frame; lines are whole even when the run is killed."""

    def take(self, tracked: TrackedFrame) -> None:
        """Write the frame's line."""
        self.put(json.dumps(tracked.to_dict(), ensure_ascii=False) + "\n")


class Csv(TextSink):
    """Write a table with a line for each number of each frame; head: whether it begins with its column names."""

    def __init__(self, path: str | TextIO, head: bool = True) -> None:
        super().__init__(path)
        if head:
            self.put(csv_line(COLUMNS))

    def take(self, tracked: TrackedFrame) -> None:
        """Write the frame's numbers."""
        lines = []
        for line in tracked.to_dict()["numbers"]:
            line |= dict(zip("xywh", line["box"], strict=True)) | {"confidence": f"{line['confidence']:.4f}"}
            line |= {"source": tracked.frame.source, "frame": tracked.frame.index, "time": f"{tracked.frame.time:.3f}"}
            lines.append(csv_line(line.get(name, "") for name in COLUMNS))
        self.put("".join(lines))


def csv_line(values: Iterable[object]) -> str:
    """Return values as a line of a table, quoted where they hold commas, quotes or ends of lines.

    Text that a spreadsheet would run as a formula gets an apostrophe in front.

    >>> csv_line(["=1+1.png", "-58", 3])
    "'=1+1.png,-58,3\\n"
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([_defuse(value) for value in values])
    return text.getvalue()


def _defuse(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula."""
    runs = isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value)
    return f"'{value}" if runs else value


def _open_text(path: str, add: bool) -> TextIO:
    """Open a text file for writing, from its start or, to `add`, from its end."""
    try:
        if is_remote(path):
            return open_remote(path)
        return Path(path).open("a" if add else "w", encoding="utf-8", newline="")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from None


def _cut_to_lines(path: Path) -> None:
    """Take off the half line that a full disk leaves at the end of a file."""
    if path.is_file():  # not a device
        with path.open("r+b") as file:
            file.truncate(file.read().rfind(b"\n") + 1)
