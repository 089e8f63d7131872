"""Numbers of a page as a table, a cell each."""

from pathlib import Path

from realtime.outputs.grid import lay_out, table_text
from realtime.reading.page import Number
from tests.conftest import draw_sheet, save_image
from tests.run_commands import REPOSITORY, run
from tests.tracked_frames import make_number


def at(text: str, row: int, left: int) -> Number:
    return make_number(text, left=left, top=40 * row, row=row)


def test_numbers_below_each_other_are_a_column() -> None:
    numbers = [at("12", 0, 10), at("3.75", 0, 100), at("7", 1, 30), at("9", 1, 230), at("140", 2, 95), at("58", 2, 220)]
    assert lay_out(numbers) == [["12", "3.75", ""], ["7", "", "9"], ["", "140", "58"]]
    assert table_text(numbers) == "12,3.75,\n7,,9\n,140,58\n"


def test_two_numbers_of_a_row_are_never_in_one_cell() -> None:
    cells = lay_out([at("123456789", 0, 10), at("12", 1, 10), at("34", 1, 120)])
    assert sorted(filter(None, (cell for row in cells for cell in row))) == ["12", "123456789", "34"]
    assert [len(list(filter(None, row))) for row in cells] == [1, 2]


def test_columns_may_drift_from_row_to_row() -> None:
    numbers = [at(f"{row}{column}", row, 10 + 100 * column + 8 * row) for row in range(6) for column in range(3)]
    assert lay_out(numbers) == [[f"{row}{column}" for column in range(3)] for row in range(6)]


def test_no_number_is_no_table() -> None:
    assert lay_out([]) == [] and table_text([]) == ""


def test_a_table_of_each_photo_is_written(tmp_path: Path) -> None:
    save_image(tmp_path / "a.png", draw_sheet(["0742", "518"], size=(640, 480)))
    words = ["--table", "out.csv", "--device", "cpu"]
    done = run("recognize-image", "a.png", REPOSITORY / "tests" / "data" / "sheet.jpg", *words, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    first, second, rest = (tmp_path / "out.csv").read_text().split("\n\n")
    assert [row.strip(",") for row in first.splitlines()] == ["0742", "518"] and rest == ""
    assert [row.replace(",", "") for row in second.splitlines()] == ["12012", "75", "58003", "799", "9"]
    again = run("recognize-image", "a.png", *words, folder=tmp_path)
    assert again.returncode == 0  # an earlier output is replaced
    refused = run("recognize-image", "a.png", "--table", "a.png", folder=tmp_path)
    assert refused.returncode == 2 and "would overwrite" in refused.stderr
