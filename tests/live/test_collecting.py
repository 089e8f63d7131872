"""Keeping pictures for fine-tuning: where they go, once for a shape, with provenance, and undone again."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.commands.recognize_camera import collect_steady
from realtime.live.collecting import Collector, shown_digits
from realtime.outputs.sink import OutputError
from realtime.reading.ensemble import Networks
from realtime.reading.page import Page
from realtime.reading.pipeline import read
from realtime.sources.frame import Frame
from realtime.tracking.tracked_frame import TrackedFrame
from tests.conftest import DOTTED
from tests.live.conftest import sheet_frame, tree


def lines(folder: Path, label: str) -> list[dict]:
    return [json.loads(line) for line in (folder / label / "provenance.jsonl").read_text().splitlines()]


def test_digits_are_kept_under_their_text_with_provenance(tmp_path: Path, sheet: TrackedFrame) -> None:
    collector = Collector(tmp_path, "s1")
    assert collector.collect(sheet, sheet.tracks) == 7
    assert {label: len(names) for label, names in tree(tmp_path).items()} == {d: 1 for d in "0124578"}
    (line,) = lines(tmp_path, "7")
    assert line["file"] == "s1-f000000-t0001-d1.png" == tree(tmp_path)["7"][0]
    wanted = {"label": "7", "by": "collect", "read": "7", "session": "s1", "source": "camera 0", "frame": 0, "track": 1}
    assert wanted.items() <= line.items()


def test_a_kept_picture_reads_as_that_digit_alone(tmp_path: Path, networks: Networks) -> None:
    for dark in (True, False):
        sheet = sheet_frame(networks, ["0742", "518"], dark=dark)
        collector = Collector(tmp_path / str(dark), "s1")
        collector.collect(sheet, sheet.tracks)
        for label, names in tree(tmp_path / str(dark)).items():
            image = cv2.imread(str(tmp_path / str(dark) / label / names[0]))
            assert [reading.text for reading in read(image, networks).numbers] == [label]


def test_one_picture_for_a_track_and_shape_not_one_for_a_frame(tmp_path: Path, networks: Networks) -> None:
    collector = Collector(tmp_path, "s1")
    for index in range(5):  # the same ink with other noise
        sheet = sheet_frame(networks, ["0742"], index)
        collector.collect(sheet, sheet.tracks)
    assert sum(map(len, tree(tmp_path).values())) == 4
    sheet = sheet_frame(networks, ["5118"], 9)  # the same number, written anew
    assert collector.collect(sheet, sheet.tracks) == 4


def test_unsure_and_unsettled_digits_go_to_the_inbox(tmp_path: Path, sheet: TrackedFrame) -> None:
    unsure = replace(sheet.tracks[0].digits[0], text="?")
    tracks = [replace(sheet.tracks[0], digits=(unsure, *sheet.tracks[0].digits[1:]))]
    tracks += [replace(sheet.tracks[1], state="seen")]
    Collector(tmp_path, "s1").collect(sheet, tracks)
    assert {label: len(names) for label, names in tree(tmp_path).items()} == {"2": 1, "4": 1, "7": 1, "inbox": 4}


def test_digits_not_seen_in_this_frame_are_not_kept(tmp_path: Path, sheet: TrackedFrame) -> None:
    tracks = [replace(track, fresh=False) for track in sheet.tracks]
    assert Collector(tmp_path, "s1").collect(sheet, tracks) == 0


def test_a_label_moves_what_was_kept_and_undo_takes_each_step_back(tmp_path: Path, sheet: TrackedFrame) -> None:
    collector = Collector(tmp_path, "s1")
    first = shown_digits(sheet.tracks)[0]
    collector.collect(sheet, sheet.tracks)
    before = tree(tmp_path)
    assert collector.label(sheet, first, "6") == 1
    assert "0" not in tree(tmp_path) and len(tree(tmp_path)["6"]) == 1
    assert lines(tmp_path, "6")[0]["by"] == "key" and not (tmp_path / "0" / "provenance.jsonl").exists()
    assert collector.label(sheet, first, "6") == 0
    picture = collector.snapshot(sheet)
    assert np.array_equal(cv2.imread(str(picture)), sheet.frame.image)
    assert len(json.loads(picture.with_suffix(".json").read_text())["numbers"]) == 2
    assert collector.undo() == 1 and not picture.exists() and not picture.with_suffix(".json").exists()
    assert collector.undo() == 1 and tree(tmp_path) == before and lines(tmp_path, "0")[0]["label"] == "0"
    assert collector.undo() == 7 and tree(tmp_path) == {} and not list(tmp_path.rglob("*.jsonl"))
    assert collector.undo() == 0


def test_a_folder_that_cannot_be_written_leaves_nothing_by_half(tmp_path: Path, sheet: TrackedFrame) -> None:
    (tmp_path / "7").write_text("in the way")
    with pytest.raises(OutputError, match="cannot make folder"):
        Collector(tmp_path, "s1").label(sheet, shown_digits(sheet.tracks)[1], "7")
    (tmp_path / "5").mkdir()
    (tmp_path / "5" / "provenance.jsonl").write_text("not ours\n")
    with pytest.raises(OutputError, match="not ours"):
        Collector(tmp_path, "s1").label(sheet, shown_digits(sheet.tracks)[4], "5")
    assert sorted(path.name for path in (tmp_path / "5").iterdir()) == ["provenance.jsonl"]


def test_without_a_window_settled_and_long_unsure_numbers_are_kept(tmp_path: Path, sheet: TrackedFrame) -> None:
    collector = Collector(tmp_path, "s1")
    seen = [replace(track, state="seen") for track in sheet.tracks]
    collect_steady(collector, replace(sheet, tracks=seen))
    assert not tmp_path.exists() or tree(tmp_path) == {}
    late = replace(sheet, frame=replace(sheet.frame, time=2.0), tracks=[seen[0], sheet.tracks[1]])
    collect_steady(collector, late)
    assert {label: len(names) for label, names in tree(tmp_path).items()} == {"1": 1, "5": 1, "8": 1, "inbox": 4}


def test_a_digit_that_its_line_alone_tells_is_kept_as_any_other(tmp_path: Path, line_told: Page) -> None:
    sheet = TrackedFrame.of_picture(Frame(DOTTED, 0, 0.0, "camera 0"), line_told)
    collector = Collector(tmp_path, "s1")
    assert collector.collect(sheet, sheet.tracks) == 4
    assert {label: len(names) for label, names in tree(tmp_path).items()} == {d: 1 for d in "1245"}
    assert collector.label(sheet, shown_digits(sheet.tracks)[2], "not-a-digit") == 1
    assert list(tree(tmp_path)) == ["2", "4", "5", "not-a-digit"]
