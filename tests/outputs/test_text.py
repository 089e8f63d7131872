"""Lines of text: the promised JSON line, the table, and paths that cannot be written."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from realtime.outputs.sink import OutputError
from realtime.outputs.text import COLUMNS, Csv, JsonLines
from realtime.tracking.tracker import Tracker, settle
from tests.outputs.promised_line import assert_promised
from tests.run_commands import REPOSITORY
from tests.tracked_frames import make_frame, make_number, track_frame


def test_a_line_has_the_promised_form() -> None:
    tracks = settle([make_number("07?2"), make_number("5", top=50, row=1)])
    line = json.loads(json.dumps(track_frame(make_frame(12, "clip.mp4", 0.4804), tracks, 6.149).to_dict()))
    assert_promised(line)
    assert (line["source"], line["frame"], line["time"], line["size"]) == ("clip.mp4", 12, 0.48, [160, 90])
    assert line["latency_ms"] == 6.15
    assert [(n["text"], n["row"], n["state"]) for n in line["numbers"]] == [("07?2", 0, "settled"), ("5", 1, "settled")]
    assert line["numbers"][0]["box"] == [10, 20, 74, 22]
    assert line["numbers"][0]["confidence"] == pytest.approx(0.88)


def test_an_empty_frame_is_a_line_too() -> None:
    line = json.loads(json.dumps(track_frame(make_frame()).to_dict()))
    assert_promised(line)
    assert line["numbers"] == []


def test_a_followed_number_has_the_promised_form_in_every_state() -> None:
    tracker, states = Tracker(), set()
    for i in range(20):
        tracks = tracker.update([make_number("0742")] if i != 10 else [], i / 25)
        line = json.loads(json.dumps(track_frame(make_frame(i, time=i / 25), tracks, 1.0).to_dict()))
        assert_promised(line)
        states |= {number["state"] for number in line["numbers"]}
    assert states == {"seen", "settled"}


def test_json_lines_are_whole_before_the_run_ends(tmp_path: Path) -> None:
    path = tmp_path / "数字.jsonl"
    with JsonLines(str(path)) as sink:
        for i in range(3):
            sink.take(track_frame(make_frame(i, "naïve 写.mp4", i / 25), settle([make_number("42")])))
            lines = path.read_text(encoding="utf-8").splitlines()
            assert len(lines) == i + 1
            assert json.loads(lines[-1])["source"] == "naïve 写.mp4"
            assert "naïve 写.mp4" in lines[-1]


def test_the_table_has_a_line_for_each_number(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with Csv(str(path)) as sink:
        sink.take(
            track_frame(
                make_frame(0, 'a "b", c.png'), settle([make_number("007"), make_number("5?", top=50, row=1)]), 1.0
            )
        )
        sink.take(track_frame(make_frame(1)))
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert tuple(lines[0]) == COLUMNS
    assert [(line["source"], line["text"], line["row"]) for line in lines] == [
        ('a "b", c.png', "007", "0"),
        ('a "b", c.png', "5?", "1"),
    ]
    assert (lines[0]["x"], lines[0]["y"], lines[0]["w"], lines[0]["h"]) == ("10", "20", "54", "22")


@pytest.mark.parametrize("kind", [JsonLines, Csv])
def test_a_dash_is_standard_output_which_stays_open(kind: type, capsys: pytest.CaptureFixture[str]) -> None:
    with kind("-") as sink:
        sink.take(track_frame(make_frame(), settle([make_number("42")])))
    print("after")
    assert "42" in (out := capsys.readouterr().out)
    assert out.endswith("after\n")


@pytest.mark.parametrize("kind", [JsonLines, Csv])
@pytest.mark.parametrize("place", ["none/a.txt", "."])
def test_lines_that_cannot_be_written_are_an_error_at_once(kind: type, place: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        kind(str(tmp_path / place))


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_lines_reach_a_pipe_one_by_one() -> None:
    program = (
        "import sys, time; sys.path[:0] = sys.argv[1:]\n"
        "from tests.outputs.test_text import *\n"
        "with JsonLines('-') as sink:\n"
        "    sink.take(track_frame(make_frame(), settle([make_number('42')]))); input()\n"
    )
    command = [sys.executable, "-c", program, str(REPOSITORY)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert json.loads(process.stdout.readline())["numbers"][0]["text"] == "42"
        process.communicate(b"\n")
    assert process.returncode == 0
