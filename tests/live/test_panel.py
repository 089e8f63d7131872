"""The panel beside the picture: nothing of it is cut, whatever it tells."""

import cv2
import numpy as np
import pytest

from realtime.live.keys import HELP
from realtime.live.panel import TALL, WIDTH, News, draw_panel, wrap
from realtime.live.screen import MIN_HEIGHT
from realtime.live.state import Controls, Status
from realtime.outputs.labels import FONT, text_style
from realtime.tracking.tracker import settle
from tests.tracked_frames import make_number

STATUS = Status(29.7, 41.2, 3, "cuda:0 finetuned")


@pytest.mark.parametrize("text", ["0742", "one two three " * 9, "x" * 200, "", "naïve 写真 имя " * 5, "a\nb\x1b[2J"])
def test_texts_wrap_within_the_width_and_lose_nothing(text: str) -> None:
    scale, thickness, _ = text_style(TALL)
    lines = wrap(text, 250, TALL)
    assert all(cv2.getTextSize(line, FONT, scale, thickness)[0][0] <= 250 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace("\n", "\\n").replace("\x1b", "\\x1b")


@pytest.mark.parametrize("height", [420, 800])
def test_whatever_is_told_stays_within_the_panel(height: int) -> None:
    tracks = settle([make_number(f"{n}", row=n) for n in range(1000, 1100)])
    picture = np.full((30, 20, 3), 200, np.uint8)
    news = News("rtsp://***@host/" + "path/" * 30, "kept as 7", kept=12, picture=picture)
    for help_ in (False, True):
        panel = draw_panel(height, tracks, Controls(0.6, "auto", help=help_, zoom=2.0), STATUS, news)
        assert panel.shape == (height, WIDTH, 3)
        assert (panel[:, -4:] == panel[0, 0]).all() and (panel[-2:] == panel[0, 0]).all()


def test_each_thing_that_is_told_shows() -> None:
    plain = draw_panel(600, [], Controls(0.6, "auto"), STATUS, News())
    picture = np.full((30, 20, 3), 200, np.uint8)
    for controls, news, tracks in (
        (Controls(0.6, "auto"), News(message="kept as 7"), []),
        (Controls(0.6, "auto"), News(picture=picture), []),
        (Controls(0.6, "auto"), News(kept=1), []),
        (Controls(0.6, "auto", paused=True), News(), []),
        (Controls(0.6, "auto"), News(), settle([make_number("42")])),
    ):
        assert (draw_panel(600, tracks, controls, STATUS, news) != plain).any()


def test_the_help_has_a_line_for_each_key_even_beside_a_low_picture() -> None:
    panel = draw_panel(MIN_HEIGHT, [], Controls(0.6, "auto", help=True), STATUS, News(message="help on"))
    written = (panel[:, 12:] != panel[0, 0]).any(axis=(1, 2))
    lines = np.count_nonzero(np.diff(written.astype(int)) == 1)
    assert lines == len(HELP) + 1
