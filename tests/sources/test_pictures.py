"""Pictures: upright, in plain colour, in the order of their names, and each way in which a file can fail."""

import os
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.sources.clip import CLIPS
from realtime.sources.frame import SourceError
from realtime.sources.pictures import PICTURES, PictureSequence, find_files, is_glob, read_picture
from realtime.sources.quiet import MAX_PIXELS


def save_picture(path: Path, image: NDArray | None = None) -> Path:
    image = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8) if image is None else image
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".webp", ".jpg"])
def test_pictures_of_all_usual_kinds_are_read(tmp_path: Path, suffix: str) -> None:
    image = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8), (9, 9), 0)
    read = read_picture(save_picture(tmp_path / f"naïve 写{suffix}", image))
    assert read.shape == image.shape and read.dtype == np.uint8
    assert np.abs(read.astype(int) - image).mean() < (6 if suffix in (".jpg", ".webp") else 0.01)


@pytest.mark.parametrize(
    ("image", "shape"),
    [
        (np.full((9, 7), 200, np.uint8), (9, 7, 3)),
        (np.full((9, 7, 4), 200, np.uint8), (9, 7, 3)),
        (np.full((9, 7), 200 * 257, np.uint16), (9, 7, 3)),
    ],
)
def test_grey_transparent_and_deep_pictures_become_plain_colour(
    tmp_path: Path, image: NDArray, shape: tuple[int, ...]
) -> None:
    read = read_picture(save_picture(tmp_path / "a.png", image))
    assert read.shape == shape and read.dtype == np.uint8
    assert np.abs(read.astype(int) - 200).max() <= 1


@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (-1, -1)), (6, (0, -1)), (8, (-1, 0))])
def test_a_photo_is_turned_upright_by_its_exif(tmp_path: Path, orientation: int, corner: tuple[int, int]) -> None:
    image = np.zeros((32, 64, 3), np.uint8)
    image[:16, :16] = 255
    jpeg = cv2.imencode(".jpg", image)[1].tobytes()
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0" + b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
    path = tmp_path / "phone.jpg"
    path.write_bytes(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:])
    read = read_picture(path)
    assert read.shape == ((32, 64, 3) if orientation in (1, 3) else (64, 32, 3))
    assert read[corner].min() > 200


@pytest.mark.parametrize("content", [b"", b"words", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"])
def test_a_file_that_is_no_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "no.png"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"no\.png"):
        read_picture(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_half_a_picture_is_not_read_as_a_whole_one(tmp_path: Path, suffix: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    path = save_picture(tmp_path / f"half{suffix}", image)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SourceError, match="half"):
        read_picture(path)


def test_a_missing_picture_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.png: No such file"):
        read_picture(tmp_path / "none.png")
    with pytest.raises(SourceError, match="directory"):
        read_picture(tmp_path)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything: run as another user")
def test_a_picture_without_permission_is_refused(tmp_path: Path) -> None:
    path = save_picture(tmp_path / "a.png")
    path.chmod(0)
    with pytest.raises(SourceError, match="Permission denied"):
        read_picture(path)


def test_a_picture_of_too_many_pixels_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_PIXELS >= 100_000_000
    monkeypatch.setattr("realtime.sources.quiet.MAX_PIXELS", 1000)
    with pytest.raises(SourceError, match="too large .40x30"):
        read_picture(save_picture(tmp_path / "a.png"))


def test_a_picture_that_claims_a_huge_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pgm"
    path.write_bytes(b"P5\n2000000 2000000\n255\n" + bytes(100))
    with pytest.raises(SourceError, match=r"bomb\.pgm"):
        read_picture(path)


def test_files_are_listed_by_name_and_kind(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpg", "c.txt", "d.mp4"):
        (tmp_path / name).touch()
    (tmp_path / "e.png").mkdir()
    assert [path.name for path in find_files(tmp_path, PICTURES)] == ["a.jpg", "b.PNG"]
    assert [path.name for path in find_files(tmp_path, CLIPS)] == ["d.mp4"]
    with pytest.raises(SourceError, match="cannot list folder"):
        find_files(tmp_path / "none", PICTURES)


def test_a_folder_of_pictures_and_a_pattern_are_frames(tmp_path: Path) -> None:
    for i in (2, 0, 1):
        save_picture(tmp_path / f"{i}.png", np.full((8, 8, 3), i, np.uint8))
    save_picture(tmp_path / "other.bmp")
    (tmp_path / "notes.txt").write_text("x")
    with PictureSequence(str(tmp_path), fps=10) as pictures:
        frames = list(pictures.frames())
    assert [int(frame.image[0, 0, 0]) for frame in frames[:3]] == [0, 1, 2]
    assert [frame.time for frame in frames] == [0.0, 0.1, 0.2, 0.3]
    pattern = str(tmp_path / "*.png")
    assert is_glob(pattern) and not is_glob(str(tmp_path))
    with PictureSequence(pattern, fps=10) as pictures:
        assert [(frame.index, frame.time) for frame in pictures.frames()] == [(0, 0.0), (1, 0.1), (2, 0.2)]
    with PictureSequence(pattern) as pictures:
        assert [frame.index for frame in pictures.frames(every=2)] == [0, 2]
    with pytest.raises(SourceError, match="no pictures"):
        PictureSequence(str(tmp_path / "*.gif"))
