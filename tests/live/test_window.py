"""The real window: recognize-camera under Xvfb, watching an MJPEG camera, with real key presses and clicks."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.live.live_app import LIVE, App, needs_screen
from tests.run_commands import REPOSITORY
from tests.streams import MjpegServer, clip_frames

pytestmark = needs_screen


@pytest.fixture(scope="module")
def camera() -> Iterator[MjpegServer]:
    with MjpegServer(clip_frames(80, 960), fps=5, marked=False) as server:
        yield server


@pytest.fixture
def app(tmp_path: Path, screen: str, camera: MjpegServer) -> Iterator[App]:
    app = App(tmp_path, screen, camera.address)
    yield app
    if app.program.poll() is None:
        app.program.kill()
    app.program.communicate()


def alike(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Return the correlation of two pictures, of their upper part alone: the texts below do not count."""
    height = a.shape[0] * 4 // 5
    x, y = (cv2.resize(image[:height], (160, 90), interpolation=cv2.INTER_AREA).astype(float) for image in (a, b))
    return float(np.corrcoef(x.ravel(), y.ravel())[0, 1])


@pytest.mark.parametrize("way", ["q", "Escape", "close"])
def test_q_escape_and_closing_the_window_quit(app: App, way: str) -> None:
    if way == "close":
        if not shutil.which("openbox"):
            pytest.skip("closing a window needs a window manager: apt-get install openbox")
        app.do("windowfocus", app.window)
        app.do("key", "alt+F4")
    else:
        app.press(way)
    code, notes = app.end()
    assert code == 0, notes
    assert [line for line in notes.splitlines() if "reading on" not in line] == []


def test_keys_that_keep_pictures(app: App) -> None:
    app.press("Tab", "7")
    app.wait(lambda: len(app.pictures()) == 1, "picture")
    assert app.pictures()[0].startswith("7/")
    app.press("x")
    app.wait(lambda: [name.partition("/")[0] for name in app.pictures()] == ["not-a-digit"], "move")
    app.press("u", "u")
    assert app.pictures() == []
    app.press("c")
    app.wait(lambda: len(app.pictures()) >= 15, "pictures of what is on the sheet")
    assert {name.partition("/")[0] for name in app.pictures()} >= set("02457")
    count = len(app.pictures())
    app.press("s")
    assert [name for name in app.pictures() if name.startswith("snapshots/")]
    app.press("u")
    assert len(app.pictures()) == count
    app.press("u")
    app.wait(lambda: app.pictures() == [], "folder as empty as before")
    app.press("q")
    assert app.end()[0] == 0


def test_space_pauses_and_goes_on(app: App) -> None:
    app.press("space")
    count = len(app.lines())
    time.sleep(1)
    assert len(app.lines()) == count
    app.press("Tab", "3")  # keys work on the frame shown
    assert app.pictures()[0].startswith("3/")
    app.press("space")
    app.wait(lambda: len(app.lines()) > count + 3, "more readings")
    assert app.lines()[-1]["frame"] > app.lines()[count - 1]["frame"] + 8  # what came meanwhile is not caught up


def test_keys_that_change_the_picture(app: App) -> None:
    app.press("space")
    app.wait(lambda: alike(app.shot(), app.shot()) > 0.9999, "still picture")
    plain, whole = app.picture(), app.shot()
    app.press("m")
    app.wait(lambda: alike(app.picture(), plain) + 0.2 < alike(app.picture()[:, ::-1], plain), "mirrored picture")
    app.press("m", "d")
    app.wait(lambda: app.picture().mean() < 0.7 * plain.mean(), "steps on a darker picture")
    app.press("d", "h")
    app.wait(lambda: alike(app.picture(), plain) > 0.95, "picture of which the help hides nothing")
    texts = app.shot()[:, plain.shape[1] :], whole[:, plain.shape[1] :]
    assert (texts[0] > 128).sum() > 1.5 * (texts[1] > 128).sum()
    app.press("h", "Tab")
    assert 0.9 < alike(app.picture(), plain) < 0.9999  # the selected digit is framed
    if shutil.which("openbox"):
        app.press("f")
        assert "1400x900" in app.do("getwindowgeometry", app.window)
        app.press("f")
        assert "1400x900" not in app.do("getwindowgeometry", app.window)


def test_the_wheel_zooms_and_a_drag_moves_the_picture(app: App) -> None:
    app.press("space")
    app.wait(lambda: alike(app.shot(), app.shot()) > 0.9999, "still picture")
    plain = app.picture()
    app.do("mousemove", "--window", app.window, "300", "200")
    app.do("click", "4")
    app.do("click", "4")
    app.wait(lambda: alike(app.picture(), plain) < 0.9, "larger picture")
    near = app.picture()
    app.do("mousedown", "1")
    for _ in range(6):
        app.do("mousemove_relative", "--", "-20", "-10")
    app.do("mouseup", "1")
    app.wait(lambda: alike(app.picture(), near) < 0.98, "moved picture")
    for _ in range(3):
        app.do("click", "5")
    app.wait(lambda: alike(app.picture(), plain) > 0.99, "whole picture")


