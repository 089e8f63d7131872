"""Open pictures, clips, and folders of pictures, and hand out their frames."""

import glob
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")  # before cv2 is imported: OpenCV writes ten lines for a missing file
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "8")
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "2")  # s; an unplugged camera blocks for 10 otherwise

import cv2
import numpy as np
from numpy.typing import NDArray

PICTURES = frozenset({".bmp", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
CLIPS = frozenset({".avi", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"})
MOST_PIXELS = 200_000_000  # larger pictures are refused before they fill the memory


class SourceError(OSError):
    """A picture, clip or camera that cannot be opened or was lost."""


@dataclass(frozen=True)
class Frame:
    """One picture of a source: image (H, W, 3) uint8 BGR, index from 0, time in s from the start of the source."""

    image: NDArray[np.uint8]
    index: int
    time: float
    source: str


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture file as (H, W, 3) uint8 BGR, turned upright by its EXIF. Raises SourceError where it is none."""
    try:
        data = path.read_bytes()  # not cv2.imread: on Windows it opens ASCII names alone
    except OSError as error:
        raise SourceError(f"cannot open picture {path}: {error.strerror or error}") from None
    if not data:
        raise SourceError(f"cannot read picture {path}: the file is empty")
    if data.startswith(b"\x89PNG") and b"IEND" not in data:
        raise SourceError(f"cannot read picture {path}: the file is cut short")  # libpng would write to stderr itself
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:  # raised for pictures above OpenCV's own limit of pixels
        raise SourceError(f"cannot read picture {path}: {error.err}") from None
    if image is None:
        raise SourceError(f"cannot read picture {path}: not a picture, damaged, or of a kind OpenCV does not know")
    if image.shape[0] * image.shape[1] > MOST_PIXELS:
        raise SourceError(f"picture {path} is too large ({image.shape[1]}x{image.shape[0]}): make it smaller first")
    return image


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


class Stills:
    """The pictures of a folder or a glob pattern as frames, in the order of their names, `fps` to a second.

    Raises SourceError where there are none, or one cannot be read.
    """

    live = False

    def __init__(self, source: str, fps: float = 25.0) -> None:
        folder = Path(source)
        if folder.is_dir():
            self.paths = find_files(folder, PICTURES)
        else:
            found = Path(folder.anchor).glob(str(folder.relative_to(folder.anchor)))
            self.paths = sorted(path for path in found if path.suffix.lower() in PICTURES and path.is_file())
        if not self.paths:
            raise SourceError(f"no pictures in {source}: it holds none of {' '.join(sorted(PICTURES))}")
        self.fps, self.count = fps, len(self.paths)

    def __enter__(self) -> "Stills":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def frames(self, every: int = 1, most: int | None = None) -> Iterator[Frame]:
        """Yield each `every`-th picture, at most `most`."""
        for index in range(0, self.count, every)[:most]:
            yield Frame(read_picture(self.paths[index]), index, index / self.fps, str(self.paths[index]))


def is_glob(source: str) -> bool:
    """Tell whether a source is a pattern such as photos/*.jpg, and no file of that name."""
    return glob.has_magic(source) and not Path(source).exists()


def turn(frame: Frame, degrees: int) -> Frame:
    """Turn a frame clockwise by 0, 90, 180 or 270 degrees."""
    turns = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    return replace(frame, image=cv2.rotate(frame.image, turns[degrees])) if degrees else frame


def find_files(folder: Path, kinds: frozenset[str]) -> list[Path]:
    """List the files of these endings directly in a folder, by name. Raises SourceError where it cannot be listed."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in kinds and path.is_file())
    except OSError as error:
        raise SourceError(f"cannot list folder {folder}: {error.strerror or error}") from None
