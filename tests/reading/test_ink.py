"""Ink is found under any light, with both polarities, and at the scale the writing needs."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.reading.ink import find_ink
from realtime.reading.paper import find_paper


def sheet(paper: int = 200, ink: int = 40, size: tuple[int, int] = (240, 320), noise: float = 2.0) -> NDArray[np.uint8]:
    """Draw a 7, 60 px high, at (100, 80) on plain paper with sensor noise."""
    image = np.full((*size, 3), paper, np.uint8)
    cv2.polylines(image, [np.array([[100, 80], [140, 80], [115, 140]])], False, (ink, ink, ink), 5, cv2.LINE_AA)
    grain = np.random.default_rng(1).normal(0, noise, image.shape)
    return np.clip(image + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("paper", "ink", "light"), [(200, 40, False), (40, 200, True), (200, 160, False), (90, 40, False)]
)
def test_one_stroke_is_one_blob_of_its_polarity(paper: int, ink: int, light: bool) -> None:
    found = find_ink(sheet(paper, ink))
    assert len(found.boxes) == 1
    assert found.light.tolist() == [light]
    assert np.abs(found.boxes[0] - [98, 78, 45, 65]).max() <= 3
    assert abs(float(found.contrast[0]) - abs(paper - ink)) < 20
    assert found.mask.max() == 255 and found.labels.max() == 1


def test_the_stroke_keeps_its_width_however_faint() -> None:
    dark, faint = find_ink(sheet(ink=40)), find_ink(sheet(ink=150))
    assert abs(int((dark.mask > 127).sum()) - int((faint.mask > 127).sum())) < 0.15 * (dark.mask > 127).sum()


@pytest.mark.parametrize("polarity", ["dark", "light"])
def test_a_polarity_asked_for_is_the_only_one_found(polarity: str) -> None:
    found = find_ink(sheet(), polarity)
    assert len(found.boxes) == (1 if polarity == "dark" else 0)


def test_a_hard_shadow_leaves_no_more_than_a_hairline() -> None:
    image = sheet()
    image[:, 200:] = (image[:, 200:] * 0.45).astype(np.uint8)
    found = find_ink(image)
    assert np.abs(found.boxes[:, 0] - 98).min() <= 3
    assert all(w <= 4 for x, _, w, _ in found.boxes.tolist() if x > 110)


def test_halos_of_a_sharpened_picture_are_no_ink() -> None:
    image = sheet()
    sharp = cv2.addWeighted(image, 2.5, cv2.GaussianBlur(image, (0, 0), 2.5), -1.5, 0)
    assert len(find_ink(sharp, "light").boxes) > 0, "alone, the halos stand out of the paper"
    assert find_ink(sharp).light.tolist() == [False]


def test_blank_paper_has_no_ink_and_the_shapes_of_nothing() -> None:
    found = find_ink(np.full((120, 160, 3), 180, np.uint8))
    assert found.boxes.shape == (0, 4) and found.contrast.shape == (0,) and not found.mask.any()
    assert found.to_frame(found.boxes).shape == (0, 4)


def test_small_writing_in_a_large_picture_is_found_at_a_larger_scale() -> None:
    large = np.full((1500, 2000, 3), 210, np.uint8)
    large[700:940, 900:1220] = sheet(paper=210)
    found = find_ink(large)
    x, y, w, h = found.to_frame(found.boxes)[0]
    assert found.scale > 640 / 2000
    assert abs(x - 998) <= 4 and abs(y - 778) <= 4 and abs(h - 65) <= 6 and w > 30


def test_edges_of_the_sheet_do_not_hide_that_the_writing_is_small() -> None:
    large = np.full((1080, 1920, 3), 110, np.uint8)
    large[65:1015, 115:1805] = 210
    small = cv2.resize(sheet(paper=210), None, fx=0.45, fy=0.45, interpolation=cv2.INTER_AREA)
    large[500 : 500 + small.shape[0], 600 : 600 + small.shape[1]] = small
    assert find_ink(large).scale > 640 / 1920


def test_paper_follows_the_light_and_not_the_ink() -> None:
    grey = cv2.cvtColor(sheet(noise=0), cv2.COLOR_BGR2GRAY)
    assert np.abs(find_paper(grey)[0].astype(int) - 200).max() <= 2


@pytest.mark.parametrize("dark", [True, False])
def test_the_same_pen_is_as_deep_in_a_shadow(dark: bool) -> None:
    light = np.linspace(1, 0.5, 800)[None, :, None]
    lit = np.full((600, 800, 3), 200 if dark else 90, np.uint8)
    for x in (60, 700):
        cv2.line(lit, (x, 250), (x, 350), (90, 90, 90) if dark else (200, 200, 200), 8)
    found = find_ink(np.rint(lit * light).astype(np.uint8))
    assert len(found.boxes) == 2
    assert found.contrast.max() < 1.45 * found.contrast.min()  # 1.7 times as many grey levels in the light


@pytest.mark.parametrize(
    ("image", "polarity"),
    [
        (np.zeros((10, 10, 4), np.uint8), "auto"),
        (np.zeros((10, 10), np.float32), "auto"),
        (np.zeros((0, 10, 3), np.uint8), "auto"),
        (np.zeros((10, 10, 3), np.uint8), "grey"),
    ],
)
def test_a_wrong_array_or_polarity_is_refused_by_value(image: NDArray[np.generic], polarity: str) -> None:
    with pytest.raises(ValueError, match="image|polarity"):
        find_ink(image, polarity)


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (5, 5), (28, 28), (1, 5000), (5000, 2)])
def test_tiny_pictures_are_read_without_an_error(size: tuple[int, int]) -> None:
    find_ink(np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8))
