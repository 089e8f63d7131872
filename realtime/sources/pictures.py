"""Decode picture files, and hand out the pictures of a folder or a pattern as frames."""

import glob
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.sources.decoding import decode
from realtime.sources.frame import FileSource, Frame, SourceError
from realtime.sources.picture_bytes import read_bytes, source_name

# Endings of file names that are taken for pictures where a folder is searched for them.
PICTURES = frozenset(
    {".avif", ".bmp", ".heic", ".heif", ".jfif", ".jpeg", ".jpg", ".pbm", ".pdf", ".pgm", ".png", ".ppm"}
    | {".tif", ".tiff", ".webp"}
)
# What the Finder of macOS leaves beside each file on foreign disks: no picture, whatever its ending says.
_MAC_LITTER = "._"


def read_pages(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Read all pages of a picture file, each (H, W, 3) uint8 BGR, turned upright by its EXIF.

    path: "-" is standard input, an http address is fetched. Raises SourceError where it is no picture.
    """
    return decode(read_bytes(path), source_name(path))


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read the first page of a picture file as (H, W, 3) uint8 BGR, upright. Raises SourceError where it is none."""
    for page in read_pages(path):
        return page
    raise SourceError(f"cannot read picture {source_name(path)}: it holds no page")


class PictureSequence(FileSource):
    """The pictures of a file, a folder or a glob pattern as frames, by name and page, `fps` to a second.

    A picture that cannot be read is left out, and named in `notes`. Raises SourceError where there are none.
    """

    def __init__(self, source: str, fps: float = 25.0) -> None:
        super().__init__()
        folder = Path(source)
        if folder.is_dir():
            self.paths = find_files(folder, PICTURES)
        elif folder.is_file():
            self.paths = [folder]
        else:
            found = Path(folder.anchor).glob(str(folder.relative_to(folder.anchor)))
            self.paths = sorted(path for path in found if is_of_kind(path, PICTURES) and path.is_file())
        if not self.paths:
            raise SourceError(f"no pictures in {source}: it holds none of {' '.join(sorted(PICTURES))}")
        self.source = source
        self.fps, self.count = fps, len(self.paths)

    def frames(self, every: int = 1, limit: int | None = None) -> Iterator[Frame]:
        """Yield each `every`-th page, at most `limit`. Raises SourceError where none at all can be read."""
        index = 0
        for path in self.paths:
            try:
                for image in read_pages(path):
                    if index % every == 0:
                        if limit is not None and index // every >= limit:
                            return
                        yield Frame(image, index, index / self.fps, str(path))
                    index += 1
            except SourceError as error:
                if len(self.paths) == 1 and not index:
                    raise
                self._notes.append(f"left out: {error}")
                self.damaged += 1
        if not index:
            raise SourceError(f"no picture of {self.source} can be read; {self._notes[0]}")


def is_glob(source: str) -> bool:
    """Tell whether a source is a pattern such as photos/*.jpg, and no file of that name."""
    return glob.has_magic(source) and not Path(source).exists()


def is_of_kind(path: Path, kinds: frozenset[str]) -> bool:
    """Tell whether a file's name has one of these endings, and is not what macOS leaves beside such a file."""
    return path.suffix.lower() in kinds and not path.name.startswith(_MAC_LITTER)


def find_files(folder: Path, kinds: frozenset[str]) -> list[Path]:
    """List the files of these endings directly in a folder, by name. Raises SourceError where it cannot be listed."""
    try:
        return sorted(path for path in folder.iterdir() if is_of_kind(path, kinds) and path.is_file())
    except OSError as error:
        raise SourceError(f"cannot list folder {folder}: {error.strerror or error}") from None
