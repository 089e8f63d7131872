"""Drawn lines between two numbers, seen on the finder's map of other ink."""

import cv2
import numpy as np
import pytest

from realtime.reading.looks import Look
from realtime.reading.walls import Walls

BOXES = np.array([(100, 100, 40, 60), (200, 100, 40, 60)], np.int32)


def look(start: tuple[int, int], end: tuple[int, int]) -> Look:
    """Return a look at a frame of 400x300 in which a line is other ink, pixels of the frame."""
    maps = np.zeros((3, 150, 200), np.uint8)
    cv2.line(maps[2], (start[0] // 2, start[1] // 2), (end[0] // 2, end[1] // 2), 255, 1)
    none = np.zeros((0, 4), np.int32)
    return Look(1.0, (0.0, 0.0), maps, np.zeros((150, 200), np.int32), none, np.zeros(0, np.float32),
                np.zeros((0, 10), np.float32))  # fmt: skip


@pytest.mark.parametrize(
    ("start", "end", "stands"),
    [
        ((170, 40), (170, 240), True),  # the side of a cell
        ((165, 40), (178, 240), True),  # the same on a sheet that is turned
        ((170, 95), (170, 168), False),  # a bracket or a 1 is as high as the digits
        ((150, 90), (190, 170), False),  # a slash
        ((100, 180), (260, 180), False),  # a line below
        ((300, 40), (300, 240), False),  # beyond both
    ],
)
def test_a_line_that_is_higher_than_the_writing_parts(
    start: tuple[int, int], end: tuple[int, int], stands: bool
) -> None:
    assert Walls([look(start, end)]).between(BOXES).tolist() == [stands]


def test_nothing_stands_where_there_is_nothing() -> None:
    assert Walls([]).between(BOXES).tolist() == [False]
    assert len(Walls([]).between(BOXES[:1])) == len(Walls([]).between(BOXES[:0])) == 0