def test_keys_that_change_the_reading(app: App) -> None:
    app.wait(lambda: "0742" in [number["text"] for number in app.lines()[-1]["numbers"]], "0742")
    first = max(number["id"] for number in app.lines()[-1]["numbers"])
    app.press("r")
    app.wait(lambda: min([number["id"] for number in app.lines()[-1]["numbers"]], default=0) > first, "new ids")
    app.press("i", "i")  # light ink alone: there is none on this sheet
    app.wait(lambda: "0742" not in [number["text"] for number in app.lines()[-1]["numbers"]], "frame without it")
    app.press("i")
    app.wait(lambda: "0742" in [number["text"] for number in app.lines()[-1]["numbers"]], "0742")
    app.press(*["bracketright"] * 10, "r")  # a settled number is held while frames agree with it: forget those
    app.wait(lambda: "0742" not in [number["text"] for number in app.lines()[-1]["numbers"]], "nothing sure enough")
    app.press(*["bracketleft"] * 10)
    app.wait(lambda: "0742" in [number["text"] for number in app.lines()[-1]["numbers"]], "0742")


def test_a_region_is_drawn_and_named(app: App) -> None:
    assert {number["row"] for line in app.lines()[-3:] for number in line["numbers"]} > {0}
    app.press("g")
    app.do("mousemove", "--window", app.window, "4", "4")
    app.do("mousedown", "1")
    for x, y in (("300", "100"), ("950", "230")):
        app.do("mousemove", "--window", app.window, x, y)
        time.sleep(0.5)
    app.do("mouseup", "1")
    app.press("t", "o", "p")
    shown = app.shot()
    app.press("Return")
    app.wait(lambda: any(n.get("region") == "top" for n in app.lines()[-1]["numbers"]), "numbers of the region")
    app.wait(lambda: all(n.get("region") == "top" for n in app.lines()[-1]["numbers"]), "nothing else")
    assert alike(shown, app.shot()) > 0.5
    app.press("w")
    app.wait(lambda: any("region" not in n for n in app.lines()[-1]["numbers"]), "the whole frame")
    app.press("q")
    assert app.end()[0] == 0


def test_a_click_selects_a_digit(app: App) -> None:
    app.press("space")
    number = next(number for number in app.lines()[-1]["numbers"] if number["text"] == "0742")
    x, y, w, h = number["digits"][1]["box"]
    scale = app.scale(960)
    app.do("mousemove", "--window", app.window, str(round((x + w / 2) * scale)), str(round((y + h / 2) * scale)))
    app.do("click", "1")
    time.sleep(0.4)
    app.press("9")
    (name,) = app.pictures()
    assert name.startswith("9/") and name.endswith("-d1.png")


def test_a_stream_that_is_away_is_shown_as_lost_and_comes_back(tmp_path: Path, screen: str) -> None:
    with MjpegServer(clip_frames(20, 960), fps=5, marked=False) as server:
        app = App(tmp_path, screen, server.address)
        bright = app.shot().mean()
    app.wait(lambda: app.shot().mean() < 0.6 * bright, "dimmed picture")
    count = len(app.lines())
    with MjpegServer(clip_frames(20, 640), fps=8, port=server.port, marked=False):
        app.wait(lambda: len(app.lines()) > count + 2, "readings of the stream that is back")
        assert app.lines()[-1]["size"] == [640, 360]
        app.press("q")
        code, notes = app.end()
    assert code == 0
    assert "lost http" in notes and "is back" in notes and "Traceback" not in notes


def test_without_a_display_it_reads_on_and_says_so(tmp_path: Path, camera: MjpegServer) -> None:
    env = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    for extra, why in (({}, "neither DISPLAY"), ({"DISPLAY": ":7987"}, "does not answer")):
        command = [*LIVE, camera.address, "--max-frames", "5", "--device", "cpu"]
        done = subprocess.run(command, env=env | extra, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "no window" in done.stderr and why in done.stderr


def test_each_photo_stays_in_the_window_until_a_key_is_pressed(sheets: list[Path], tmp_path: Path, screen: str) -> None:
    paths = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "DISPLAY": screen, "PYTHONPATH": paths}
    program = "from realtime.commands.recognize_image import main; main()"
    command = [sys.executable, "-c", program, *map(str, sheets), "--device", "cpu", "--show"]

    def press(key: str) -> None:
        # Not search --sync: it fails where a window of another's goes while it looks.
        search = ["xdotool", "search", "--onlyvisible", "--name", "^livedigits$"]
        end = time.monotonic() + 60
        found: list[str] = []
        while not found:
            assert time.monotonic() < end, "no window"
            found = subprocess.run(search, env=env, capture_output=True, text=True, check=False).stdout.split()
        time.sleep(1)
        assert process.poll() is None
        subprocess.run(["xdotool", "windowfocus", "--sync", found[-1], "key", key], env=env, check=True, timeout=60)

    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert [process.stdout.readline()[-5:] for _ in range(2)] == ["2468\n", "1357\n"]
            press("space")
            assert process.stdout.readline().endswith(": 90\n")
            press("q")
            assert process.wait(timeout=30) == 0 and process.stdout.read() == ""
        finally:
            process.kill()
