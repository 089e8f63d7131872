"""What is wanted of numbers, as users ask for it on the command line."""

import json
import os
from pathlib import Path

import pytest

from tests.conftest import CLIP
from tests.run_commands import REPOSITORY, run

SHEET = REPOSITORY / "tests" / "data" / "sheet.jpg"


def test_regions_with_expectations_of_their_own(tmp_path: Path) -> None:
    words = [
        "--region",
        "top=0%,0%,100%,30%",
        "--region",
        "low=0,700,720,260",
        "--expect",
        "dd",
        "--expect",
        "top=d{5}",
    ]
    done = run("recognize-image", SHEET, "--device", "cpu", *words, "--json", "-", folder=tmp_path)
    numbers = json.loads(done.stdout)["numbers"]
    assert [(n["text"], n["region"], n["fits"]) for n in numbers] == [("12012", "top", True), ("?", "low", False)]
    plain = run("recognize-image", SHEET, "--device", "cpu", *words, folder=tmp_path)
    assert plain.stdout == "top: 12012\nlow: ?\n"


def test_known_numbers_from_a_file_on_two_processes(tmp_path: Path) -> None:
    (tmp_path / "known.txt").write_text("12012  # the first\n\n75\n58003\n9\n")
    done = run(
        "recognize-image", SHEET, SHEET, "--known", "known.txt", "--workers", 2, "--device", "cpu", folder=tmp_path
    )
    rows = [line.rpartition(": ")[2] for line in done.stdout.splitlines()]
    assert rows[:3] == ["12012", "75", "58003"] and "?" in rows[3] and rows[4] == "9" and rows[:5] == rows[5:]


def test_events_and_settled_numbers_of_a_clip_name_their_region(tmp_path: Path) -> None:
    words = ["--region", "all=0%,0%,100%,100%", "--between", "all=0:600", "--events", "events.csv", "--max-frames", 30]
    done = run("recognize-camera", CLIP, "--no-show", "--device", "cpu", *words, folder=tmp_path)
    assert done.returncode == 0 and "all: 518" in done.stdout.splitlines(), done.stderr
    assert any(line.endswith(",True,all,,") for line in (tmp_path / "events.csv").read_text().splitlines())


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--expect", "d{3,"], 2, "is no pattern"),
        (["--between", "5"], 2, "write 0:500"),
        (["--between", "nan:nan"], 2, "write 0:500"),
        (["--expect", "(" * 301], 2, "it has 301 signs, more than 300"),
        (["--known", os.devnull], 1, "no regular file"),
        (["--between", "9:5"], 2, "write the smaller value first"),
        (["--checksum", "crc"], 2, "is none of luhn, mod97, ean13, isbn10"),
        (["--expect", "dd", "--expect", "ddd"], 2, "are for the same numbers"),
        (["--region", "a=1,2,3"], 2, "write total=40,30,200,60"),
        (["--region", "a=1,2,3,4", "--region", "a=5,6,7,8"], 2, "two are called a"),
        (["--region", "a=9000,0,10,10"], 1, "lies outside of the frame"),
        (["--anchor", "sheet", "--region", "a=1,2,3,4"], 2, "in percent of the sheet"),
        (["--anchor", "marks", "--region", "a=0%,0%,50%,50%"], 0, "no number found, not all four printed marks"),
        (["--known", "none.txt"], 1, "cannot read --known none.txt"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    done = run("recognize-image", SHEET, "--device", "cpu", *words, folder=tmp_path)
    assert done.returncode == code and said in done.stderr and "Traceback" not in done.stderr, done.stderr
