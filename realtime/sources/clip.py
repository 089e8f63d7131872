"""Hand out the frames of a video file."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.sources.display_matrix import read_mirror, show_by
from realtime.sources.frame import FileSource, Frame, SourceError, stated_rate
from realtime.sources.names import name_for_c

# Endings of file names that are taken for clips where a folder is searched for them.
CLIPS = frozenset({".avi", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"})
# Frames in a row that may be damaged before the clip is taken to have ended. Set by hand: at the end of a whole file it
# costs a millisecond.
MAX_DAMAGED = 100
# A clip that ends before this share of the time that it announces, and lacks so many frames, was cut off. By hand: the
# rate that a file states may be a little off.
WHOLE_SHARE, WHOLE_FRAMES = 0.95, 2


class Clip(FileSource):
    """The frames of a video file, every one in order; a context manager that owns the file's handle.

    `fps` is the rate that the file states (25 where it states none), `count` the number of frames it announces, which
    a truncated file does not keep. Frames that cannot be decoded are passed over and counted in `damaged`. Raises
    SourceError where the file cannot be opened or holds no frame.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        if not path.is_file():
            what = ": it is a folder" if path.is_dir() else ": no regular file" if path.exists() else ""
            raise SourceError(f"no clip {path}{what}")
        try:
            self._mirror = read_mirror(path)
            with name_for_c(path) as name:
                self._capture = cv2.VideoCapture(name)
        except OSError as error:
            raise SourceError(f"cannot open clip {path}: {error.strerror or error}") from None
        if not self._capture.isOpened():
            raise SourceError(f"cannot open clip {path}: not a video, damaged, or of a codec OpenCV does not know")
        if self._mirror is not None:
            self._capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
        self.fps = stated_rate(self._capture, limit=1000)
        self.count = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))

    def __exit__(self, *_: object) -> None:
        self._capture.release()

    def frames(self, every: int = 1, limit: int | None = None) -> Iterator[Frame]:
        """Yield each `every`-th frame, at most `limit`. Raises SourceError where the clip holds no frame at all."""
        index = yielded = failed = 0
        time = 0.0
        while (limit is None or yielded < limit) and failed < MAX_DAMAGED:
            if not self._capture.grab():
                failed += 1
                continue
            # Those that failed before this one were damaged frames; at the end of the file there is no such one.
            self.damaged, index, failed = self.damaged + failed, index + failed, 0
            # The file's own time of the frame just grabbed: index / fps is wrong where the rate varies.
            stated = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            time = stated if stated > 0 or index == 0 else index / self.fps
            if index % every == 0:
                image = self._retrieve()
                self.damaged += image is None
                if image is not None:
                    yield Frame(image, index, time, str(self.path))
                    yielded += 1
            index += 1
        if failed and index:
            self._note_end(index, time)
        if index == 0:
            raise SourceError(f"clip {self.path} opened but gave no frame: damaged, or of a codec OpenCV cannot decode")

    def _retrieve(self) -> NDArray[np.uint8] | None:
        """Return the frame just grabbed, (H, W, 3), as it is to be shown, or None where it is damaged."""
        ok, image = self._capture.retrieve()
        if not ok or image is None or not image.size:
            return None
        return image if self._mirror is None else show_by(self._mirror, image)

    @property
    def notes(self) -> list[str]:
        """Lines that say how many frames were damaged so far, and whether the clip ended before its time."""
        left_out = f"{self.path}: {self.damaged} damaged frame{'s' * (self.damaged > 1)} left out"
        return [left_out, *self._notes] if self.damaged else self._notes

    def _note_end(self, index: int, time: float) -> None:
        """Note where the clip ended too early: after `index` frames, the last of them at `time`, s."""
        announced = self.count / self.fps
        if index + WHOLE_FRAMES < self.count and time + 1 / self.fps < WHOLE_SHARE * announced:
            self._notes.append(f"{self.path} is cut short: it ends after {time:.1f} of {announced:.1f} s")
