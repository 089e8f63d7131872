"""Truth: what a folder, table or npz file says it shows, and those that say nothing readable."""

from pathlib import Path

import numpy as np
import pytest

from realtime.measuring.truth import LabelledPicture, Passage, on_sheet, open_labelled, read_truth
from realtime.sources.frame import SourceError
from tests.conftest import draw_sheet, save_image


def test_a_table_of_truth_is_read(tmp_path: Path) -> None:
    table = tmp_path / "truth.csv"
    table.write_text(
        '﻿file,note,rows,start,end\na é.png,"x, y",12 34|5,,\nb.mp4,,9,1.5,4\nc.mp4,,,,\n', encoding="utf-8"
    )
    pictures, passages = read_truth(table)
    assert pictures == [LabelledPicture(tmp_path / "a é.png", ("12 34", "5"))]
    assert passages == [
        Passage(tmp_path / "b.mp4", ("9",), 1.5, 4.0),
        Passage(tmp_path / "c.mp4", (), 0.0, float("inf")),
    ]


@pytest.mark.parametrize(
    "text", ["file;rows\na.png;12|3 4\n", "File , ROWS\na.png,12|3 4\n", "rows\tfile\n12|3 4\ta.png\n"]
)
def test_a_table_may_come_from_any_spreadsheet(text: str, tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text("\ufeff" + text, encoding="utf-8")
    assert read_truth(tmp_path / "truth.csv") == ([LabelledPicture(tmp_path / "a.png", ("12", "3 4"))], [])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "lists no file"),
        ("file,rows\n", "lists no file"),
        ("name,rows\na.png,1\n", "line 2.*columns file and rows"),
        ("file\na.png\n", "columns file and rows"),
        ("file,rows\na.png,12x\n", "line 2.*'12x'"),
        ("file,rows,start,end\na.mp4,1,x,2\n", "seconds"),
        ("file,rows,start,end\na.mp4,1,3,2\n", "before end"),
        (b"file,rows\n\xff\xfe.png,1\n", "UTF-8"),
    ],
)
def test_a_table_of_another_form_is_named(tmp_path: Path, text: str | bytes, says: str) -> None:
    table = tmp_path / "truth.csv"
    table.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=says):
        read_truth(table)


def test_a_small_picture_keeps_its_paper_and_gets_room() -> None:
    image = np.full((16, 16), 30, np.uint8)
    image[4:12, 6:10] = 240
    sheet = on_sheet(image, light_ink=True)
    assert sheet.shape == (256, 256, 3)
    assert (sheet[:60] == 30).all() and sheet.max() >= 240


@pytest.mark.parametrize(
    "arrays",
    [
        {"images": np.zeros((2, 16, 16), np.float32), "labels": np.zeros(2)},
        {"images": np.zeros((2, 16, 16), np.uint8), "labels": np.zeros(3)},
        {"images": np.zeros((0, 16, 16), np.uint8), "labels": np.zeros(0)},
        {"pictures": np.zeros((2, 16, 16), np.uint8)},
        {"images": np.array([{"a": 1}], object), "labels": np.zeros(1)},
    ],
)
def test_an_npz_file_without_pictures_is_refused(tmp_path: Path, arrays: dict) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(SourceError, match=r"a\.npz"):
        open_labelled(tmp_path / "a.npz")


@pytest.mark.parametrize("name", ["4", "four", "Four"])
def test_folders_are_called_by_digits_or_their_words(name: str, tmp_path: Path) -> None:
    save_image(tmp_path / name / "a.png", draw_sheet(["4"]))
    assert [sample.label for sample in open_labelled(tmp_path).samples] == ["4"]
