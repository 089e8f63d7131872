"""Live reading with recognize-camera, without a window: whole files however it ends, and a line for what goes wrong."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner

from realtime.commands.recognize_camera import main
from tests.conftest import CLIP, draw_sheet
from tests.streams import MjpegServer, clip_frames

LIVE = [sys.executable, "-c", "from realtime.commands.recognize_camera import main; main()"]


def test_a_stream_that_stays_away_ends_it_with_the_source_s_exit_code(tmp_path: Path) -> None:
    with MjpegServer(clip_frames(10, 640), marked=False) as server:
        command = [*LIVE, server.address, "--no-show", "--device", "cpu", "--give-up", "1"]
        saved = ["--save", str(tmp_path / "out.mp4"), "--json", str(tmp_path / "out.jsonl")]
        program = subprocess.Popen([*command, *saved], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        end = time.monotonic() + 60
        while not (tmp_path / "out.jsonl").exists() or (tmp_path / "out.jsonl").read_text().count("\n") < 10:
            assert time.monotonic() < end and program.poll() is None
            time.sleep(0.1)
    notes = program.communicate(timeout=60)[1]
    assert program.returncode == 3, notes
    assert "did not come back within 1 s" in notes and "Traceback" not in notes
    assert cv2.VideoCapture(str(tmp_path / "out.mp4")).read()[0]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_whole_files(tmp_path: Path, stop: signal.Signals) -> None:
    with MjpegServer(clip_frames(10, 640), marked=False) as server:
        files = {name: tmp_path / name for name in ("out.mp4", "out.jsonl", "out.csv", "events.jsonl", "kept")}
        options = ["--save", files["out.mp4"], "--json", files["out.jsonl"], "--csv", files["out.csv"]]
        options += ["--events", files["events.jsonl"], "--record", files["kept"]]
        command = [*LIVE, server.address, "--no-show", "--device", "cpu", *map(str, options)]
        program = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        end = time.monotonic() + 60
        while not files["out.jsonl"].exists() or files["out.jsonl"].read_text().count("\n") < 10:
            assert time.monotonic() < end and program.poll() is None
            time.sleep(0.1)
        program.send_signal(stop)
        notes = program.communicate(timeout=60)[1]
    assert program.returncode == 130, notes
    assert "interrupted" in notes and "Traceback" not in notes
    assert cv2.VideoCapture(str(files["out.mp4"])).read()[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files)
    assert all(files[name].read_bytes().endswith(b"\n") for name in ("out.jsonl", "out.csv"))


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nothing.mp4"], 3, "no clip nothing.mp4"),
        (["97"], 3, "cannot open camera 97 (tried"),
        (["99999999999999999999"], 3, "no camera has the number"),
        (["http://127.0.0.1:9/video"], 3, "cannot open stream"),
        (["photos/*.jpg"], 3, "no pictures in photos"),
        ([str(CLIP), "--size", "640x480"], 2, "--size is asked of a camera"),
        (["0", "--size", "large"], 2, "write it as 1280x720"),
        (["0", "--rotate", "45"], 2, "45"),
        ([str(CLIP), "--json", "-", "--events", "-"], 2, "cannot share standard output"),
        ([str(CLIP), "--model", "missing.onnx"], 4, "missing.onnx"),
        ([str(CLIP), "--save", "no/such/out.mp4"], 1, "no folder"),
        ([str(CLIP), "--save", "out.txt"], 1, "unknown ending"),
        ([str(CLIP), "--record", str(CLIP)], 1, "cannot record"),
        pytest.param(
            [str(CLIP), "--json", "/dev/full"],
            1,
            "No space left",
            marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full"),
        ),
    ],
)
def test_what_goes_wrong_is_said_in_a_line(arguments: list[str], code: int, says: str) -> None:
    result = CliRunner().invoke(main, [*arguments, "--no-show", "--device", "cpu", "--max-frames", "2"])
    assert result.exit_code == code, result.output
    assert says in result.stderr and "Traceback" not in result.stderr


def test_a_turned_camera_is_read_upright(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), cv2.rotate(draw_sheet(["0742"]), cv2.ROTATE_90_COUNTERCLOCKWISE))
    for i in range(8):
        (tmp_path / f"b{i}.png").write_bytes((tmp_path / "a.png").read_bytes())
    result = CliRunner().invoke(main, [str(tmp_path), "--rotate", "90", "--no-show", "--device", "cpu"])
    assert (result.exit_code, result.stdout) == (0, "0742\n"), result.stderr
