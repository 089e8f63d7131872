"""Names are bytes: what is read from a file of any name is written losslessly, and into files of any name."""

import csv
import json
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.outputs.events import Events
from realtime.outputs.pictures import check_picture, save_picture
from realtime.outputs.sink import OutputError
from realtime.outputs.text import Csv, JsonLines
from realtime.outputs.video import VideoFile
from realtime.sources.clip import Clip
from realtime.tracking.tracker import settle
from tests.tracked_frames import make_frame, make_number, track_frame

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are text there")
ODD = [b"\xff\xfe", b"12:30", b"a\n\x1b[2J", b"-x", "naïve 写".encode()]


@pytest.mark.parametrize("name", ODD)
def test_names_come_back_from_json_as_they_were(name: bytes, tmp_path: Path) -> None:
    frame = track_frame(make_frame(0, os.fsdecode(name)), settle([make_number("42")]))
    for kind in (JsonLines, Csv, Events):
        with kind(str(tmp_path / kind.__name__)) as sink:
            sink.take(frame)
    (line,) = (tmp_path / "JsonLines").read_text(encoding="utf-8").splitlines()
    assert os.fsencode(json.loads(line)["source"]) == name
    with (tmp_path / "Csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 1


@pytest.mark.parametrize(
    ("source", "cell"),
    [("=1+1.png", "'=1+1.png"), ("+a", "'+a"), ("-a", "'-a"), ("@a", "'@a"), ("\ta", "'\ta"), ("a=1", "a=1")],
)
def test_no_cell_is_a_formula(source: str, cell: str, tmp_path: Path) -> None:
    with Csv(str(tmp_path / "a.csv")) as table:
        table.take(track_frame(make_frame(0, source), settle([make_number("42")])))
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        (line,) = csv.DictReader(file)
    assert (line["source"], line["text"]) == (cell, "42")


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("ending", [".mp4", ".avi"])
def test_a_video_of_any_name_is_written(
    name: bytes, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(os.fsdecode(name) + ending)
    with VideoFile(path, 25) as video:
        for i in range(3):
            video.take(track_frame(make_frame(i)))
    assert list(tmp_path.iterdir()) == [tmp_path / path]
    with Clip(path) as clip:
        assert len(list(clip.frames())) == 3


def test_a_picture_of_any_name_is_written_and_of_an_odd_ending_refused(tmp_path: Path) -> None:
    image = np.zeros((4, 4, 3), np.uint8)
    path = tmp_path / os.fsdecode(b"\xff.png")
    check_picture(path)
    save_picture(path, image)
    assert cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), 1).shape == image.shape
    odd = tmp_path / os.fsdecode(b"a.\xff")
    for refuse in (lambda: check_picture(odd), lambda: save_picture(odd, image)):
        with pytest.raises(OutputError, match="unknown ending"):
            refuse()
