"""Drawn lines of a table, seen on the finder's map of other ink."""

import cv2
import numpy as np

from realtime.reading.box import Box
from realtime.reading.looks import Look
from realtime.reading.ruling import find_rules

NUMBERS: list[Box] = [(20 + 100 * c, 20 + 60 * r, 60, 30) for r in range(4) for c in range(3)]


def look(lines: list[tuple[int, int, int, int]]) -> Look:
    """Return a look at a frame of 400x300 in which lines from x, y to x, y are other ink, pixels of the frame."""
    maps = np.zeros((3, 150, 200), np.uint8)
    for x0, y0, x1, y1 in lines:
        cv2.line(maps[2], (x0 // 2, y0 // 2), (x1 // 2, y1 // 2), 255, 1)
    none = np.zeros((0, 4), np.int32)
    return Look(1.0, (0.0, 0.0), maps, np.zeros((150, 200), np.int32), none, np.zeros(0, np.float32),
                np.zeros((0, 10), np.float32))  # fmt: skip


UPRIGHT = [(x, 6, x, 246) for x in (6, 100, 200, 300)]
LEVEL = [(6, y, 300, y) for y in (6, 66, 126, 186, 246)]


def test_the_lines_of_a_table_part_its_columns_and_rows() -> None:
    columns, rows = find_rules([look([*UPRIGHT, *LEVEL])], NUMBERS)
    assert np.allclose([rule.at(150) for rule in columns], [6, 100, 200, 300], atol=3)
    assert np.allclose([rule.at(150) for rule in rows], [6, 66, 126, 186, 246], atol=3)


def test_lines_lean_are_broken_and_are_seen_in_several_looks() -> None:
    leaning = [(x, 6, x + 12, 246) for x in (6, 100, 200, 300)]
    broken = [(100, 6, 105, 106), (106, 130, 112, 246)]
    columns, rows = find_rules([look([leaning[0], *broken, *leaning[2:]]), look(leaning[:1])], NUMBERS)
    assert np.allclose([rule.at(6) for rule in columns], [6, 100, 200, 300], atol=4) and rows == []
    assert np.allclose([rule.at(246) for rule in columns], [18, 112, 212, 312], atol=4)


def test_ruled_and_squared_paper_are_no_tables() -> None:
    assert find_rules([look(LEVEL)], NUMBERS) == ([], [])
    squares = [(x, 0, x, 298) for x in range(5, 400, 24)] + [(0, y, 398, y) for y in range(5, 300, 24)]
    assert find_rules([look(squares)], NUMBERS)[0] == []


def test_a_short_line_and_a_lone_number_part_nothing() -> None:
    assert find_rules([look([(100, 6, 100, 90), (200, 6, 200, 90), *LEVEL])], NUMBERS) == ([], [])
    assert find_rules([look([*UPRIGHT, *LEVEL])], NUMBERS[:1]) == ([], [])
