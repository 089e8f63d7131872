"""Labelled pictures in npz files: read, or refused before they fill the memory, whatever is wrong with them."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.sources.arrays import read_labelled
from realtime.sources.frame import SourceError

IMAGES, LABELS = np.zeros((3, 8, 9), np.uint8), np.arange(3)


def npy(array: NDArray) -> bytes:
    data = io.BytesIO()
    np.save(data, array)
    return data.getvalue()


def header(shape: str, kind: str = "|u1") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def test_images_and_labels_are_read(tmp_path: Path) -> None:
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", images=IMAGES, labels=LABELS)
        images, labels = read_labelled(tmp_path / "a.npz")
        assert (images == IMAGES).all() and (labels == LABELS).all()


@pytest.mark.parametrize(
    ("images", "labels", "says"),
    [
        (header("(100000, 100000, 100000)"), npy(LABELS), "more than the file holds"),
        (header("(4,)", "|V1000000000") + bytes(4), npy(LABELS), "more than the file holds"),
        (header("(3, 8, 9)") + bytes(10), npy(LABELS), "more than the file holds"),
        (header("(" * 300), npy(LABELS), "npz file with images"),
        (b"\x93NUMPY\x09\x00", npy(LABELS), "npz file with images"),
        (b"", npy(LABELS), "npz file with images"),
        (npy(IMAGES), npy(np.array([{}, 1, 2], object)), "labels promises"),
        (npy(IMAGES), npy(np.zeros(3, "V4")), "labels must be numbers or texts"),
        (npy(np.zeros((3, 1, 2001), np.uint8)), npy(LABELS), "keep such as files"),
        (npy(IMAGES.astype(float)), npy(LABELS), "uint8"),
    ],
)
def test_what_is_no_such_file_is_refused_in_a_line(images: bytes, labels: bytes, says: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", images)
        archive.writestr("labels.npy", labels)
    with pytest.raises(SourceError, match=says) as refused:
        read_labelled(tmp_path / "a.npz")
    assert "\n" not in str(refused.value)


def test_what_unpacks_to_more_than_it_may_is_refused_unread(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("images.npy", "w") as file,
    ):
        for _ in range(300):
            file.write(bytes(1 << 20))
    with pytest.raises(SourceError, match="too large"):
        read_labelled(tmp_path / "a.npz")
