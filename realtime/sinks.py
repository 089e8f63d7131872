"""Where readings go: window, video file, picture, JSON lines, CSV.

Each is a context manager that takes frames with the tracks seen in them.
"""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.capture import Frame
from realtime.overlay import draw
from realtime.tracker import Track

CODECS = {".mp4": "mp4v", ".m4v": "mp4v", ".avi": "MJPG", ".mkv": "mp4v", ".webm": "VP80"}
COLUMNS = ("source", "frame", "time", "id", "text", "state", "row", "confidence", "x", "y", "w", "h")


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


def describe(frame: Frame, tracks: list[Track], latency_ms: float) -> dict[str, object]:
    """Return the JSON line of one frame as a dictionary: the form promised to readers outside the project."""
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
                    for digit in track.digits
                ],
            }
            for track in tracks
        ],
    }


class _TextSink(Sink):
    """A sink of lines into a file, or standard output where the path is "-"."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._file: TextIO = sys.stdout if path == "-" else _open_text(path)

    def close(self, whole: bool) -> None:
        """Close the file, or flush standard output."""
        self._file.flush() if self._file is sys.stdout else self._file.close()


class JsonLines(_TextSink):
    """Write one JSON object a line and frame; lines are whole even when the run is killed."""

    def take(self, frame: Frame, tracks: list[Track], latency_ms: float) -> None:
        """Write the frame's line."""
        self._file.write(json.dumps(describe(frame, tracks, latency_ms), ensure_ascii=False) + "\n")
        self._file.flush()


class Csv(_TextSink):
    """Write a table with a line for each number of each frame."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(COLUMNS)

    def take(self, frame: Frame, tracks: list[Track], latency_ms: float) -> None:
        """Write the frame's numbers."""
        for t in tracks:
            place = (frame.source, frame.index, f"{frame.time:.3f}")
            self._writer.writerow((*place, t.id, t.text, t.state, t.row, f"{t.confidence:.4f}", *t.box))
        self._file.flush()


class VideoFile(Sink):
    """Write the annotated frames as a video; the kind follows the name's ending, .mp4, .avi, .mkv or .webm."""

    def __init__(self, path: Path, fps: float) -> None:
        if path.suffix.lower() not in CODECS:
            raise OutputError(f"cannot save {path}: unknown ending, use one of {' '.join(CODECS)}")
        _check_folder(path)
        self.path, self.fps = path, fps
        self._unfinished = path.with_name(f"{path.stem}.part{path.suffix}")
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def take(self, frame: Frame, tracks: list[Track], latency_ms: float) -> None:
        """Write the annotated frame; frames of another size than the first are fitted into it."""
        image = draw(frame.image, tracks)
        if self._writer is None:
            self._size = (image.shape[1], image.shape[0])
            fourcc = cv2.VideoWriter.fourcc(*CODECS[self.path.suffix.lower()])
            self._writer = cv2.VideoWriter(str(self._unfinished), fourcc, self.fps, self._size)
            if not self._writer.isOpened():
                raise OutputError(f"cannot write video {self.path}: no permission, disk full, or no codec for it")
        self._writer.write(_fit(image, self._size))

    def close(self, whole: bool) -> None:
        """Finish the file under its name; a run that broke off keeps what it has."""
        if self._writer is None:
            return
        self._writer.release()
        if not self._unfinished.is_file() or self._unfinished.stat().st_size == 0:
            raise OutputError(f"cannot write video {self.path}: nothing reached the disk; is it full?")
        self._unfinished.replace(self.path)


class Pictures(Sink):
    """Write annotated pictures: to the file `path` where there is a single one, else into the folder `path`."""

    def __init__(self, path: Path, single: bool) -> None:
        self.path, self.single = path, single and path.suffix != ""
        if self.single:
            _check_folder(path)
        else:
            try:
                path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OutputError(f"cannot make folder {path}: {error.strerror or error}") from None

    def take(self, frame: Frame, tracks: list[Track], latency_ms: float) -> None:
        """Write the annotated picture."""
        target = self.path if self.single else self.path / f"{Path(frame.source).stem}.png"
        save_picture(target, draw(frame.image, tracks))


class Window(Sink):
    """Show the annotated frames; `closed` tells that the user pressed q or Esc, or closed the window."""

    def __init__(self, title: str, wait_ms: int) -> None:
        reason = why_no_display()
        if reason is not None:
            raise OutputError(f"cannot open a window: {reason}; read without one with --no-show")
        self.title, self.wait_ms, self.closed = title, wait_ms, False
        self._shown = False

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
            if key in (ord("q"), 27) or cv2.getWindowProperty(self.title, cv2.WND_PROP_VISIBLE) < 1:
                self.closed = True
            if self.wait_ms or self.closed or key >= 0:
                return

    def close(self, whole: bool) -> None:
        """Close the window."""
        if self._shown:
            cv2.destroyAllWindows()


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
        raise OutputError(f"cannot save {path}: unknown ending {path.suffix!r}, use .png or .jpg") from None
    if not ok:
        raise OutputError(f"cannot save {path}: the picture cannot be encoded as {path.suffix}")
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_bytes(data.tobytes())
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise OutputError(f"cannot save {path}: {error.strerror or error}") from None


def _fit(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Bring an image to a size (w, h): the writer drops frames of another size without an error."""
    return image if (image.shape[1], image.shape[0]) == size else cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _check_folder(path: Path) -> None:
    """Refuse a file whose folder is missing or cannot be written."""
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"cannot save {path}: no folder {folder}; make it first")
    if path.is_dir() or not os.access(folder, os.W_OK):
        raise OutputError(
            f"cannot save {path}: " + ("it is a folder" if path.is_dir() else f"{folder} is not writable")
        )


def _open_text(path: str) -> TextIO:
    """Open a text file for writing."""
    try:
        return Path(path).open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from None
