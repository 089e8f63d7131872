"""Rows: plain boxes, as people write, become lines."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.reading.rows import arrange

Boxes = list[tuple[int, int, int, int]]
HEIGHT = 40


def line(
    count: int, x: float = 50, y: float = 50, w: int = 26, h: int = HEIGHT, gap: int = 12, degrees: float = 0
) -> Boxes:
    """Boxes of one line from the left, its line falling by so many degrees."""
    step = w + gap
    fall = math.tan(math.radians(degrees))
    return [(round(x + i * step), round(y + i * step * fall), w, h) for i in range(count)]


def rows(boxes: Boxes) -> list[list[int]]:
    return arrange(np.array(boxes, np.int32).reshape(-1, 4))


def test_no_box_no_line() -> None:
    assert rows([]) == []


def test_a_lone_digit_is_a_line() -> None:
    assert rows(line(1)) == [[0]]


def test_a_line_is_read_from_the_left_whatever_the_order_of_its_boxes() -> None:
    boxes = line(6)
    order = [3, 0, 5, 1, 4, 2]
    assert rows([boxes[i] for i in order]) == [[order.index(i) for i in range(6)]]


def test_lines_come_from_the_top() -> None:
    boxes = line(3, y=200) + line(2, y=50) + line(4, y=350)
    assert rows(boxes) == [[3, 4], [0, 1, 2], [5, 6, 7, 8]]


@pytest.mark.parametrize("degrees", [-20, -12, -5, 5, 12, 20])
def test_lines_may_slant(degrees: float) -> None:
    boxes = line(6, y=400, degrees=degrees) + line(6, y=500, degrees=degrees)
    assert rows(boxes) == [list(range(6)), list(range(6, 12))]


@pytest.mark.parametrize("degrees", [-45, 45])
def test_a_line_may_run_down_a_diagonal(degrees: float) -> None:
    boxes = line(6, y=400, gap=15, degrees=degrees)
    assert rows(boxes) == [list(range(6))]


def test_a_line_may_bounce_and_its_digits_differ_in_size() -> None:
    boxes = [(50, 60, 26, 40), (90, 50, 22, 52), (128, 68, 24, 33), (165, 55, 28, 46), (205, 66, 20, 36)]
    assert rows(boxes) == [[0, 1, 2, 3, 4]]


def test_a_thin_one_belongs_to_its_line() -> None:
    boxes = [(50, 50, 26, 40), (88, 50, 4, 40), (108, 50, 26, 40), (148, 50, 4, 40), (164, 50, 4, 40)]
    assert rows(boxes) == [[0, 1, 2, 3, 4]]


def test_a_wide_gap_does_not_end_a_line() -> None:
    assert rows(line(3) + line(4, x=300)) == [list(range(7))]


def test_columns_share_their_lines() -> None:
    boxes = line(3) + line(2, x=600) + line(3, y=150) + line(2, x=600, y=150)
    assert rows(boxes) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


def test_columns_far_apart_share_their_lines_though_one_lies_higher() -> None:
    boxes = line(2) + line(2, x=700, y=74) + line(2, y=130) + line(2, x=700, y=154)
    assert rows(boxes) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_a_lone_digit_between_long_lines_keeps_its_line() -> None:
    boxes = line(6) + line(1, x=140, y=120) + line(6, y=190)
    assert rows(boxes) == [list(range(6)), [6], list(range(7, 13))]


def test_close_lines_do_not_mix() -> None:
    boxes = line(5, y=50) + line(5, y=50 + round(1.3 * HEIGHT)) + line(5, y=50 + round(2.6 * HEIGHT))
    assert rows(boxes) == [list(range(5)), list(range(5, 10)), list(range(10, 15))]


@pytest.mark.parametrize("scale", [0.3, 1, 4])
def test_size_does_not_matter(scale: float) -> None:
    boxes = line(4) + line(2, x=400) + line(3, y=140)
    scaled = [tuple(round(value * scale) for value in box) for box in boxes]
    assert rows(scaled) == rows(boxes) == [[0, 1, 2, 3, 4, 5], [6, 7, 8]]


@pytest.mark.parametrize("seed", range(20))
def test_every_box_is_placed_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 60))
    boxes: NDArray[np.int32] = rng.integers([0, 0, 1, 5], [1200, 700, 60, 90], (count, 4)).astype(np.int32)
    placed = sorted(i for row in arrange(boxes) for i in row)
    assert placed == list(range(count))
