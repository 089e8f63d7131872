"""The newest frames of a real MJPEG camera on localhost: each once, and again after the camera was away."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.sources.camera import CameraSettings, open_live
from realtime.sources.frame import Frame, SourceError
from realtime.sources.live_capture import LiveCapture
from tests.streams import MjpegServer, clip_frames, stamped


def open_stream(server: MjpegServer, give_up: float = 60) -> LiveCapture:
    return LiveCapture(partial(open_live, server.address, CameraSettings()), server.address, give_up)


def next_frame(frames: Iterator[Frame | None], seconds: float = 15) -> Frame:
    end = time.monotonic() + seconds
    for frame in frames:
        if frame is not None:
            return frame
        assert time.monotonic() < end, f"no frame within {seconds} s"
    raise AssertionError("the source ended")


def reading_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name in ("live-capture", "writer")]


def delays(server: MjpegServer, seconds: float, work: float) -> tuple[NDArray[np.float64], list[int]]:
    """Take the newest frames for some seconds, working on each for `work` s; return the delays, s, and the numbers."""
    late, numbers = [], []
    with open_stream(server) as source:
        end = time.monotonic() + seconds
        for frame in source.frames():
            if time.monotonic() > end:
                break
            if frame is None:
                continue
            numbers.append(stamped(frame.image))
            time.sleep(work)
            late.append(time.monotonic() - server.sent[numbers[-1]])
    return np.array(late), numbers


def blocking_delays(server: MjpegServer, seconds: float, work: float) -> NDArray[np.float64]:
    """Do the same with the usual loop: read, work, read."""
    capture, late = cv2.VideoCapture(server.address), []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ok, image = capture.read()
        assert ok
        number = stamped(image)
        time.sleep(work)
        late.append(time.monotonic() - server.sent[number])
    capture.release()
    return np.array(late)


def test_a_slow_reader_gets_new_frames_each_once() -> None:
    with MjpegServer(clip_frames(20, 640)) as server:
        late, numbers = delays(server, 4, 0.1)
    assert all(a < b for a, b in pairwise(numbers))
    assert numbers[-1] > 2 * len(numbers)  # frames were passed over, not queued
    assert np.median(late) < 0.25
    assert reading_threads() == []


def test_a_stream_comes_back_after_a_stall_and_a_restart_at_another_size() -> None:
    with MjpegServer(clip_frames(20, 640)) as server, open_stream(server) as source:
        frames = source.frames()
        assert next_frame(frames).image.shape == (360, 640, 3)
        server.stalled.set()
        end = time.monotonic() + 10
        while not source.outage:
            next(frames)
            assert time.monotonic() < end
        assert "lost http" in source.outage
        server.stalled.clear()
        next_frame(frames)
        server.stop()
        time.sleep(1)
        with MjpegServer(clip_frames(20, 320), port=server.port):
            while (frame := next_frame(frames)).image.shape[1] == 640:
                pass
            assert frame.image.shape == (180, 320, 3)
            assert source.outage == "" and source.reconnections >= 2
    assert reading_threads() == []


def test_a_camera_that_opens_but_gives_nothing_is_an_error() -> None:
    class Blind:
        released = 0

        def grab(self) -> bool:
            return False

        def release(self) -> None:
            self.released += 1

    blind = Blind()
    with pytest.raises(SourceError, match="gave no frame"):
        LiveCapture(lambda: blind, "camera 0")
    assert blind.released == 1


def test_an_error_in_the_reading_thread_is_raised_in_the_loop() -> None:
    class Broken:
        left = 3

        def grab(self) -> bool:
            self.left -= 1
            return True

        def retrieve(self) -> tuple[bool, NDArray[np.uint8]]:
            if self.left < 0:
                raise cv2.error("driver broke")
            return True, np.zeros((4, 4, 3), np.uint8)

        def get(self, _: int) -> float:
            return float("nan")

        def release(self) -> None:
            pass

    with LiveCapture(Broken, "camera 0") as source, pytest.raises(cv2.error, match="driver broke"):
        for _ in source.frames():
            pass
    assert source.fps == 25 and reading_threads() == []


@pytest.mark.soak
def test_delay_at_30_frames_a_second_read_at_10() -> None:
    with MjpegServer(clip_frames(60)) as server:
        late, numbers = delays(server, 60, 0.1)
    with MjpegServer(clip_frames(60)) as server:
        usual = blocking_delays(server, 20, 0.1)
    tell = [f"{1000 * np.percentile(d, p):.0f} ms" for d in (late, usual) for p in (50, 99)]
    print(
        f"\nlive capture: median {tell[0]}, 99th {tell[1]}; the usual loop after 20 s: median {tell[2]}, 99th {tell[3]}"
    )
    assert len(set(numbers)) == len(numbers)
    assert np.percentile(late, 99) <= 0.15
    assert usual[-1] > 3 * np.percentile(late, 99)


@pytest.mark.soak
def test_ten_minutes_at_30_frames_a_second_keep_memory_flat() -> None:
    def resident() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def serve(width: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.streams", str(port), str(width)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None and server.stdout.readline() == "serving\n"
        return server

    def kill(server: subprocess.Popen[str]) -> None:
        server.kill()
        server.communicate()

    minutes, memory = float(os.environ.get("LIVEDIGITS_SOAK_MINUTES", "10")), []
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = serve(1280)
    try:
        with LiveCapture(partial(open_live, f"http://127.0.0.1:{port}/", CameraSettings()), "camera") as source:
            stream, start, longest = source.frames(), time.monotonic(), 0.0
            while time.monotonic() - start < 60 * minutes:
                end = time.monotonic() + 20
                while time.monotonic() < end:
                    next_frame(stream)
                memory.append(resident())
                kill(server)
                time.sleep(0.5)
                width = (640, 1280)[len(memory) % 2]
                server = serve(width)
                back = time.monotonic()
                while next_frame(stream).image.shape[1] != width:
                    pass
                longest = max(longest, time.monotonic() - back)
    finally:
        kill(server)
    print(f"\n{source.reconnections} restarts, reading again within {longest:.1f} s")
    print(f"\nresident {memory[1]:.0f} MB after 40 s, {memory[-1]:.0f} MB at the end, largest {max(memory):.0f} MB")
    assert longest < 3
    assert max(memory[len(memory) // 2 :]) < max(memory[1 : len(memory) // 2]) + 20
    assert reading_threads() == []
