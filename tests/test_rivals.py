"""The measuring of rivals: their words become rows, pictures come with their truth, and both are scored alike."""

import sys
from pathlib import Path

import cv2
import pytest

from realtime import Reader
from tests.conftest import CLIP, draw_sheet, save_image
from tests.rivals import __main__ as rivals

# Stands for rapidocr, which needs an environment of its own: it answers each path with the same two words.
ANSWERS = """
import json, sys
for line in sys.stdin:
    print(json.dumps({"texts": [["N 90", [200, 12, 40, 30]], ["24", [10, 10, 60, 30]]], "seconds": 0.5}), flush=True)
"""


def test_words_beside_each_other_are_one_row_of_digits() -> None:
    texts = [("7 b", [10.0, 80.0, 20.0, 30.0]), ("90", [200.0, 12.0, 40.0, 30.0]), ("a24", [10.0, 10.0, 60.0, 30.0])]
    assert rivals.rows_of(texts) == ["24 90", "7"]
    assert rivals.rows_of([("abc", [0.0, 0.0, 9.0, 9.0])]) == rivals.rows_of([]) == []


def test_both_readers_are_scored_on_the_same_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, program = tmp_path / "photos", tmp_path / "ppocr.py"
    save_image(folder / "a.png", draw_sheet(["24 90"]))
    (folder / "truth.csv").write_text("file,rows\na.png,24 90\n", encoding="utf-8")
    program.write_text(ANSWERS, encoding="utf-8")
    monkeypatch.setattr(rivals, "__file__", str(program))
    theirs = rivals.PpOcr(Path(sys.executable))
    outcomes = rivals.measure(folder, 5, Reader(device="cpu"), theirs, tmp_path)
    theirs.close()
    assert [outcome.score.exact for outcome in outcomes.values()] == [1, 1]
    assert [line.split(" | ")[1:3] for line in rivals.lines(folder, outcomes)] == [
        [rivals.OURS, "1 of 1"],
        [rivals.THEIRS, "1 of 1"],
    ]


def test_digits_in_folders_and_clips_without_digits_are_pictures_too(tmp_path: Path) -> None:
    for digit in "37":
        save_image(tmp_path / "lone" / digit / "a.png", draw_sheet([digit]))
    assert [rows for _, rows in rivals.pictures_of(tmp_path / "lone", 9, tmp_path)] == [["3"], ["7"]]
    (tmp_path / "clutter").mkdir()
    (tmp_path / "clutter" / "a.mp4").write_bytes(CLIP.read_bytes())
    found = list(rivals.pictures_of(tmp_path / "clutter", 9, tmp_path))
    assert len(found) == rivals.FRAMES and all(cv2.imread(str(path)) is not None and not rows for path, rows in found)
