"""Hand out the frames of a video file."""

from collections.abc import Iterator
from pathlib import Path

import cv2

from realtime.sources.frame import FileSource, Frame, SourceError, stated_rate

# Endings of file names that are taken for clips where a folder is searched for them.
CLIPS = frozenset({".avi", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"})


class Clip(FileSource):
    """The frames of a video file, every one in order; a context manager that owns the file's handle.

    `fps` is the rate that the file states (25 where it states none), `count` the number of frames it announces, which
    a truncated file does not keep. Raises SourceError where the file cannot be opened or holds no frame.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise SourceError(f"no clip {path}" + (": it is a folder" if path.is_dir() else ""))
        self._capture = cv2.VideoCapture(str(path))
        if not self._capture.isOpened():
            raise SourceError(f"cannot open clip {path}: not a video, damaged, or of a codec OpenCV does not know")
        self.fps = stated_rate(self._capture, limit=1000)
        self.count = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))

    def __exit__(self, *_: object) -> None:
        self._capture.release()

    def frames(self, every: int = 1, limit: int | None = None) -> Iterator[Frame]:
        """Yield each `every`-th frame, at most `limit`. Raises SourceError where the clip holds no frame at all."""
        index = yielded = 0
        while limit is None or yielded < limit:
            if not self._capture.grab():
                break
            if index % every == 0:
                # The file's own time of the frame just grabbed: index / fps is wrong where the rate varies.
                time = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                ok, image = self._capture.retrieve()
                if not ok:
                    break
                yield Frame(image, index, time if time > 0 or index == 0 else index / self.fps, str(self.path))
                yielded += 1
            index += 1
        if index == 0:
            raise SourceError(f"clip {self.path} opened but gave no frame: damaged, or of a codec OpenCV cannot decode")
