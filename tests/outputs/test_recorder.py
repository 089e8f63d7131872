"""Recordings: what is recorded replays to the same frames and the same readings, also after a kill."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from realtime.commands.recognize_video import main as recognize_video
from realtime.outputs.recorder import Recorder
from realtime.outputs.sink import OutputError
from realtime.sources.frame import Frame, SourceError
from realtime.sources.recording import Recording
from tests.conftest import CLIP
from tests.streams import clip_frames
from tests.tracked_frames import make_frame, track_frame


def test_a_record_replays_to_the_same_frames(tmp_path: Path) -> None:
    sent = [Frame(image, 3 * i, i / 7, "camera") for i, image in enumerate(clip_frames(5, 320))]
    with Recorder(tmp_path / "kept", pytest.fail) as record:
        for each in sent:
            record.take(track_frame(each, confidence=0.7, polarity="dark"))
    with Recording(tmp_path / "kept") as replay:
        got = list(replay.frames())
        assert replay.count == 5 and replay.fps == pytest.approx(7)
        assert (got[1].confidence, got[1].polarity, got[1].numbers) == (0.7, "dark", [])
    assert [(f.index, f.time, f.source) for f in got] == [(f.index, f.time, f.source) for f in sent]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(got, sent, strict=True))


def test_a_record_cut_off_by_a_kill_is_whole_up_to_there(tmp_path: Path) -> None:
    with Recorder(tmp_path / "kept", pytest.fail) as record:
        for i in range(4):
            record.take(track_frame(make_frame(i, time=i / 25)))
    lines = tmp_path / "kept" / "record.jsonl"
    lines.write_bytes(lines.read_bytes()[:-40])
    assert [f.index for f in Recording(tmp_path / "kept").frames()] == [0, 1, 2]


@pytest.mark.parametrize(
    ("text", "says"), [("", "no frame"), ('{"at": 1}\n{"at": 2}\n', "line 1.*lacks"), ("x\ny\n", "line 1")]
)
def test_a_damaged_record_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "record.jsonl").write_text(text)
    with pytest.raises(SourceError, match=says):
        Recording(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [("file", [1]), ("file", "../a.png"), ("file", "/a.png"), ("at", "x"), ("at", 10**400), ("at", float("nan"))]
    + [
        ("conf", None),
        ("conf", 7),
        ("polarity", None),
        ("polarity", "aupo"),
        ("frame", [1]),
        ("numbers", 3),
        ("source", 5),
        ("at", True),
    ],
)
def test_a_line_with_a_wrong_value_is_refused(key: str, value: object, tmp_path: Path) -> None:
    with Recorder(tmp_path / "kept", pytest.fail) as record:
        for i in range(2):
            record.take(track_frame(make_frame(i, time=i / 25)))
    path = tmp_path / "kept" / "record.jsonl"
    first, second = path.read_text().splitlines()
    path.write_text(json.dumps(json.loads(first) | {key: value}) + "\n" + second + "\n")
    with pytest.raises(SourceError, match="line 1, is not a recorded frame"):
        Recording(tmp_path / "kept")
    path.write_text("[" * 100_000 + "\n" + second + "\n")
    with pytest.raises(SourceError, match="line 1"):
        Recording(tmp_path / "kept")


def test_a_frame_that_cannot_be_read_is_left_out_and_told(tmp_path: Path) -> None:
    with Recorder(tmp_path / "kept", pytest.fail) as record:
        for i in range(3):
            record.take(track_frame(make_frame(i, time=i / 25)))
    (tmp_path / "kept" / "frames" / "000001.png").write_text("no picture")
    replay = Recording(tmp_path / "kept")
    assert [frame.index for frame in replay.frames()] == [0, 2]
    assert replay.damaged == 1 and "000001.png" in replay.notes[0]
    for path in (tmp_path / "kept" / "frames").iterdir():
        path.unlink()
    with pytest.raises(SourceError, match="no frame of"):
        list(Recording(tmp_path / "kept").frames())


def test_of_a_file_every_frame_is_kept_however_slow_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Recorder._write
    monkeypatch.setattr(Recorder, "_write", lambda self, item: (time.sleep(0.01), write(self, item)))
    with Recorder(tmp_path / "kept", pytest.fail, wait=True) as record:
        for i in range(60):
            record.take(track_frame(make_frame(i, time=i / 25)))
    assert Recording(tmp_path / "kept").count == 60


def test_a_record_takes_no_folder_in_use(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(OutputError, match="not empty"):
        Recorder(tmp_path, pytest.fail)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere: run as another user")
def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot record"):
        Recorder(tmp_path / "kept", pytest.fail)


def test_recognize_video_reads_a_record_as_it_was_read(tmp_path: Path) -> None:
    program = [sys.executable, "-c", "from realtime.commands.recognize_camera import main; main()"]
    options = ["--no-show", "--max-frames", "12", "--device", "cpu", "--conf", "0.7", "--polarity", "dark"]
    json_path = tmp_path / "live.jsonl"
    done = subprocess.run(
        [*program, str(CLIP), *options, "--record", str(tmp_path / "kept"), "--json", str(json_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = CliRunner().invoke(recognize_video, [str(tmp_path / "kept"), "--device", "cpu", "--json", "-"])
    assert result.exit_code == 0, result.output
    assert "12 of 12 frames as recorded" in result.stderr
    live = [json.loads(line) for line in json_path.read_text().splitlines()]
    again = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line | {"latency_ms": 0} for line in again] == [line | {"latency_ms": 0} for line in live]
