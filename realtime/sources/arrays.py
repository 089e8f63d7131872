"""Read arrays of labelled pictures from npz files, within bounds of memory."""

import lzma
import tokenize
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.sources.frame import SourceError

# Bytes of such a file's arrays, unpacked, at most: as many digits as MNIST has, five times. Set by hand.
MAX_BYTES = 1 << 28
MAX_SIDE = 2000  # pixels of a picture; larger ones are files of their own. Set by hand.
# What NumPy and zipfile raise for files that are damaged or foreign, found by fuzzing.
_BROKEN = (
    *(OSError, ValueError, LookupError, EOFError, TypeError, AttributeError, MemoryError, RuntimeError, SyntaxError),
    *(ArithmeticError, NotImplementedError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, tokenize.TokenError),
)


def read_labelled(path: Path) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """Return the arrays `images` (N, H, W) uint8 and `labels` (N,) of an npz file. Raises SourceError for another."""
    try:
        with warnings.catch_warnings(), path.open("rb") as file, zipfile.ZipFile(file) as archive:
            warnings.simplefilter("ignore")
            size = sum(member.file_size for member in archive.infolist())
            if size > MAX_BYTES:
                raise SourceError(f"{path} is too large: {size} bytes unpacked, {MAX_BYTES} at most")
            images, labels = (_read(archive, name) for name in ("images", "labels"))
    except SourceError:
        raise
    except _BROKEN as error:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise SourceError(f"cannot read {path} as an npz file with images and labels: {said}") from None
    if images.dtype != np.uint8 or images.ndim != 3 or 0 in images.shape or labels.shape != images.shape[:1]:
        told = f"{images.shape} {images.dtype} with labels {labels.shape}"
        raise SourceError(f"{path}: images must be (N, H, W) uint8 with N labels, got {told}")
    if max(images.shape[1:]) > MAX_SIDE:
        raise SourceError(f"{path} holds pictures of {images.shape[1:]}, above {MAX_SIDE}: keep such as files")
    if labels.dtype.kind not in "biufUS":
        raise SourceError(f"{path}: labels must be numbers or texts, got {labels.dtype}")
    return images, labels


def _read(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """Return one array of an archive; what its header promises is held against what there is before it is set aside."""
    with archive.open(f"{name}.npy") as member:
        version = np.lib.format.read_magic(member)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(member, max_header_size=10_000)
        if (
            dtype.hasobject
            or dtype.itemsize * int(np.prod(shape, dtype=object)) > archive.getinfo(f"{name}.npy").file_size
        ):
            raise ValueError(f"{name} promises {shape} {dtype}, more than the file holds")
    with archive.open(f"{name}.npy") as member:
        return np.asarray(np.lib.format.read_array(member, allow_pickle=False))
