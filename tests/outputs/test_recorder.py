"""Recordings: what is recorded replays to the same frames and the same readings, also after a kill."""

import json
import os
import subprocess
import sys
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
