"""Ruled lines leave the blobs; the digits that stand on them stay whole."""

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.ink import find_ink


def ruled(spacing: int, upright: bool = False) -> NDArray[np.uint8]:
    """Draw a 0 and a 4 on a sheet with lines that run through their feet."""
    image = np.full((300, 400, 3), 215, np.uint8)
    for level in range(25, 300, spacing):
        cv2.line(image, (0, level), (399, level + 6), (150, 120, 110), 2, cv2.LINE_AA)
    if upright:
        for x in range(30, 400, spacing):
            cv2.line(image, (x, 0), (x, 299), (150, 120, 110), 2, cv2.LINE_AA)
    cv2.ellipse(image, (140, 130), (18, 30), 0, 0, 360, (40, 30, 30), 5, cv2.LINE_AA)
    cv2.polylines(image, [np.array([[230, 100], [212, 138], [252, 138]])], False, (40, 30, 30), 5, cv2.LINE_AA)
    cv2.line(image, (242, 110), (242, 162), (40, 30, 30), 5, cv2.LINE_AA)
    return image


def test_digits_come_off_their_lines() -> None:
    ink = find_ink(ruled(60))
    digits = [box for box, line in zip(ink.boxes.tolist(), ink.ruled, strict=True) if not line and box[3] > 30]
    assert len(digits) == 2
    for (x, y, w, h), (left, top, right, bottom) in zip(
        sorted(digits), [(122, 100, 160, 162), (210, 98, 255, 165)], strict=True
    ):
        assert abs(x - left) < 8 and abs(y - top) < 8 and abs(x + w - right) < 8 and abs(y + h - bottom) < 8
    assert ink.ruled.any()
    assert (ink.origin[~ink.ruled] != np.flatnonzero(~ink.ruled)).any()


def test_a_sheet_without_lines_has_none() -> None:
    image = np.full((300, 400, 3), 215, np.uint8)
    cv2.putText(image, "4710", (40, 180), cv2.FONT_HERSHEY_SIMPLEX, 3, (30, 30, 30), 6, cv2.LINE_AA)
    ink = find_ink(image)
    assert len(ink.boxes) == 4 and not ink.ruled.any()


def test_a_lone_upright_stroke_is_not_taken_for_a_line() -> None:
    image = np.full((200, 200, 3), 215, np.uint8)
    cv2.line(image, (100, 5), (100, 195), (30, 30, 30), 8, cv2.LINE_AA)
    ink = find_ink(image)
    assert len(ink.boxes) == 1 and not ink.ruled.any()
