"""Read MNIST's four IDX files, gzipped or not, and refuse what is truncated, swapped or mismatched, by name."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from realtime.reading.crops import SIDE
from realtime.sources.frame import SourceError

FILES = {
    ("train", "images"): "train-images-idx3-ubyte",
    ("train", "labels"): "train-labels-idx1-ubyte",
    ("test", "images"): "t10k-images-idx3-ubyte",
    ("test", "labels"): "t10k-labels-idx1-ubyte",
}
MAX_BYTES = 1 << 28  # of a file, unpacked, at most: five times what MNIST's largest has. Set by hand.
MAGIC = {0x0801: "labels", 0x0803: "images"}


class DataError(SourceError):
    """Data that is missing, cannot be fetched, or is not what its name says."""


def read_mnist(folder: Path, part: str) -> tuple[Tensor, Tensor]:
    """Return crops (N, 1, 28, 28) uint8 and labels (N,) int64 of part "train" or "test". Raises DataError."""
    images_path, labels_path = (find(folder, FILES[part, kind]) for kind in ("images", "labels"))
    images, labels = read_idx(images_path, "images"), read_idx(labels_path, "labels")
    if len(images) != len(labels):
        raise DataError(f"{images_path} holds {len(images)} pictures but {labels_path} {len(labels)} labels")
    if not len(images):
        raise DataError(f"{images_path} holds no pictures")
    if images.shape[1:] != (SIDE, SIDE):
        raise DataError(f"{images_path} holds pictures of {images.shape[1:]}, not of 28x28")
    if labels.max() > 9:
        raise DataError(f"{labels_path} holds the label {labels.max()}, not only digits")
    return torch.from_numpy(images.copy()).unsqueeze(1), torch.from_numpy(labels.astype(np.int64))


def find(folder: Path, name: str) -> Path:
    """Return the path of an IDX file in a folder, plain or gzipped, under either of its usual names."""
    for candidate in (name, name.replace("-idx", ".idx")):
        for path in (folder / candidate, folder / f"{candidate}.gz"):
            if path.is_file():
                return path
    raise DataError(f"no {name} or {name}.gz in {folder}: name a folder with the four MNIST files, or leave --data out")


def read_idx(path: Path, kind: str) -> NDArray[np.uint8]:
    """Return the array of an IDX file of `kind` "images", (N, H, W), or "labels", (N,). Raises DataError."""
    content = unpacked(path)
    if len(content) < 8:
        raise DataError(f"{path} is truncated: {len(content)} bytes")
    magic = int.from_bytes(content[:4])
    found = MAGIC.get(magic)
    if found is None:
        raise DataError(f"{path} is no IDX file of bytes: its magic number is {magic:#010x}")
    if found != kind:
        raise DataError(f"{path} holds {found} where {kind} are expected: are the files swapped?")
    dimensions = magic & 0xFF
    start = 4 + 4 * dimensions
    shape = tuple(int.from_bytes(content[i : i + 4]) for i in range(4, start, 4))
    expected = start + math.prod(shape)
    if len(content) != expected:
        state = "truncated" if len(content) < expected else "too long"
        raise DataError(f"{path} is {state}: {len(content)} bytes, its header promises {expected}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def unpacked(path: Path) -> bytes:
    """Return the bytes of a file, unpacked where they are gzipped. Raises DataError for a broken archive."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as content:
            data = content.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise DataError(f"{path} is too large: more than {MAX_BYTES} bytes unpacked")
        return data
    except DataError:
        raise
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is a broken gzip archive: {error}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def split(labels: Tensor, share: float, seed: int) -> tuple[Tensor, Tensor]:
    """Return indices of a training and a validation part, both int64; each class gives its `share` to validation."""
    generator = torch.Generator().manual_seed(seed)
    kept, held = [], []
    for label in labels.unique().tolist():
        members = torch.nonzero(labels == label).squeeze(1)
        members = members[torch.randperm(len(members), generator=generator)]
        count = round(share * len(members))
        held.append(members[:count])
        kept.append(members[count:])
    return torch.cat(kept).sort().values, torch.cat(held).sort().values


def last_tenth(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return indices of a training and a validation part: the last tenth of each class (neighbours share a sheet)."""
    kept, held = [], []
    for label in labels.unique().tolist():
        members = torch.nonzero(labels == label).squeeze(1)
        count = len(members) // 10
        kept.append(members[: len(members) - count])
        held.append(members[len(members) - count :])
    return torch.cat(kept).sort().values, torch.cat(held).sort().values
