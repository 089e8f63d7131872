"""What a correction in the real window does: at once by the memory, and later by a network that learned from it."""

import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import draw_digit, draw_glyph, draw_sheet, save_image
from tests.live.live_app import App, needs_screen
from tests.streams import MjpegServer

NEXT_RIGHT = 0.3  # s from the key press to the next digit of that shape read right, on a quiet machine
pytestmark = needs_screen


def correct_once(tmp_path: Path, screen: str) -> float:
    """Name one of two like odd glyphs in the window; return the seconds until both are read right, the best of 3."""
    frame = draw_sheet(["07"], (640, 360))
    for left in (440, 300):  # found and read as no digit
        frame[120:240, left : left + 120] = np.minimum(frame[120:240, left : left + 120], draw_glyph(3))
    with MjpegServer([frame], fps=20, marked=False) as server:
        app = App(tmp_path, screen, server.address)

        def reads(text: str) -> bool:
            return "".join(number["text"] for number in app.lines()[-1]["numbers"]) == text

        try:
            app.wait(lambda: reads("07"), "reading")
            scale, seconds = app.scale(640), []
            for _ in range(3):
                app.do("mousemove", "--window", app.window, str(round(505 * scale)), str(round(180 * scale)))
                app.do("click", "1")
                time.sleep(0.4)
                app.do("windowfocus", "--sync", app.window)
                began = time.monotonic()
                app.do("key", "4")
                app.wait(lambda: reads("0744"), "the other one read right")
                seconds.append(time.monotonic() - began)
                app.press("u")
                app.wait(lambda: reads("07"), "reading as before")
            app.press("q")
            assert app.end()[0] == 0
        finally:
            app.program.kill()
            app.program.communicate()
    return min(seconds)


def test_one_correction_reads_the_next_of_its_shape(tmp_path: Path, screen: str) -> None:
    assert correct_once(tmp_path, screen) <= 10 * NEXT_RIGHT  # however busy the machine is


@pytest.mark.soak
def test_from_key_press_to_the_next_read_right(tmp_path: Path, screen: str) -> None:
    assert correct_once(tmp_path, screen) <= NEXT_RIGHT


def correct_and_learn(tmp_path: Path, screen: str, mnist: Path) -> float:
    """Label an unread glyph in the window; return the seconds until a network tuned in the background reads it."""
    frame = draw_sheet(["07"], (640, 360))
    frame[120:240, 440:560] = np.minimum(frame[120:240, 440:560], draw_glyph(3))  # one that the finder finds
    for i in range(99):
        sign = "4" if i < 33 else "0123567890"[i % 10]
        image = draw_glyph(i) if sign == "4" else 225 - draw_digit(sign, seed=i) // 2
        save_image(tmp_path / "before" / sign / f"p{i}-{i}.png", image)
    with MjpegServer([frame], fps=10, marked=False) as server:
        app = App(tmp_path, screen, server.address, "--learn", "--data", str(mnist))

        def read() -> str:
            return "".join(number["text"] for number in app.lines()[-1]["numbers"])

        def models() -> set[str]:
            return {digit.get("model") for number in app.lines()[-1]["numbers"] for digit in number["digits"]}

        try:
            assert read().startswith("07") and "4" not in read()
            scale = app.scale(640)
            app.do("mousemove", "--window", app.window, str(round(505 * scale)), str(round(180 * scale)))
            app.do("click", "1")
            time.sleep(0.4)
            began = time.monotonic()
            app.press("4")
            app.wait(lambda: len(app.pictures()) == 1, "a correction")
            shutil.copytree(tmp_path / "before", app.kept, dirs_exist_ok=True)  # what was corrected on other days
            app.wait(lambda: "fine-tuned" in models(), "a reading by the new network")
            seconds = time.monotonic() - began
            save_image(tmp_path / "after.png", app.shot())
            app.press("q")
            code, notes = app.end()
            assert code == 0 and "took up the new finetuned.onnx" in notes and "by itself: forgotten" in notes, notes
            return seconds
        finally:
            app.program.kill()
            app.program.communicate()


def test_a_correction_is_read_better_in_the_open_window(tmp_path: Path, screen: str, pen_mnist: Path) -> None:
    correct_and_learn(tmp_path, screen, pen_mnist)


@pytest.mark.soak
def test_from_correction_to_better_reading_within_30_s(tmp_path: Path, screen: str, data: Path) -> None:
    assert correct_and_learn(tmp_path, screen, data / "mnist") <= 30
