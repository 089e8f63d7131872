"""The crop contract: MNIST's layout is exact, MNIST comes back, and every digit is cut the same way."""

import gzip
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.reading import crops
from realtime.reading.crops import INK_SIDE, cut, stack
from tests.conftest import DIGITS, draw_digit


def boxes(*rows: tuple[int, int, int, int]) -> NDArray[np.int32]:
    return np.array(rows, np.int32).reshape(-1, 4)


def whole(mask: NDArray[np.uint8]) -> NDArray[np.int32]:
    return boxes((0, 0, mask.shape[1], mask.shape[0]))


def cut_one(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return cut(mask, whole(mask))[0, 0]


def test_mnist_comes_back(data: Path) -> None:
    with gzip.open(data / "mnist" / "t10k-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    column = images.reshape(-1, 28)
    places = np.array([(0, 28 * i, 28, 28) for i in range(len(images))], np.int32)
    same = (cut(column, places)[:, 0] == images).all(axis=(1, 2)).sum()
    assert len(images) == 10_000
    assert same >= 9_990


@pytest.mark.parametrize("digit", DIGITS)
@pytest.mark.parametrize("height", [30, 61, 240])
def test_the_layout_is_that_of_mnist(digit: str, height: int) -> None:
    crop = cut_one(draw_digit(digit, height))
    _, _, w, h = cv2.boundingRect(crop)
    moments = cv2.moments(crop)
    assert max(w, h) == 20
    assert round(14 - moments["m10"] / moments["m00"]) == 0
    assert round(14 - moments["m01"] / moments["m00"]) == 0


@pytest.mark.parametrize("digit", DIGITS)
def test_a_crop_cut_again_is_the_same_crop(digit: str) -> None:
    for seed in range(5):
        crop = cut_one(draw_digit(digit, 70, seed))
        assert np.array_equal(cut_one(crop), crop)


@pytest.mark.parametrize("digit", DIGITS)
def test_where_a_digit_stands_and_how_large_its_box_is_changes_nothing(digit: str) -> None:
    ink = draw_digit(digit, 50)
    x, y, w, h = cv2.boundingRect(ink)
    sheet = np.zeros((300, 400), np.uint8)
    sheet[150 : 150 + h, 210 : 210 + w] = ink[y : y + h, x : x + w]
    both = cut(sheet, boxes((210, 150, w, h), (200, 120, w + 40, h + 60)))
    assert np.array_equal(both[0, 0], cut_one(ink))
    assert np.array_equal(both[1, 0], cut_one(ink))


@pytest.mark.parametrize("digit", DIGITS)
def test_size_hardly_matters(digit: str) -> None:
    small, large = (cut_one(draw_digit(digit, height, pen=0.12)).astype(int) for height in (60, 300))
    shifts = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]  # rounding may move the ink by a pixel
    assert min(np.abs(np.roll(small, shift, (0, 1)) - large).mean() for shift in shifts) < 10


@pytest.mark.parametrize("digit", DIGITS)
def test_a_fine_pen_leaves_a_solid_stroke(digit: str) -> None:
    ink = draw_digit(digit, 400, pen=0.006)
    crop, shrunk = cut_one(ink), cv2.resize(ink, (28, 28), interpolation=cv2.INTER_AREA)
    assert shrunk.max() < 128  # what averaging alone would leave
    assert np.count_nonzero(crop > 200) >= INK_SIDE


def test_a_neighbours_stroke_stays_out() -> None:
    mask, labels = np.zeros((60, 60), np.uint8), np.zeros((60, 60), np.int32)
    for label, (x, y) in enumerate([(10, 10), (24, 20)], 1):
        ring = np.zeros_like(mask)
        cv2.circle(ring, (x + 10, y + 10), 9, 255, 3)
        mask[ring > 0], labels[ring > 0] = 255, label
    places = boxes((8, 8, 24, 24), (22, 18, 24, 24))
    apart, mixed = cut(mask, places, labels), cut(mask, places)
    alone = cut(np.where(labels == 1, mask, 0).astype(np.uint8), places[:1])
    assert np.array_equal(apart[0], alone[0])
    assert not np.array_equal(mixed[0], alone[0])


def test_no_boxes_give_no_crops() -> None:
    assert cut(np.zeros((9, 9), np.uint8), boxes()).shape == (0, 1, 28, 28)
    assert stack([]).shape == (0, 1, 28, 28)


def test_a_box_without_ink_gives_a_blank_crop() -> None:
    crop = cut(np.zeros((40, 40), np.uint8), boxes((5, 5, 20, 30)))
    assert crop.shape == (1, 1, 28, 28) and crop.dtype == np.uint8
    assert not crop.any()


@pytest.mark.parametrize(("w", "h"), [(1, 1), (1, 200), (200, 1), (3, 2000), (500, 500)])
def test_any_shape_of_ink_fits(w: int, h: int) -> None:
    crop = cut_one(np.full((h, w), 255, np.uint8))
    assert crop.max() == 255
    assert max(cv2.boundingRect(crop)[2:]) == INK_SIDE


def test_grey_ink_keeps_its_greys() -> None:
    crop = cut_one(np.full((20, 20), 90, np.uint8))
    assert set(np.unique(crop)) == {0, 90}


@pytest.mark.parametrize(
    "box", [(0, 0, 0, 5), (0, 0, 5, 0), (-1, 0, 5, 5), (0, -1, 5, 5), (36, 0, 5, 5), (0, 28, 5, 5)]
)
def test_a_box_that_is_empty_or_leaves_the_mask_is_named(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match=str(box[2])):
        cut(np.zeros((30, 40), np.uint8), boxes((0, 0, 40, 30), box))


@pytest.mark.parametrize(
    ("mask", "places"),
    [
        (np.zeros((30, 40), np.float32), boxes((0, 0, 5, 5))),
        (np.zeros((30, 40, 3), np.uint8), boxes((0, 0, 5, 5))),
        (np.zeros((30, 40), np.uint8), np.zeros((2, 3), np.int32)),
        (np.zeros((30, 40), np.uint8), np.zeros(4, np.int32)),
    ],
)
def test_other_arrays_are_refused(mask: NDArray, places: NDArray) -> None:
    with pytest.raises(ValueError, match="must be"):
        cut(mask, places)


def test_labels_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="labels"):
        cut(np.zeros((30, 40), np.uint8), boxes((0, 0, 5, 5)), np.zeros((30, 41), np.int32))


def test_the_crops_have_a_version() -> None:
    assert crops.VERSION == "mnist-1"  # changes whenever the bytes do; the models are trained again then
