"""Read picture files, one alone or a folder of them as frames."""

import glob
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.sources.frame import Frame, SourceError

# Endings of file names that are taken for pictures where a folder is searched for them.
PICTURES = frozenset({".bmp", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
# Pictures of more pixels are refused, before they fill the memory: one of this size takes 0.6 GB. Set by hand.
MAX_PIXELS = 200_000_000


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
    if image.shape[0] * image.shape[1] > MAX_PIXELS:
        raise SourceError(f"picture {path} is too large ({image.shape[1]}x{image.shape[0]}): make it smaller first")
    return image


class PictureSequence:
    """The pictures of a folder or a glob pattern as frames, in the order of their names, `fps` to a second.

    Raises SourceError where there are none.
    """

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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def frames(self, every: int = 1, limit: int | None = None) -> Iterator[Frame]:
        """Yield each `every`-th picture, at most `limit`. Raises SourceError where one cannot be read."""
        for index in range(0, self.count, every)[:limit]:
            yield Frame(read_picture(self.paths[index]), index, index / self.fps, str(self.paths[index]))


def is_glob(source: str) -> bool:
    """Tell whether a source is a pattern such as photos/*.jpg, and no file of that name."""
    return glob.has_magic(source) and not Path(source).exists()


def find_files(folder: Path, kinds: frozenset[str]) -> list[Path]:
    """List the files of these endings directly in a folder, by name. Raises SourceError where it cannot be listed."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in kinds and path.is_file())
    except OSError as error:
        raise SourceError(f"cannot list folder {folder}: {error.strerror or error}") from None
