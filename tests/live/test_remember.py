"""Corrections are remembered from the next frame on, in the user's folder, and taken back."""

import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.live.collecting import Collector
from realtime.live.keys import Keyboard
from realtime.live.remember import Keeper
from realtime.live.state import Controls
from realtime.reading.ensemble import FALLBACK, load_networks
from realtime.reading.model_files import default_model, memory_file
from realtime.reading.remembering import REMEMBERED, Remembering
from realtime.sources.frame import Frame
from realtime.tracking.frame_reader import FrameReader
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Tracker
from tests.conftest import draw_glyph, draw_sheet
from tests.live.conftest import keep_nowhere

LEARN_SECONDS = 0.05  # to learn one correction
SEEDS = (46, 37)  # of glyphs that the finder finds


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user of whom nothing was learned yet."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))


def sheet(seed: int) -> NDArray[np.uint8]:
    """Draw 07, and a 4 as nobody writes it."""
    frame = draw_sheet(["07"], (640, 360), seed=seed)
    frame[120:240, 440:560] = np.minimum(frame[120:240, 440:560], draw_glyph(seed))
    return frame


class Session:
    """The live window without its window: frames of a camera, and keys."""

    def __init__(self, folder: Path) -> None:
        self.networks = load_networks(None, None, FALLBACK, "cpu")
        tracker, keeper = Tracker(), Keeper(lambda: self.networks)
        collector = Collector(folder / "kept", "s1")
        self.keyboard = Keyboard(Controls(0.5, "auto"), tracker, collector, keep_nowhere, keeper)
        self.reader, self.index = FrameReader(tracker), 0

    def show(self, image: NDArray[np.uint8]) -> TrackedFrame:
        """Read the next frame of the camera."""
        self.index += 1
        return self.reader.read(Frame(image, self.index, self.index / 2, "camera 0"), self.networks)

    def correct(self, tracked: TrackedFrame, key: str) -> None:
        """Click on the odd 4, and say what it is."""
        self.keyboard.click(tracked, 505, 180)
        self.keyboard.press(key, tracked)

    @property
    def remembered(self) -> list[int]:
        assert isinstance(self.networks.classifier, Remembering)
        return [example.label for example in self.networks.classifier.memory.examples]


def odd(tracked: TrackedFrame) -> tuple[str, str, str]:
    """Return how the odd 4 is shown: its text, which network read it, and who named it."""
    found = [d for track in tracked.tracks for d in track.digits if d.box[0] > 430]
    return (found[0].text, found[0].model, found[0].by) if len(found) == 1 else ("", "", "")


def test_one_correction_reads_the_next_of_its_shape_and_after_a_restart(tmp_path: Path) -> None:
    session = Session(tmp_path)
    before = session.show(sheet(SEEDS[0]))
    assert odd(before)[0] != "4"
    session.correct(before, "4")
    assert session.keyboard.message == "kept as 4" and session.remembered == [4]
    assert odd(session.show(sheet(SEEDS[0]))) == ("4", REMEMBERED, "")
    again = Session(tmp_path)
    for seed in SEEDS[1:]:
        assert odd(again.show(sheet(seed))) == ("4", REMEMBERED, "")
        again.reader.tracker.reset()


def test_a_correction_is_taken_back_and_one_that_contradicts_it_too(tmp_path: Path) -> None:
    session = Session(tmp_path)
    tracked = session.show(sheet(SEEDS[0]))
    session.correct(tracked, "4")
    session.correct(tracked, "6")
    assert session.keyboard.message == "kept as 6, not 4 as one like it before" and session.remembered == [6]
    session.keyboard.press("u", tracked)
    assert session.remembered == [4]
    session.keyboard.press("u", tracked)
    assert session.remembered == [] and Session(tmp_path).remembered == []
    session.keyboard.press("s", tracked)
    session.keyboard.press("u", tracked)
    assert "took back 1" in session.keyboard.message


def test_two_programs_learn_into_one_memory(tmp_path: Path) -> None:
    one, other = Session(tmp_path), Session(tmp_path)
    one.correct(one.show(sheet(SEEDS[0])), "4")
    tracked = other.show(draw_sheet(["0742"]))
    other.keyboard.press("\t", tracked)
    other.keyboard.press("0", tracked)
    assert other.remembered == [4, 0] == Session(tmp_path).remembered


def test_learning_is_quick(tmp_path: Path) -> None:
    session = Session(tmp_path)
    tracked, seconds = session.show(sheet(SEEDS[0])), []
    for key in "46464":
        start = time.perf_counter()
        session.correct(tracked, key)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < LEARN_SECONDS


def test_a_named_network_remembers_nothing(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.networks = load_networks(default_model(), None, FALLBACK, "cpu")
    session.correct(session.show(sheet(SEEDS[0])), "4")
    assert session.keyboard.message == "kept as 4" and not memory_file().exists()


def test_a_memory_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    session = Session(tmp_path)
    memory_file().parent.parent.mkdir(parents=True)
    memory_file().parent.write_text("a file")
    tracked = session.show(sheet(SEEDS[0]))
    session.correct(tracked, "4")
    assert session.keyboard.message.startswith("error: cannot make folder") and session.keyboard.failed == 1
    session.keyboard.press("u", tracked)
    assert session.keyboard.message == "took back 1"
