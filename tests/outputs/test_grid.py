"""Numbers of a page as a table, a cell each."""

from pathlib import Path

import cv2
import numpy as np

from realtime.outputs.grid import lay_out
from realtime.reading.page import Number
from realtime.reading.ruling import Rule
from tests.conftest import draw_sheet, save_image
from tests.run_commands import REPOSITORY, run
from tests.tracked_frames import make_number


def at(text: str, row: int, left: int) -> Number:
    return make_number(text, left=left, top=40 * row, row=row)


def test_numbers_below_each_other_are_a_column() -> None:
    numbers = [at("12", 0, 10), at("3.75", 0, 100), at("7", 1, 30), at("9", 1, 230), at("140", 2, 95), at("58", 2, 220)]
    assert lay_out(numbers) == [["12", "3.75", ""], ["7", "", "9"], ["", "140", "58"]]


def test_two_numbers_of_a_row_are_never_in_one_cell() -> None:
    cells = lay_out([at("123456789", 0, 10), at("12", 1, 10), at("34", 1, 120)])
    assert sorted(filter(None, (cell for row in cells for cell in row))) == ["12", "123456789", "34"]
    assert [len(list(filter(None, row))) for row in cells] == [1, 2]


def test_columns_may_drift_from_row_to_row() -> None:
    numbers = [at(f"{row}{column}", row, 10 + 100 * column + 8 * row) for row in range(6) for column in range(3)]
    assert lay_out(numbers) == [[f"{row}{column}" for column in range(3)] for row in range(6)]


def test_drawn_lines_part_cells_that_are_empty_too() -> None:
    columns, rows = [Rule(x, 0.0) for x in (0, 100, 200, 300, 400)], [Rule(y, 0.0) for y in (-10, 60, 110, 180)]
    numbers = [at("12", 0, 10), at("7", 0, 210), at("99", 0, 250), at("5", 3, 110)]
    assert lay_out(numbers, columns, rows) == [["12", "", "7", "99", ""], [""] * 5, ["", "5", "", "", ""]]
    outside = [*numbers, at("8", 0, 450)]
    assert lay_out(outside, columns, rows)[0] == ["12", "", "7", "99", "", "8"]


def test_no_number_is_no_table() -> None:
    assert lay_out([]) == []


def read_table(folder: Path) -> list[str]:
    """Have a drawn table, a little askew and with empty cells, written as CSV, and return its lines."""
    cells = {(0, 0): "12", (0, 1): "305", (0, 3): "76", (1, 0): "48", (1, 3): "99"}
    cells |= {(3, 0): "64", (3, 1): "250", (3, 3): "38"}
    image = np.full((600, 900, 3), (225, 228, 231), np.uint8)
    for (row, column), text in cells.items():
        y, x = 58 + 125 * row, 68 + 195 * column
        image[y : y + 109, x : x + 179] = draw_sheet([text], (179, 109), seed=9 * row + column)
    for k in range(5):
        cv2.line(image, (60, 50 + 125 * k), (840, 50 + 125 * k), (90, 80, 80), 2)
        cv2.line(image, (60 + 195 * k, 50), (60 + 195 * k, 550), (90, 80, 80), 2)
    turn = cv2.getRotationMatrix2D((450, 300), 2.5, 1.0)
    save_image(folder / "drawn.png", cv2.warpAffine(image, turn, (900, 600), borderValue=(225, 228, 231)))
    done = run("recognize-image", "drawn.png", "--table", "drawn.csv", "--device", "cpu", folder=folder)
    assert done.returncode == 0, done.stderr
    return (folder / "drawn.csv").read_text().splitlines()[:-1]


def test_a_table_of_each_photo_is_written(tmp_path: Path) -> None:
    save_image(tmp_path / "a.png", draw_sheet(["0742", "518"], size=(640, 480)))
    words = ["--table", "out.csv", "--device", "cpu"]
    done = run("recognize-image", "a.png", REPOSITORY / "tests" / "data" / "sheet.jpg", *words, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    first, second, rest = (tmp_path / "out.csv").read_text().split("\n\n")
    assert [row.strip(",") for row in first.splitlines()] == ["0742", "518"] and rest == ""
    assert [row.replace(",", "") for row in second.splitlines()] == ["12012", "75", "58003", "799", "9"]
    table = read_table(tmp_path)
    assert table == ["12,305,,76", "48,,,99", ",,,", "64,250,,38"]
    again = run("recognize-image", "a.png", *words, folder=tmp_path)
    assert again.returncode == 0  # an earlier output is replaced
    refused = run("recognize-image", "a.png", "--table", "a.png", folder=tmp_path)
    assert refused.returncode == 2 and "would overwrite" in refused.stderr
