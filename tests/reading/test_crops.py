"""The crop contract: MNIST's layout is exact, MNIST comes back, and every digit is cut the same way."""

import gzip
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.reading import crops
from realtime.reading.crops import INK_SIDE, stack
from tests.conftest import DIGITS, draw_digit


def cut_one(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return stack([ink])[0, 0]


def test_mnist_comes_back(data: Path) -> None:
    with gzip.open(data / "mnist" / "t10k-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    same = (stack(list(images))[:, 0] == images).all(axis=(1, 2)).sum()
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
    wide = np.zeros((h + 60, w + 40), np.uint8)
    wide[30 : 30 + h, 10 : 10 + w] = ink[y : y + h, x : x + w]
    both = stack([ink[y : y + h, x : x + w], wide])
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


def test_no_patches_give_no_crops() -> None:
    assert stack([]).shape == (0, 1, 28, 28)


def test_a_patch_without_ink_gives_a_blank_crop() -> None:
    crop = stack([np.zeros((40, 40), np.uint8)])
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


def test_the_crops_have_a_version() -> None:
    assert crops.VERSION == "mnist-1"  # changes whenever the bytes do; the models are trained again then
