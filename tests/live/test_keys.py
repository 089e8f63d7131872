"""The keys and clicks of the live window: what they select, keep, undo and set."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from realtime.live.collecting import Collector, shown_digits
from realtime.live.keys import HELP, TAB, Keyboard, selectable_blobs
from realtime.live.state import Controls
from realtime.reading.ensemble import Networks
from realtime.reading.page import Page
from realtime.reading.pipeline import read
from realtime.reading.reasons import Reason, Refusal
from realtime.sources.frame import Frame
from realtime.tracking.frame_reader import FrameReader
from realtime.tracking.track import Track
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Tracker
from tests.conftest import DOTTED, draw_sheet
from tests.live.conftest import keep_nowhere, sheet_frame, tree


@pytest.fixture
def keyboard(tmp_path: Path) -> Keyboard:
    return Keyboard(Controls(0.6, "auto"), Tracker(), Collector(tmp_path, "s1"), keep_nowhere)


def test_help_names_every_key_that_does_something(keyboard: Keyboard, sheet: TrackedFrame) -> None:
    told = {"space": " ", "Esc": "\x1b", "Tab": chr(TAB)}
    named = {word for key, _ in HELP for word in key.split()} - {"click", "wheel", "drag", "0-9"}
    keys = {told.get(word, word) for word in named} | set("0123456789")
    assert {chr(code) for code in range(256) if keyboard.press(chr(code), sheet)} == keys


def test_keys_label_what_is_selected(keyboard: Keyboard, sheet: TrackedFrame, tmp_path: Path) -> None:
    keyboard.press("7", sheet)
    assert "select a digit first" in keyboard.message and tree(tmp_path) == {}
    for _ in range(2):
        keyboard.press("\t", sheet)
    keyboard.press("9", sheet)
    assert keyboard.controls.selected == shown_digits(sheet.tracks)[1] and list(tree(tmp_path)) == ["9"]
    keyboard.press("x", sheet)
    assert list(tree(tmp_path)) == ["not-a-digit"]
    keyboard.press("u", sheet)
    keyboard.press("u", sheet)
    assert tree(tmp_path) == {}
    for _ in range(6):
        keyboard.press("\t", sheet)
    assert keyboard.controls.selected == shown_digits(sheet.tracks)[0]  # round and back


def test_a_corrected_digit_shows_its_label_in_the_next_frame(
    keyboard: Keyboard, networks: Networks, tmp_path: Path
) -> None:
    reader, image = FrameReader(keyboard.tracker), draw_sheet(["0742", "518"])
    frames = [Frame(image + np.uint8(i % 3), i, i / 10, "camera 0") for i in range(12)]
    for frame in frames[:8]:
        shown = reader.read(frame, networks)
    keyboard.press("\t", shown)
    keyboard.press("8", shown)
    line = reader.read(frames[8], networks).to_dict()
    assert [number["text"] for number in line["numbers"]] == ["8742", "518"]
    said = line["numbers"][0]["digits"][0]
    assert said["text"] == "8" and said["by"] == "user" and said["confidence"] > 0.99
    keyboard.press("u", shown)
    assert reader.read(frames[9], networks).tracks[0].text == "0742"


def test_a_click_selects_and_the_selection_follows_its_number(
    keyboard: Keyboard, sheet: TrackedFrame, networks: Networks
) -> None:
    x, y, w, h = sheet.tracks[1].digits[2].box
    keyboard.click(sheet, x + w / 2, y + h / 2)
    assert keyboard.controls.selected is not None and keyboard.controls.selected.text == "8"
    later = sheet_frame(networks, ["0742", "518"], 1, seed=1)
    keyboard.follow(later)
    assert keyboard.controls.selected == shown_digits(later.tracks)[6]
    keyboard.follow(replace(later, tracks=later.tracks[:1]))
    assert keyboard.controls.selected is None
    keyboard.click(sheet, 1, 1)
    assert keyboard.controls.selected is None and keyboard.message == "nothing selected"


def test_a_digit_that_its_line_alone_tells_is_selected_and_labelled(
    keyboard: Keyboard, line_told: Page, tmp_path: Path
) -> None:
    sheet = TrackedFrame.of_picture(Frame(DOTTED, 0, 0.0, "camera 0"), line_told)
    x, y, w, h = sheet.tracks[0].digits[2].box
    keyboard.click(sheet, x + w / 2, y + 4)  # well above the point that was refused there
    assert keyboard.controls.selected == shown_digits(sheet.tracks)[2]
    keyboard.press("1", sheet)
    assert keyboard.failed == 0 and list(tree(tmp_path)) == ["1"]


def test_what_was_refused_can_be_selected_and_labelled(keyboard: Keyboard, networks: Networks, tmp_path: Path) -> None:
    image = draw_sheet(["0742"])
    refusals: list[Refusal | None] = [Refusal(Reason.NOT_A_DIGIT, "0.93")] * 4
    page = replace(read(image, networks), numbers=[], lines=[], refusals=refusals)
    sheet = TrackedFrame(Frame(image, 0, 0.0, "camera 0"), page, [], 1.0)
    refused = next(blob for blob in selectable_blobs(sheet) if blob.track == 0)
    keyboard.click(sheet, refused.box[0] + refused.box[2] / 2, refused.box[1] + refused.box[3] / 2)
    assert keyboard.message == "selected what was refused: not a digit (0.93)"
    keyboard.press("x", sheet)
    assert list(tree(tmp_path)) == ["not-a-digit"]


def test_what_cannot_be_kept_is_told_and_counted(keyboard: Keyboard, sheet: TrackedFrame, tmp_path: Path) -> None:
    keyboard.collector.folder = tmp_path / "file"
    (tmp_path / "file").write_text("x")
    for key in ("s", "c", "\t", "5"):
        keyboard.press(key, sheet)
    assert keyboard.message.startswith("error: cannot make folder") and keyboard.failed == 3


def test_settings_keys_change_how_it_is_read_and_shown(keyboard: Keyboard, sheet: TrackedFrame) -> None:
    controls = keyboard.controls
    seen = []
    for key in "iii":
        keyboard.press(key, sheet)
        seen.append(controls.polarity)
    assert seen == ["dark", "light", "auto"]
    keyboard.press("[", sheet)
    assert controls.confidence == keyboard.tracker.confidence == 0.55
    for _ in range(30):
        keyboard.press("]", sheet)
    assert controls.confidence == 1.0
    for key, name in (("m", "mirror"), ("d", "steps"), ("h", "help"), (" ", "paused"), ("f", "full_screen")):
        keyboard.press(key, sheet)
        assert getattr(controls, name)
        keyboard.press(key, sheet)
        assert not getattr(controls, name)
    keyboard.tracker.update(sheet.page.numbers, 0.0)
    keyboard.press("r", sheet)
    tracks: list[Track] = keyboard.tracker.update([], 0.04)
    assert tracks == [] and not controls.quit
    keyboard.press("\x1b", sheet)
    assert controls.quit
