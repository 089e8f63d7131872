"""Events are written as a table or as lines."""

import csv
import json
from pathlib import Path

import pytest

from realtime.outputs.events import Events, SettledNumbers
from realtime.reading.ensemble import Networks
from realtime.reading.pipeline import read
from realtime.sources.frame import Frame
from realtime.tracking.tracker import Tracker
from tests.conftest import draw_sheet
from tests.tracked_frames import make_frame, make_number, track_frame


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_events_are_written_as_a_table_or_as_lines(tmp_path: Path, networks: Networks, ending: str) -> None:
    tracker, path = Tracker(), tmp_path / f"events{ending}"
    with Events(str(path)) as events:
        for i in range(90):
            image = draw_sheet(["0742"] if i < 15 else ["518"], size=(320, 240), seed=i % 3)
            numbers = read(image, networks).numbers if i < 30 else []
            tracks = tracker.update(numbers, i / 25)
            frame = Frame(image, i, i / 25, "camera 0")
            events.take(track_frame(frame, tracks, events=tuple(tracker.events)))
    lines = path.read_text().splitlines()
    if ending == ".csv":
        assert lines[0].startswith("source,frame,time,event,id,text,was,confidence,row,x,y,w,h")
        assert lines[1].startswith("camera 0,") and ",settled,1,0742,," in lines[1] and ",gone," in lines[-1]
    else:
        written = [json.loads(line) for line in lines]
        assert written[0]["event"] == "settled" and written[-1]["event"] == "gone"
        assert {"source", "frame", "time", "event", "id", "text", "was", "confidence", "row", "box"} == written[
            0
        ].keys()


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_events_carry_the_signs_of_a_number(tmp_path: Path, ending: str) -> None:
    tracker, path = Tracker(), tmp_path / f"events{ending}"
    with Events(str(path)) as events:
        for i in range(120):
            numbers = [make_number("-1,250" if i < 15 else "3.75")] if i < 40 else []
            tracks = tracker.update(numbers, i / 25)
            events.take(track_frame(make_frame(i, time=i / 25), tracks, events=tuple(tracker.events)))
    lines = path.read_text().splitlines()
    told = list(csv.DictReader(lines)) if ending == ".csv" else [json.loads(line) for line in lines]
    assert [(line["event"], line["was"], line["text"]) for line in told] == [
        ("settled", "", "-1,250"),
        ("changed", "-1,250", "3.75"),
        ("gone", "", "3.75"),
    ]


def test_standard_output_gets_what_stays_in_sight_and_not_what_passes_by(capsys: pytest.CaptureFixture[str]) -> None:
    tracker = Tracker()
    with SettledNumbers() as numbers:
        for i in range(150):
            shown = [make_number("42")] if i < 40 or i > 120 else []
            shown += [make_number("777", top=60)] if 50 <= i < 60 else []  # settles, and goes after 0.4 s
            shown += [make_number("5810", top=60)] if i > 140 else []  # is in sight at the end
            tracks = tracker.update(shown, i / 25)
            numbers.take(track_frame(make_frame(i, time=i / 25), tracks, events=tuple(tracker.events)))
            if i == 39:
                assert capsys.readouterr().out == "42\n"
    assert capsys.readouterr().out == "42\n5810\n"


def test_slides_of_two_seconds_each_at_a_frame_a_second_are_all_written(capsys: pytest.CaptureFixture[str]) -> None:
    tracker = Tracker()
    with SettledNumbers() as numbers:
        for i, text in enumerate(("4072", "4072", "198", "198", "35", "77215", "77215")):  # 35 is seen but once
            tracks = tracker.update([make_number(text)], float(i))
            numbers.take(track_frame(make_frame(i, time=float(i)), tracks, events=tuple(tracker.events)))
    assert capsys.readouterr().out.splitlines() == ["4072", "198", "77215"]


def test_without_a_hold_each_settled_text_is_written_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    tracker = Tracker(settle=0)
    with SettledNumbers(0.0) as numbers:
        for i, text in enumerate(("42", "43", "43")):
            tracks = tracker.update([make_number(text)], float(5 * i))
            numbers.take(track_frame(make_frame(i, time=5.0 * i), tracks, events=tuple(tracker.events)))
    assert capsys.readouterr().out.splitlines() == ["42", "43"]
