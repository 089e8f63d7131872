"""Regions drawn with the mouse in the live window, and named by keys."""

from dataclasses import replace
from pathlib import Path

import pytest

from realtime.live.collecting import Collector
from realtime.live.drawing import drag
from realtime.live.keys import Keyboard
from realtime.live.state import Controls
from realtime.reading.expectation import Expectation
from realtime.reading.wanted import Wanted, parse_region
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Tracker
from tests.conftest import draw_sheet
from tests.live.conftest import keep_nowhere
from tests.reading.test_anchor import lay

SIZE = 640, 480


@pytest.fixture
def keyboard(tmp_path: Path) -> Keyboard:
    wanted = Wanted(Expectation("dddd"))
    return Keyboard(Controls(0.6, "auto", wanted=wanted), Tracker(), Collector(tmp_path, "s1"), keep_nowhere)


def draw(keyboard: Keyboard, sheet: TrackedFrame, name: str, *corners: tuple[float, float]) -> None:
    """Draw a region from one corner over others to the last one, and type its name."""
    keyboard.press("g", sheet)
    drag(keyboard.controls, corners[0], SIZE, down=True, up=False)
    for corner in corners[1:]:
        drag(keyboard.controls, corner, SIZE, down=False, up=False)
    keyboard.message = drag(keyboard.controls, corners[-1], SIZE, down=False, up=True)
    for key in (*name, "\r"):
        keyboard.press(key, sheet)


def test_a_region_is_dragged_and_named(keyboard: Keyboard, sheet: TrackedFrame) -> None:
    draw(keyboard, sheet, "q7", (300.0, 200.0), (50.0, 90.0), (100.0, 80.0))
    (region,) = keyboard.controls.wanted.regions
    assert (region.name, region.box(*SIZE), region.expectation) == ("q7", (100, 80, 200, 120), Expectation("dddd"))
    assert keyboard.controls.draft is None
    assert not keyboard.controls.quit  # q was a letter of the name
    assert parse_region(keyboard.message.removeprefix("--region ")).box(*SIZE) == region.box(*SIZE)
    draw(keyboard, sheet, "b", (0.0, 0.0), (900.0, 900.0))
    draw(keyboard, sheet, "q7", (10.0, 10.0), (60.0, 60.0))
    assert [(r.name, r.box(*SIZE)) for r in keyboard.controls.wanted.regions] == [
        ("b", (0, 0, 640, 480)),
        ("q7", (10, 10, 50, 50)),
    ]
    keyboard.press("w", sheet)
    assert keyboard.controls.wanted == Wanted(Expectation("dddd"))


def test_a_region_of_an_anchored_sheet_is_in_percent_of_it(keyboard: Keyboard, sheet: TrackedFrame) -> None:
    corners = [(140, 60), (540, 60), (540, 460), (140, 460)]
    seen = replace(sheet, frame=replace(sheet.frame, image=lay(draw_sheet(["07"], (400, 400)), corners)))
    keyboard.controls.wanted = Wanted(anchor="sheet")
    draw(keyboard, seen, "a", (240.0, 160.0), (340.0, 260.0))
    (region,) = keyboard.controls.wanted.regions
    assert region.percent and region.place == pytest.approx((25, 25, 25, 25), abs=1)
    draw(keyboard, sheet, "b", (10.0, 10.0), (200.0, 200.0))
    assert "no sheet with four corners" in keyboard.message and keyboard.controls.wanted.regions == (region,)


def test_drawing_may_be_left_off(keyboard: Keyboard, sheet: TrackedFrame) -> None:
    keyboard.press("g", sheet)
    keyboard.press("g", sheet)
    assert keyboard.controls.draft is None
    draw(keyboard, sheet, "a\x1b", (10.0, 10.0), (90.0, 90.0))
    assert keyboard.controls.wanted.regions == () and not keyboard.controls.quit


def test_a_name_is_corrected_and_one_is_asked_for(keyboard: Keyboard, sheet: TrackedFrame) -> None:
    draw(keyboard, sheet, "", (10.0, 10.0), (90.0, 90.0))
    assert keyboard.controls.draft is not None and keyboard.message.startswith("type its name")
    for key in ("a", "=", " ", "b", "\x08", "c", "\n"):
        keyboard.press(key, sheet)
    assert [region.name for region in keyboard.controls.wanted.regions] == ["ac"]


def test_a_click_is_no_region(keyboard: Keyboard, sheet: TrackedFrame) -> None:
    draw(keyboard, sheet, "", (10.0, 10.0), (12.0, 90.0))
    assert keyboard.controls.draft is not None and keyboard.controls.draft.start is None
