"""Events are written as a table or as lines."""

import json
from pathlib import Path

import pytest

from realtime.outputs.events import Events
from realtime.reading.classifier import Classifier
from realtime.reading.pipeline import read
from realtime.sources.frame import Frame
from realtime.tracking.tracker import Tracker
from tests.conftest import draw_sheet
from tests.tracked_frames import track_frame


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_events_are_written_as_a_table_or_as_lines(tmp_path: Path, classifier: Classifier, ending: str) -> None:
    tracker, path = Tracker(), tmp_path / f"events{ending}"
    with Events(str(path)) as events:
        for i in range(90):
            image = draw_sheet(["0742"] if i < 15 else ["518"], size=(320, 240), seed=i % 3)
            numbers = read(image, classifier).numbers if i < 30 else []
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
