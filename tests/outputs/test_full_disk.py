"""A disk that runs full while something is written: one clear line, exit code 1, and what was written before is whole.

A limit on the size of files stands for the full disk: writing beyond it fails in the same place.
"""

import json
import sys
from functools import partial
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner

from realtime.commands.recognize_camera import main as recognize_camera
from realtime.commands.recognize_video import main as recognize_video
from realtime.outputs import video
from realtime.sources.recording import Recording
from tests.conftest import CLIP
from tests.run_commands import start

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX does")


def run_limited(limit: int, name: str, *words: object, folder: Path) -> str:
    """Run a command that can write no file larger than `limit` bytes; return what it said as it failed."""
    import resource

    small = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, limit))
    with start(name, *words, folder=folder, preexec_fn=small) as process:
        notes = process.communicate(timeout=120)[1]
    assert process.returncode == 1, notes
    assert notes.count("error:") == 1 and "Traceback" not in notes and "Exception ignored" not in notes
    return notes


@pytest.mark.parametrize("name", ["recognize-camera", "recognize-video"])
def test_lines_end_whole(name: str, tmp_path: Path) -> None:
    words = (CLIP, "--no-show", "--json", "out.jsonl", "--csv", "out.csv", "--max-frames", 60)
    notes = run_limited(30_000, name, *words, folder=tmp_path)
    assert "error: cannot write out." in notes
    told = (tmp_path / "out.jsonl").read_bytes()
    assert told.endswith(b"\n") and 10_000 < len(told) <= 30_000
    assert [json.loads(line)["frame"] for line in told.splitlines()] == list(range(told.count(b"\n")))
    assert (tmp_path / "out.csv").read_bytes().endswith(b"\n")


def test_a_record_is_whole_up_to_there(tmp_path: Path) -> None:
    words = (CLIP, "--no-show", "--record", "kept", "--max-frames", 60)
    notes = run_limited(40_000, "recognize-camera", *words, folder=tmp_path)
    assert "error: cannot record into kept: " in notes
    assert (tmp_path / "kept" / "record.jsonl").read_bytes() == b""  # no frame found room
    replay = CliRunner().invoke(recognize_video, [str(tmp_path / "kept")])
    assert replay.exit_code == 3 and "holds no frame" in replay.stderr


def test_collected_digits_are_whole_pictures_with_their_lines(tmp_path: Path) -> None:
    words = (CLIP, "--no-show", "--collect", "kept", "--max-frames", 60)
    notes = run_limited(12_500, "recognize-camera", *words, folder=tmp_path)
    assert "error: cannot save kept" in notes or "error: cannot write kept" in notes
    pictures = sorted(path for path in tmp_path.rglob("*.png"))
    assert pictures and all(cv2.imread(str(path)) is not None for path in pictures)
    lines = [json.loads(line) for path in tmp_path.rglob("provenance.jsonl") for line in path.read_text().splitlines()]
    assert sorted(line["file"] for line in lines) == [path.name for path in sorted(pictures, key=lambda p: p.name)]
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("command", [recognize_camera, recognize_video])
@pytest.mark.parametrize("ending", ["mp4", "webm"])
def test_a_video_ends_while_it_can_be_finished(
    command: object, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter([2**30, 2**30])  # room at the first look, and at the one 16 frames later, then none
    usage = type("Usage", (), {"free": property(lambda _: next(left, 0))})
    monkeypatch.setattr(video.shutil, "disk_usage", lambda _: usage())
    path = tmp_path / f"out.{ending}"
    words = [str(CLIP), "--no-show", "--save", str(path), "--device", "cpu"]
    result = CliRunner().invoke(command, words)
    assert result.exit_code == 1 and "the disk is full; it ends here" in result.stderr
    seen, count = cv2.VideoCapture(str(path)), 0
    while seen.read()[0]:
        count += 1
    assert count == 32 and list(tmp_path.iterdir()) == [path]


def test_a_record_that_is_cut_short_is_read(tmp_path: Path) -> None:
    words = [str(CLIP), "--no-show", "--record", str(tmp_path / "kept"), "--device", "cpu", "--max-frames", "4"]
    assert CliRunner().invoke(recognize_camera, words).exit_code == 0
    path = tmp_path / "kept" / "record.jsonl"
    path.write_bytes(path.read_bytes()[:-100])
    assert Recording(tmp_path / "kept").count == 3
