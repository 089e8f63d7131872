"""Regions of a frame: only what stands in them is read, each by its name, where it stands in the frame."""

import json
from dataclasses import replace

import numpy as np
import pytest

from realtime.reading.ensemble import Networks
from realtime.reading.expectation import Expectation
from realtime.reading.pipeline import read
from realtime.reading.wanted import Region, Wanted, parse_region, read_wanted
from realtime.sources.frame import Frame
from realtime.tracking.frame_reader import FrameReader
from realtime.tracking.tracker import Tracker
from tests.conftest import draw_sheet
from tests.outputs.promised_line import assert_promised


def test_only_what_stands_in_a_region_is_read_and_told_by_its_name(networks: Networks) -> None:
    image = np.concatenate([draw_sheet(["0742"], (640, 240)), draw_sheet(["518", "66"], (640, 480), seed=1)])
    whole = read(image, networks)
    assert whole.rows == ["0742", "518", "66"] and whole.named_rows == whole.rows
    lower = Region("low", (0, 240, 640, 480), expectation=Expectation("ddd|dd"))
    page = read_wanted(image, networks, wanted=Wanted(regions=(lower,)))
    assert page.named_rows == ["low: 518", "low: 66"]
    assert page.regions == (("low", ((0, 240), (640, 240), (640, 720), (0, 720))),)
    assert page.size == (640, 720) and len(page.boxes) == len(page.crops) == len(page.refusals)
    for digit, same in zip(page.numbers[0].digits, whole.numbers[1].digits, strict=True):
        assert np.abs(np.array(digit.box) - same.box).max() <= 5
        assert page.boxes[digit.blob].tolist() == list(digit.box)
    line = json.loads(json.dumps(page.to_dict("a.png")))
    assert_promised(line)
    assert [(n["region"], n["fits"]) for n in line["numbers"]] == [("low", True)] * 2
    assert [told["region"] for told in line["lines"]] == ["low"] * 2


def test_rows_and_blobs_of_several_regions_are_counted_on(networks: Networks) -> None:
    image = np.concatenate([draw_sheet(["0742"], (640, 240)), draw_sheet(["518"], (640, 240), seed=1)])
    regions = (Region("low", (0, 50, 100, 50), percent=True), Region("top", (0, 0, 100, 50), percent=True))
    page = read_wanted(image, networks, wanted=Wanted(regions=regions))
    assert page.named_rows == ["top: 0742", "low: 518"]
    assert [number.row for number in page.numbers] == [0, 1]
    for number in page.numbers:
        for digit in number.digits:
            assert digit.blob < 0 or page.boxes[digit.blob].tolist() == list(digit.box)


def test_a_region_drawn_between_two_frames_holds_from_the_next_on(networks: Networks) -> None:
    image = np.concatenate([draw_sheet(["0742"], (640, 240)), draw_sheet(["518"], (640, 240), seed=1)])
    reader = FrameReader(Tracker())
    assert {track.text for track in reader.read(Frame(image, 0, 0.0, "a"), networks).tracks} == {"0742", "518"}
    reader.wanted = replace(reader.wanted, regions=(Region("top", (0, 0, 640, 240)),))
    tracked = reader.read(Frame(image, 1, 0.04, "a"), networks)
    assert [number.region for number in tracked.page.numbers] == ["top"]
    assert {track.region for track in tracked.tracks if track.fresh} == {"top"}


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("a=40,30,200,60", (40, 30, 200, 60)),
        ("über-1=50%,0%,50%,100%", (320, 0, 320, 480)),
        ("a=600,400,200,200", (600, 400, 40, 80)),
    ],
)
def test_regions_as_people_write_them(text: str, box: tuple[int, int, int, int]) -> None:
    assert parse_region(text).box(640, 480) == box


@pytest.mark.parametrize(
    "text", ["", "a", "=1,2,3,4", "a=1,2,3", "a=1,2,3,4%", "a=1,2,0,4", "a=-1,2,3,4", "a b=1,2,3,4", "a=1,2,3,nan"]
)
def test_what_is_no_region_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no region"):
        parse_region(text)


def test_a_region_outside_of_the_frame_is_named() -> None:
    with pytest.raises(ValueError, match="region a lies outside of the frame of 640x480 pixels"):
        parse_region("a=640,0,10,10").box(640, 480)
