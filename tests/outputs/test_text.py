"""Sinks: the promised JSON line, the table, pictures, and paths that cannot be written."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.live.display import why_no_display
from realtime.live.viewer import Viewer
from realtime.outputs import sinks
from realtime.outputs.pictures import check_picture, places, save_picture
from realtime.outputs.sink import OutputError
from realtime.outputs.text import COLUMNS, Csv, JsonLines
from realtime.reading.page import Digit, Number
from realtime.sources.frame import Frame
from realtime.tracking.tracked_frame import describe
from realtime.tracking.tracker import Track, Tracker, settle

KEYS = {
    "line": {"source": str, "frame": int, "time": float, "size": list, "latency_ms": float, "numbers": list},
    "number": {"id": int, "text": str, "state": str, "row": int, "confidence": float, "box": list, "digits": list},
    "digit": {"text": str, "confidence": float, "box": list},
}


def reading(text: str, y: int = 20, row: int = 0) -> Number:
    chances = np.full((len(text), 10), 0.01, np.float32)
    for i, sign in enumerate(text):
        chances[i, int(sign) if sign != "?" else 3] = 0.91 if sign != "?" else 0.4
    digits = [Digit(sign, 0.91 - i / 100, (10 + 20 * i, y, 14, 22), i, chances[i]) for i, sign in enumerate(text)]
    return Number(tuple(digits), row)


def frame(index: int = 0, source: str = "a.png", time: float = 0.0) -> Frame:
    return Frame(np.full((90, 160, 3), 128, np.uint8), index, time, source)


def assert_kinds(value: dict[str, object], kinds: dict[str, type]) -> None:
    assert value.keys() == kinds.keys()
    assert {key: type(value[key]) for key in kinds} == kinds


def assert_box(box: list[int], size: list[int]) -> None:
    assert [type(value) for value in box] == [int] * 4
    assert box[2] > 0 and box[3] > 0
    assert 0 <= box[0] <= box[0] + box[2] <= size[0] and 0 <= box[1] <= box[1] + box[3] <= size[1]


def assert_promised(line: dict) -> None:
    """Hold a JSON line against the form promised to readers outside the project."""
    assert_kinds(line, KEYS["line"])
    assert [type(side) for side in line["size"]] == [int, int]
    for number in line["numbers"]:
        assert_kinds(number, KEYS["number"])
        assert number["state"] in ("seen", "settled")
        assert number["text"] == "".join(digit["text"] for digit in number["digits"])
        assert number["confidence"] == min(digit["confidence"] for digit in number["digits"])
        assert_box(number["box"], line["size"])
        for digit in number["digits"]:
            assert_kinds(digit, KEYS["digit"])
            assert digit["text"] in tuple("0123456789?")
            assert 0 <= digit["confidence"] <= 1
            assert_box(digit["box"], line["size"])


def test_a_line_has_the_promised_form() -> None:
    tracks = settle([reading("07?2"), reading("5", y=50, row=1)])
    line = json.loads(json.dumps(describe(frame(12, "clip.mp4", 0.4804), tracks, 6.149)))
    assert_promised(line)
    assert (line["source"], line["frame"], line["time"], line["size"]) == ("clip.mp4", 12, 0.48, [160, 90])
    assert line["latency_ms"] == 6.15
    assert [(n["text"], n["row"], n["state"]) for n in line["numbers"]] == [("07?2", 0, "settled"), ("5", 1, "settled")]
    assert line["numbers"][0]["box"] == [10, 20, 74, 22]
    assert line["numbers"][0]["confidence"] == pytest.approx(0.88)


def test_an_empty_frame_is_a_line_too() -> None:
    line = json.loads(json.dumps(describe(frame(), [], 1.0)))
    assert_promised(line)
    assert line["numbers"] == []


def test_a_followed_number_has_the_promised_form_in_every_state() -> None:
    tracker, states = Tracker(), set()
    for i in range(20):
        tracks = tracker.update([reading("0742")] if i != 10 else [], i / 25)
        line = json.loads(json.dumps(describe(frame(i, time=i / 25), tracks, 1.0)))
        assert_promised(line)
        states |= {number["state"] for number in line["numbers"]}
    assert states == {"seen", "settled"}


def test_json_lines_are_whole_before_the_run_ends(tmp_path: Path) -> None:
    path = tmp_path / "数字.jsonl"
    with JsonLines(str(path)) as sink:
        for i in range(3):
            sink.take(frame(i, "naïve 写.mp4", i / 25), settle([reading("42")]), 1.0)
            lines = path.read_text(encoding="utf-8").splitlines()
            assert len(lines) == i + 1
            assert json.loads(lines[-1])["source"] == "naïve 写.mp4"
            assert "naïve 写.mp4" in lines[-1]


def test_the_table_has_a_line_for_each_number(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with Csv(str(path)) as sink:
        sink.take(frame(0, 'a "b", c.png'), settle([reading("007"), reading("5?", y=50, row=1)]), 1.0)
        sink.take(frame(1), [], 1.0)
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
        sink.take(frame(), settle([reading("42")]), 1.0)
    print("after")
    assert "42" in (out := capsys.readouterr().out)
    assert out.endswith("after\n")


@pytest.mark.parametrize("kind", [JsonLines, Csv])
@pytest.mark.parametrize("place", ["none/a.txt", "."])
def test_lines_that_cannot_be_written_are_an_error_at_once(kind: type, place: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        kind(str(tmp_path / place))


def test_a_picture_is_written_under_a_name_of_any_script(tmp_path: Path) -> None:
    path = tmp_path / "out é.jpg"
    check_picture(path)
    save_picture(path, frame().image)
    assert cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR).shape == (90, 160, 3)
    assert list(tmp_path.iterdir()) == [path]


def test_several_pictures_go_to_a_folder_none_over_another(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    named = places(folder, map(Path, ("x/a.png", "y/a.jpg", "b.png", "z/a.png", "a-2.png")), ".png")
    assert [path.name for path in named] == ["a.png", "a-2.png", "b.png", "a-3.png", "a-2-2.png"]
    assert folder.is_dir() and {path.parent for path in named} == {folder}


@pytest.mark.parametrize("name", ["a.xyz", "a.mp4", "a"])
def test_a_picture_of_an_unknown_kind_is_an_error_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="unknown ending"):
        save_picture(tmp_path / name, frame().image)
    assert not any(tmp_path.iterdir())


def test_a_picture_of_an_unknown_kind_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="unknown ending"):
        check_picture(tmp_path / "a.xyz")


def test_a_picture_without_its_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no folder"):
        check_picture(tmp_path / "none" / "a.png")
    with pytest.raises(OutputError, match="cannot save"):
        save_picture(tmp_path / "none" / "a.png", frame().image)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot make folder"):
        places(tmp_path / "file", [], ".png")
    (tmp_path / "b.png").mkdir()
    with pytest.raises(OutputError, match="it is a folder"):
        check_picture(tmp_path / "b.png")


def test_a_picture_that_fails_halfway_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:20])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left"):
        save_picture(path, frame().image)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only there do variables name the display")
def test_without_a_display_a_window_is_an_error_not_an_abort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert "DISPLAY" in str(why_no_display())
    with pytest.raises(OutputError, match="--no-show"):
        Viewer()
    monkeypatch.setenv("DISPLAY", ":nowhere")
    assert "does not answer" in str(why_no_display())


def test_tracks_are_what_is_described() -> None:
    assert {field for field in KEYS["number"] if field != "box"} <= set(Track.__dataclass_fields__)
    assert Track.__dataclass_params__.frozen


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_lines_reach_a_pipe_one_by_one() -> None:
    program = (
        "import sys, time; sys.path[:0] = sys.argv[1:]\n"
        "from tests.test_sinks import *\n"
        "with JsonLines('-') as sink:\n"
        "    sink.take(frame(), settle([reading('42')]), 1.0); input()\n"
    )
    command = [sys.executable, "-c", program, str(Path(sinks.__file__).parent.parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert json.loads(process.stdout.readline())["numbers"][0]["text"] == "42"
        process.communicate(b"\n")
    assert process.returncode == 0
