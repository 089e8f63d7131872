from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.reading import crops
from training import datasets
from training.data import DataError


def write_digits(folder: Path) -> None:
    """Write photographs of a 1, of a 7 in a frame, and of lines that are no digit."""
    for name in ("1", "7", "not-a-digit"):
        (folder / name).mkdir(parents=True)
    paper = np.full((120, 120, 3), 200, np.uint8)
    one, seven, sign = paper.copy(), paper.copy(), np.full((240, 240, 3), 200, np.uint8)
    cv2.line(one, (62, 30), (58, 90), (60, 60, 60), 6, cv2.LINE_AA)
    cv2.polylines(seven, [np.array([(40, 35), (80, 35), (55, 90)], np.int32)], False, (60, 60, 60), 6, cv2.LINE_AA)
    cv2.rectangle(seven, (4, 4), (116, 116), (40, 40, 40), 3)
    cv2.line(sign, (60, 120), (180, 122), (50, 50, 50), 6, cv2.LINE_AA)
    cv2.line(sign, (120, 60), (122, 180), (50, 50, 50), 6, cv2.LINE_AA)
    for name, picture in (("1", one), ("7", seven), ("not-a-digit", sign)):
        cv2.imwrite(str(folder / name / "a.png"), picture)


def test_folders_go_through_the_finder_and_crops_of_live_reading(tmp_path: Path) -> None:
    write_digits(tmp_path)
    dataset = datasets.load_dataset(tmp_path)
    assert dataset.labels.tolist()[:2] == [1, 7] and set(dataset.labels.tolist()[2:]) == {10}
    assert dataset.crops.shape == (len(dataset.labels), 1, 28, 28)
    seven = dataset.crops[1, 0]
    widths = (seven > 100).sum(dim=1)
    widths = widths[widths > 0]
    assert len(widths) > 15 and widths.argmax() < 6 and widths.max() > 8  # the bar is on top
    assert (widths[8:] < 6).all()  # and no frame is around it


@pytest.mark.parametrize("bright", [True, False])
def test_npz_of_either_light_gives_the_same_crops(tmp_path: Path, bright: bool) -> None:
    ink = np.zeros((3, 28, 28), np.uint8)
    ink[:, 4:24, 12:15] = 255
    np.savez(tmp_path / "some.npz", images=ink if bright else 255 - ink, labels=np.array(["1", "slash", "plus"]))
    dataset = datasets.load_dataset(tmp_path / "some.npz", 2)
    assert dataset.labels.tolist() == [1, 10] and dataset.weight == 2  # a slash is a look-alike
    assert np.array_equal(dataset.crops[:1].numpy(), crops.stack([ink[0]]))
    assert datasets.load_dataset(tmp_path / "some.npz", only=("plus",)).labels.tolist() == [10]
    assert datasets.load_dataset(tmp_path / "some.npz", without=("plus",)).labels.tolist() == [1]


def test_clips_are_cut_as_no_digit_but_bars_are_left_out(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "shelf.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (320, 240))
    frame = np.full((240, 320, 3), 180, np.uint8)
    cv2.rectangle(frame, (40, 60), (110, 130), (30, 30, 30), 8)
    cv2.line(frame, (250, 40), (230, 180), (30, 30, 30), 8, cv2.LINE_AA)  # a bar
    for _ in range(datasets.FRAME_STEP + 1):
        writer.write(frame)
    writer.release()
    dataset = datasets.load_dataset(tmp_path)
    assert len(dataset.labels) >= 2 and set(dataset.labels.tolist()) == {10}
    widths = (dataset.crops > 60).any(dim=2).sum(dim=(1, 2))
    assert widths.min() > 5
    assert np.array_equal(dataset.crops.numpy(), datasets.load_dataset(tmp_path / "shelf.avi").crops.numpy())


def test_data_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"PK bad")
    np.savez(tmp_path / "shape.npz", images=np.zeros((2, 28), np.uint8), labels=np.zeros(2))
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken" / "3").mkdir(parents=True)
    (tmp_path / "broken" / "3" / "a.png").write_bytes(b"no picture")
    for name in ("bad.npz", "shape.npz", "empty", "broken", "none.npz", "none"):
        with pytest.raises(DataError, match=name):
            datasets.load_dataset(tmp_path / name)
