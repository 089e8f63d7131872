import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from training import data
from training.data import DataError

REAL = os.environ.get("LIVEDIGITS_DATA")


def idx(array: np.ndarray) -> bytes:
    """Return an array of bytes in IDX form."""
    header = (0x0800 + array.ndim).to_bytes(4) + b"".join(n.to_bytes(4) for n in array.shape)
    return header + array.astype(np.uint8).tobytes()


def write_mnist(folder: Path, train: int = 200, test: int = 40, packed: bool = False) -> Path:
    """Write the four files with crude digits: a class is a place of a bar, so that a network can learn them."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for part, count in (("train", train), ("test", test)):
        labels = np.arange(count) % 10
        images = np.zeros((count, 28, 28), np.uint8)
        for image, label in zip(images, labels, strict=True):
            width = 2 + label % 5 * 3
            image[4:24, 14 - width // 2 : 14 + width - width // 2] = rng.integers(180, 256)
            if label >= 5:
                image[10:18, 13:15] = 0
        for kind, array in (("images", images), ("labels", labels)):
            content = idx(array)
            name = data.FILES[part, kind]
            if packed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(content))
            else:
                (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("packed", [False, True])
def test_reads_the_four_files(tmp_path: Path, packed: bool) -> None:
    images, labels = data.read_mnist(write_mnist(tmp_path, packed=packed), "train")
    assert images.shape == (200, 1, 28, 28) and str(images.dtype) == "torch.uint8"
    assert labels.tolist() == [i % 10 for i in range(200)]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[:-5], "truncated"),
        (lambda content: content[:6], "truncated"),
        (lambda content: content + b"1", "too long"),
        (lambda _: gzip.compress(bytes(300 << 20), 1), "too large"),
        (lambda content: content[:4] + b"\xff" * 12 + content[16:], "truncated"),
        (lambda content: b"\0\0\x0d\3" + content[4:], "magic number is 0x00000d03"),
        (lambda content: gzip.compress(content)[:-20], "broken gzip"),
        (lambda content: idx(np.zeros(200)), "swapped"),
        (lambda content: idx(np.zeros((199, 28, 28))), "199 pictures"),
        (lambda content: idx(np.zeros((200, 27, 28))), "not of 28x28"),
    ],
)
def test_refuses_damaged_pictures_by_name(tmp_path: Path, damage: object, message: str) -> None:
    write_mnist(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=message) as caught:
        data.read_mnist(tmp_path, "train")
    assert "train-images" in str(caught.value)


def test_refuses_labels_that_are_no_digits_and_missing_files(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    path = tmp_path / "train-labels-idx1-ubyte"
    path.write_bytes(idx(np.full(200, 10)))
    with pytest.raises(DataError, match="the label 10"):
        data.read_mnist(tmp_path, "train")
    path.unlink()
    with pytest.raises(DataError, match="no train-labels"):
        data.read_mnist(tmp_path, "train")


def test_split_takes_its_share_of_each_class_and_shares_nothing(tmp_path: Path) -> None:
    _, labels = data.read_mnist(write_mnist(tmp_path), "train")
    for kept, held in (data.split(labels, 0.1, 0), data.last_tenth(labels)):
        assert sorted(kept.tolist() + held.tolist()) == list(range(200))
        assert labels[held].bincount().tolist() == [2] * 10
    assert data.last_tenth(labels)[1].tolist() == list(range(180, 200))
    assert data.split(labels, 0.1, 0)[1].tolist() == data.split(labels, 0.1, 0)[1].tolist()


@pytest.mark.skipif(not REAL, reason="set LIVEDIGITS_DATA to a folder with mnist/ in it")
def test_real_mnist_has_the_published_sums() -> None:
    from training.fetch import SHA256

    for name, expected in SHA256.items():
        content = data.unpacked(data.find(Path(str(REAL)) / "mnist", name))
        assert hashlib.sha256(content).hexdigest() == expected
