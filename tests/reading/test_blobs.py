"""Inked pixels become blobs, without the far fainter ink that joins them."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.reading.blobs import find_blobs, part_blobs
from realtime.reading.ink import find_ink


def _two_strokes(shade: int) -> NDArray[np.uint8]:
    """Draw the depth of two deep strokes that lie on one broad band of a fainter depth."""
    depth = np.zeros((120, 200), np.uint8)
    cv2.rectangle(depth, (20, 50), (180, 90), shade, cv2.FILLED)
    for x in (60, 120):
        cv2.line(depth, (x, 20), (x, 100), 140, 6)
    return depth


@pytest.mark.parametrize(("shade", "blobs"), [(0, 2), (30, 2), (120, 1)])
def test_strokes_are_parted_from_the_shade_they_stand_on(shade: int, blobs: int) -> None:
    depth = _two_strokes(shade)
    inked = (depth > 10).astype(np.uint8)
    found = part_blobs(depth, inked, find_blobs(depth, inked, 20), 20)
    assert len(found.boxes) == len(find_blobs(depth, inked, 20).boxes)
    assert ((depth > 10).sum() > inked.sum(), len(found.boxes)) == (shade == 30, blobs)
    assert inked[depth == 140].all()


@pytest.mark.parametrize(("haze", "blobs"), [(20, 2), (60, 1)])
def test_strokes_side_by_side_are_parted_from_the_haze_between_them(haze: int, blobs: int) -> None:
    depth = np.zeros((100, 60), np.uint8)
    depth[10:50, 10:20], depth[10:50, 35:45], depth[28:32, 20:35] = 140, 140, haze
    inked = (depth > 10).astype(np.uint8)
    found = part_blobs(depth, inked, find_blobs(depth, inked, 20), 20)
    assert len(found.boxes) == len(find_blobs(depth, inked, 20).boxes)
    assert ((depth > 10).sum() > inked.sum(), len(found.boxes)) == (haze == 20, blobs)


def test_haze_that_joins_the_low_part_of_a_digit_to_it_stays() -> None:
    depth = np.zeros((100, 60), np.uint8)
    depth[10:50, 10:20], depth[10:30, 35:45], depth[18:22, 20:35] = 140, 140, 20  # as the two strokes of a 4
    inked = (depth > 10).astype(np.uint8)
    assert len(part_blobs(depth, inked, find_blobs(depth, inked, 20), 20).boxes) == 1
    assert inked.sum() == (depth > 10).sum()


def test_specks_without_a_deep_pixel_are_no_blobs() -> None:
    depth = np.zeros((60, 60), np.uint8)
    depth[10:20, 10:14], depth[30:40, 30:34] = 15, 15
    depth[35, 31] = 90
    found = find_blobs(depth, (depth > 10).astype(np.uint8), 20)
    assert found.boxes.tolist() == [[30, 30, 4, 10]]
    assert found.area.tolist() == [40]


def test_print_that_shows_through_joins_no_digits() -> None:
    page = np.full((200, 320), 220, np.uint8)
    cv2.putText(page, "4 7", (60, 130), cv2.FONT_HERSHEY_SIMPLEX, 3, 190, 16, cv2.LINE_AA)
    page = cv2.GaussianBlur(page, None, 3)
    for x in (40, 110, 180, 250):
        cv2.line(page, (x, 50), (x, 150), 40, 7, cv2.LINE_AA)
    boxes = find_ink(page, "dark").boxes
    strokes = boxes[boxes[:, 3] > 90]
    assert sorted(strokes[:, 0].tolist()) == pytest.approx([36, 106, 176, 246], abs=3)
    assert strokes[:, 2].max() < 16
