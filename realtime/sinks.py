"""Where readings go: window, pictures, JSON lines, CSV.

Each is a context manager that takes frames with the tracks seen in them.
"""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.capture import Frame
from realtime.overlay import draw
from realtime.tracker import Track

COLUMNS = ("source", "frame", "time", "id", "text", "state", "row", "confidence", "x", "y", "w", "h")


Who = Callable[[NDArray[np.float32]], str]  # which of two networks gave these probabilities of the digits, (10,)


class OutputError(OSError):
    """A file or window that cannot be written or opened."""


class Sink:
    """The base of all sinks: opens nothing, closes nothing, and lets errors pass."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(error is None)

    def take(self, frame: Frame, tracks: list[Track], latency_ms: float) -> None:
        """Take one frame with what was read in it and how long that took, ms."""
        raise NotImplementedError

    def close(self, whole: bool) -> None:
        """Finish; `whole` is False where the run broke off."""


def describe(frame: Frame, tracks: list[Track], latency_ms: float, who: Who | None = None) -> dict[str, object]:
    """Return the JSON line of one frame as a dictionary: the form promised to readers outside the project.

    who: tells which of two networks gave a digit's probabilities, which becomes the digit's key "model"; where it tells
    nothing, there is no such key.
    """
    height, width = frame.image.shape[:2]
    return {
        "source": frame.source,
        "frame": frame.index,
        "time": round(frame.time, 3),
        "size": [width, height],
        "latency_ms": round(latency_ms, 2),
        "numbers": [
            {
                "id": track.id,
                "text": track.text,
                "state": track.state,
                "row": track.row,
                "confidence": round(track.confidence, 4),
                "box": list(track.box),
                "digits": [
                    {"text": digit.text, "confidence": round(digit.confidence, 4), "box": list(digit.box)}
                    | ({"model": said} if who is not None and (said := who(digit.probabilities)) else {})
                    for digit in track.digits
                ],
            }
            for track in tracks
        ],
    }


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
    """Write one JSON object a line and frame; lines are whole even when the run is killed. who: see `describe`."""

    def __init__(self, path: str | TextIO, who: Who | None = None, add: bool = False) -> None:
        super().__init__(path, add)
        self._who = who

    def take(self, frame: Frame, tracks: list[Track], latency_ms: float) -> None:
        """Write the frame's line."""
        self.put(json.dumps(describe(frame, tracks, latency_ms, self._who), ensure_ascii=False) + "\n")


class Csv(TextSink):
    """Write a table with a line for each number of each frame; head: begin with the names of its columns."""

    def __init__(self, path: str | TextIO, head: bool = True) -> None:
        super().__init__(path)
        if head:
            self._rows([COLUMNS])

    def take(self, frame: Frame, tracks: list[Track], latency_ms: float) -> None:
        """Write the frame's numbers."""
        place = (frame.source, frame.index, f"{frame.time:.3f}")
        self._rows([(*place, t.id, t.text, t.state, t.row, f"{t.confidence:.4f}", *t.box) for t in tracks])

    def _rows(self, rows: Iterable[tuple[object, ...]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        self.put(text.getvalue())


class Window(Sink):
    """Show the annotated frames; `closed` tells that the user pressed q or Esc, or closed the window."""

    def __init__(self, title: str, wait_ms: int) -> None:
        reason = why_no_display()
        if reason is not None:
            raise OutputError(f"cannot open a window: {reason}; read without one with --no-show")
        self.title, self.wait_ms, self.closed = title, wait_ms, False
        self._shown = self._seen = False

    def take(self, frame: Frame, tracks: list[Track], latency_ms: float) -> None:
        """Show the frame and look at the keys."""
        if not self._shown:
            cv2.namedWindow(self.title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
            height, width = frame.image.shape[:2]
            fit = min(1.0, 1280 / width, 800 / height)
            cv2.resizeWindow(self.title, max(1, int(width * fit)), max(1, int(height * fit)))
            self._shown = True
        cv2.imshow(self.title, draw(frame.image, tracks))
        while True:
            key = cv2.waitKey(self.wait_ms or 50)
            is_seen = is_open(self.title)
            # A window takes a while to come up: it was closed only if it had been there.
            if key in (ord("q"), 27) or (self._seen and not is_seen):
                self.closed = True
            self._seen = self._seen or is_seen
            if self.wait_ms or self.closed or key >= 0:
                return

    def close(self, whole: bool) -> None:
        """Close the window."""
        if self._shown:
            cv2.destroyAllWindows()


def is_open(title: str) -> bool:
    """Tell whether a window that was shown is still open."""
    try:
        return cv2.getWindowProperty(title, cv2.WND_PROP_VISIBLE) >= 1
    except cv2.error:  # Qt's answer when the last window was closed
        return False


def why_no_display() -> str | None:
    """Say why no window can be opened, or None where one can: imshow without a display aborts the whole process."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "neither DISPLAY nor WAYLAND_DISPLAY is set"
    probe = "import cv2; cv2.namedWindow('probe'); cv2.waitKey(1)"
    if subprocess.run([sys.executable, "-c", probe], capture_output=True, check=False, timeout=30).returncode:
        return "the display does not answer"
    return None


def save_picture(path: Path, image: NDArray[np.uint8]) -> None:
    """Write a picture (H, W, 3) BGR by its name's ending, whole or not at all. Raises OutputError."""
    try:
        ok, data = cv2.imencode(path.suffix, image)
    except cv2.error:
        raise OutputError(_unknown_ending(path)) from None
    if not ok:
        raise OutputError(f"cannot save {path}: the picture cannot be encoded as {path.suffix}")
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_bytes(data.tobytes())
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise OutputError(f"cannot save {path}: {error.strerror or error}") from None


def _unknown_ending(path: Path) -> str:
    return f"cannot save {path}: unknown ending {path.suffix!r}, use .png or .jpg"


def check_picture(path: Path) -> None:
    """Refuse a picture's name that cannot be written: its folder, its ending. Raises OutputError."""
    check_folder(path)
    if not cv2.haveImageWriter(path.name):
        raise OutputError(_unknown_ending(path))


def places(folder: Path, sources: Iterable[Path], ending: str) -> list[Path]:
    """Make a folder and name a file in it for each source, none twice: a second a.jpg gives a-2. Raises OutputError."""
    make_folder(folder)
    taken: dict[Path, None] = {}
    for source in sources:
        place, number = folder / f"{source.stem}{ending}", 1
        while place in taken:
            number += 1
            place = folder / f"{source.stem}-{number}{ending}"
        taken[place] = None
    return list(taken)


def check_folder(path: Path) -> None:
    """Refuse a file whose folder is missing or cannot be written."""
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"cannot save {path}: no folder {folder}; make it first")
    if path.is_dir() or not os.access(folder, os.W_OK):
        raise OutputError(
            f"cannot save {path}: " + ("it is a folder" if path.is_dir() else f"{folder} is not writable")
        )


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


def make_folder(folder: Path) -> None:
    """Make the folder that results go to. Raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make folder {folder}: {error.strerror or error}") from None
