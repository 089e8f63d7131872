"""What a person says of a digit is shown at once, holds while the digit looks as it did, and is taken back."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from realtime.reading.box import Box
from realtime.reading.page import Number
from realtime.reading.remembering import REMEMBERED
from realtime.tracking.motion import Motion
from realtime.tracking.said import SAME_LOOK, look_of
from realtime.tracking.track import Track
from realtime.tracking.tracker import Tracker
from tests.conftest import draw_sheet
from tests.tracking.test_tracker import write

SHEET, OTHER = draw_sheet(["0742"], (400, 200)), draw_sheet(["3958"], (400, 200))


def known(text: str = "0742") -> tuple[Tracker, Track]:
    """A tracker that has settled a number, and its track."""
    tracker = Tracker()
    for i in range(10):
        (track,) = tracker.update([write(text)], i / 25, SHEET)
    assert track.state == "settled"
    return tracker, track


def say(tracker: Tracker, track: Track, place: int, label: str, image: NDArray[np.uint8] = SHEET) -> None:
    tracker.say(track.id, place, label, image, track.digits[place].box)


def shown(tracker: Tracker, number: Number, time: float, image: NDArray[np.uint8] = SHEET) -> tuple[str, list[str]]:
    (track,) = tracker.update([number], time, image)
    return track.text, [digit.by for digit in track.digits]


def test_the_next_frame_shows_it_and_an_event_tells_of_it() -> None:
    tracker, track = known()
    say(tracker, track, 1, "1")
    assert shown(tracker, write("0742"), 0.4) == ("0142", ["", "user", "", ""])
    assert [(event.kind, event.was, event.text) for event in tracker.events] == [("changed", "0742", "0142")]
    (track,) = tracker.update([write("0742")], 0.44, SHEET)
    assert track.state == "settled" and track.digits[1].to_dict()["by"] == "user" and tracker.events == []


def test_a_frame_that_is_not_read_shows_it_too() -> None:
    tracker, track = known()
    say(tracker, track, 1, "1")
    (track,) = tracker.carry(Motion(np.float64([[1, 0, 3], [0, 1, 0]])), 0.4)
    assert track.text == "0142" and [event.text for event in tracker.events] == ["0142"]


def test_it_holds_however_often_it_is_read_otherwise_and_an_unsure_digit_settles() -> None:
    tracker = Tracker()
    for i in range(10):
        (track,) = tracker.update([write("0?42")], i / 25, SHEET)
    assert track.state == "seen" and track.text == "0?42"
    say(tracker, track, 1, "7")
    for i in range(10, 40):
        (track,) = tracker.update([write("0142" if i % 3 else "0?42")], i / 25, SHEET)
        assert track.text == "0742"
    assert track.state == "settled"


def test_what_is_taken_back_is_read_again_at_once() -> None:
    tracker, track = known()
    say(tracker, track, 1, "1")
    say(tracker, track, 1, "4")
    assert shown(tracker, write("0742"), 0.4)[0] == "0442"
    tracker.take_back(track.id, 1)
    assert shown(tracker, write("0742"), 0.44) == ("0742", [""] * 4)


def test_ink_that_looks_otherwise_is_read_anew() -> None:
    tracker, track = known()
    box: Box = track.digits[1].box
    assert float((look_of(SHEET, box) * look_of(OTHER, box)).sum()) < SAME_LOOK
    say(tracker, track, 1, "1")
    texts = [shown(tracker, write("0742"), 0.4 + i / 25, OTHER)[0] for i in range(40)]
    assert texts[0] == "0142" and texts[-1] == "0742"


def test_it_stays_with_its_digit_where_the_number_grows() -> None:
    tracker, track = known()
    say(tracker, track, 1, "1")
    for i in range(40):
        (track,) = tracker.update([write("90742", x=100 - 34)], 0.4 + i / 25)
    assert track.text == "90142" and [digit.by for digit in track.digits] == ["", "", "user", "", ""]


def test_nothing_is_said_of_what_is_not_there() -> None:
    tracker, track = known()
    tracker.say(track.id, 9, "1", SHEET, (0, 0, 5, 5))
    tracker.say(99, 0, "1", SHEET, (-9, -9, 5, 5))
    tracker.take_back(99, 0)
    assert shown(tracker, write("0742"), 0.4)[0] == "0742" and not look_of(SHEET, (-9, -9, 5, 5)).any()


def test_what_was_learned_of_others_shows_at_once_too() -> None:
    tracker, track = known("0772")
    say(tracker, track, 1, "1")
    learned = write("0712")
    digits = tuple(replace(d, model=REMEMBERED) if i == 2 else d for i, d in enumerate(learned.digits))
    (track,) = tracker.update([replace(learned, digits=digits)], 0.4, SHEET)
    assert (track.text, track.state) == ("0112", "settled")
    (track,) = tracker.update([write("0772")], 0.44, SHEET)
    assert track.text == "0112"  # one frame alone does not change it again


def test_what_was_taken_back_while_covered_does_not_come_back() -> None:
    tracker, track = known()
    say(tracker, track, 1, "1")
    part = write("0742")
    tracker.update([replace(part, digits=part.digits[:2])], 0.4, SHEET)  # a hand lies over the rest
    tracker.take_back(track.id, 1)
    for i in range(3):
        assert shown(tracker, write("0742"), 0.44 + i / 25) == ("0742", [""] * 4)
