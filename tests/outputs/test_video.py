"""Videos: every frame of a clip, a camera at true speed, and files that survive a kill and a full disk."""

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.outputs import video
from realtime.outputs.background_writer import BackgroundWriter
from realtime.outputs.sink import OutputError
from realtime.outputs.video import LiveVideo, VideoFile
from realtime.sources.frame import Frame
from tests.streams import stamp, stamped
from tests.tracked_frames import track_frame


def stamped_frame(index: int, time: float, width: int = 320, height: int = 180) -> Frame:
    return Frame(stamp(np.full((height, width, 3), 120, np.uint8), index), index, time, "test")


def frames_of(path: Path) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(path))
    assert capture.isOpened(), path
    frames = []
    while (got := capture.read())[0]:
        frames.append(got[1])
    capture.release()
    return frames


@pytest.mark.parametrize("ending", [".mp4", ".m4v", ".avi", ".mkv", ".webm"])
def test_every_frame_of_a_clip_is_written(tmp_path: Path, ending: str, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"out{ending}"
    with VideoFile(path, 25) as saved:
        for i in range(30):
            saved.take(track_frame(stamped_frame(i, i / 25)))
    assert [stamped(image) for image in frames_of(path)] == list(range(30))
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert capfd.readouterr().err == ""  # nothing of FFmpeg's


def test_a_live_video_runs_at_true_speed_though_frames_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    times = [0.0, 0.1, 0.13, 0.9, 1.5, 1.53, 2.0]
    with LiveVideo(path, 10, print) as saved:
        for i, at in enumerate(times):
            saved.take(track_frame(stamped_frame(i, 7 + at)))
    shown = [stamped(image) for image in frames_of(path)]
    assert len(shown) == 21  # two seconds, and the last frame
    for i, at in enumerate(times):
        if i not in (1, 4):  # the next one comes within half a picture, and is shown in its place
            assert i in shown[max(0, round(at * 10) - 1) : round(at * 10) + 2]


def test_a_camera_that_was_away_for_long_leaves_no_long_still(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with LiveVideo(path, 10, pytest.fail) as saved:
        for i, at in enumerate([0.0, 0.1, 500.0, 500.1]):
            saved.take(track_frame(stamped_frame(i, at)))
    assert len(frames_of(path)) <= 6


def test_another_frame_size_is_fitted_in(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with LiveVideo(path, 10, pytest.fail) as saved:
        saved.take(track_frame(stamped_frame(0, 0.0)))
        saved.take(track_frame(stamped_frame(1, 0.1, 160, 90)))
    assert {image.shape for image in frames_of(path)} == {(180, 320, 3)}


def test_a_writer_that_cannot_keep_up_says_so_and_stalls_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    write = VideoFile.write
    monkeypatch.setattr(VideoFile, "write", lambda self, image: (time.sleep(0.02), write(self, image)))
    longest = 0.0
    with LiveVideo(tmp_path / "out.avi", 100, said.append) as saved:
        for i in range(100):
            start = time.monotonic()
            saved.take(track_frame(stamped_frame(i, i / 100)))
            longest = max(longest, time.monotonic() - start)
            time.sleep(0.005)
    assert longest < 0.1  # a write takes 0.02, and 24 wait: waiting for room would show
    assert len(said) == 2 and "cannot keep up" in said[0] and "lacks" in said[1]
    assert len(frames_of(tmp_path / "out.avi")) >= 70  # as long as it should be, short of the last frames left out


def test_what_the_writer_raises_reaches_the_loop() -> None:
    def fail(_: int) -> None:
        raise OSError("no room")

    writer: BackgroundWriter[int] = BackgroundWriter(fail, Path("out.mp4"), print, capacity=2)
    with pytest.raises(OSError, match="no room"):
        for i in range(1000):
            writer.offer(i)
            time.sleep(0.001)
    writer.close()


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
def test_a_killed_run_leaves_a_file_that_opens(tmp_path: Path, ending: str) -> None:
    program = f"""
        import time
        from pathlib import Path
        from realtime.outputs.video import LiveVideo
        from realtime.sources.frame import Frame
        from tests.streams import clip_frames
        from tests.tracked_frames import track_frame
        pictures = clip_frames(20, 640)
        saved = LiveVideo(Path({str(tmp_path)!r}) / "out{ending}", 25, print)
        for i in range(10**6):
            saved.take(track_frame(Frame(pictures[i % 20], i, i / 25, "test")))
            time.sleep(0.02)
            if saved._video._count >= 250:
                print("now", flush=True)
    """
    running = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    while running.stdout.readline().strip() != "now":
        assert running.poll() is None
    running.send_signal(signal.SIGKILL)
    running.wait()
    running.stdout.close()
    (left,) = tmp_path.iterdir()
    assert left.name.startswith("out.part")
    assert len(frames_of(left)) > 50  # the last five seconds may still be in memory


def test_a_disk_that_fills_up_ends_the_video_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = iter([10**9] * 3)
    usage = video.shutil.disk_usage("/")
    monkeypatch.setattr(video.shutil, "disk_usage", lambda _: usage._replace(free=next(free, 1000)))
    path = tmp_path / "out.mp4"
    with pytest.raises(OutputError, match=r"out\.mp4.*disk is full"), VideoFile(path, 25) as saved:
        for i in range(200):
            saved.take(track_frame(stamped_frame(i, i / 25)))
    assert len(frames_of(path)) == 48
