"""Hand out the frames of a video file."""

import math
from collections.abc import Iterator
from pathlib import Path

import cv2

from realtime.sources.frame import Frame, SourceError

CLIPS = frozenset({".avi", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"})


class Clip:
    """The frames of a video file, every one in order; a context manager that owns the file's handle.

    `fps` is the rate that the file states (25 where it states none), `count` the number of frames it announces, which
    a truncated file does not keep. Raises SourceError where the file cannot be opened or holds no frame.
    """

    live = False

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise SourceError(f"no clip {path}" + (": it is a folder" if path.is_dir() else ""))
        self._capture = cv2.VideoCapture(str(path))
        if not self._capture.isOpened():
            raise SourceError(f"cannot open clip {path}: not a video, damaged, or of a codec OpenCV does not know")
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if math.isfinite(fps) and 0 < fps <= 1000 else 25.0
        self.count = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))

    def __enter__(self) -> "Clip":
        return self

    def __exit__(self, *_: object) -> None:
        self._capture.release()

    def frames(self, every: int = 1, most: int | None = None) -> Iterator[Frame]:
        """Yield each `every`-th frame, at most `most`. Raises SourceError where the clip holds no frame at all."""
        index = yielded = 0
        while most is None or yielded < most:
            if not self._capture.grab():
                break
            if index % every == 0:
                # The time of the frame just grabbed; with a variable rate index / fps would be wrong.
                time = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                ok, image = self._capture.retrieve()
                if not ok:
                    break
                yield Frame(image, index, time if time > 0 or index == 0 else index / self.fps, str(self.path))
                yielded += 1
            index += 1
        if index == 0:
            raise SourceError(f"clip {self.path} opened but gave no frame: damaged, or of a codec OpenCV cannot decode")
