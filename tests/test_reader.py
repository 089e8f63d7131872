"""The public API: what `from realtime import ...` gives reads as the commands read, and says what is wrong."""

import dataclasses
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

import realtime
from realtime import DeviceError, Frame, ModelRefusedError, Reader, SourceError, TrackedFrame
from realtime.commands import recognize_camera, recognize_image, recognize_video
from realtime.sources import opening
from tests.conftest import CLIP, draw_sheet, save_image

SHEET = CLIP.with_name("sheet.jpg")
RESULTS = ("Digit", "Event", "Frame", "Line", "Number", "Page", "Span", "Track", "TrackedFrame")


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(device="cpu")


def without_latency(line: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON line, as it would be read back from a file, without how long reading took."""
    return {key: value for key, value in json.loads(json.dumps(line)).items() if key != "latency_ms"}


def lines_of(command: ModuleType, *words: object, folder: Path) -> list[dict[str, Any]]:
    """Run a command on the CPU and return the lines of its --json, without how long reading took."""
    path = folder / "lines.jsonl"
    arguments = [*map(str, words), "--device", "cpu", "--json", str(path)]
    done = CliRunner().invoke(command.main, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return [without_latency(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_public_names_are_few_and_told() -> None:
    assert len(realtime.__all__) <= 17 and sorted(realtime.__all__) == realtime.__all__
    for name in realtime.__all__:
        thing = getattr(realtime, name)
        assert (thing.__doc__ or "").strip(), name
        for method, value in inspect.getmembers(thing, inspect.isfunction):
            if not method.startswith("_") and value.__module__.startswith("realtime"):
                assert (value.__doc__ or "").strip(), f"{name}.{method}"


@pytest.mark.parametrize("name", RESULTS)
def test_results_are_frozen(name: str) -> None:
    result = getattr(realtime, name)
    assert name in realtime.__all__
    assert dataclasses.is_dataclass(result) and result.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_a_page_is_the_line_that_recognize_image_writes(reader: Reader, tmp_path: Path) -> None:
    (line,) = lines_of(recognize_image, SHEET, folder=tmp_path)
    page = reader.read(cv2.imread(str(SHEET)))
    assert without_latency(page.to_dict(source=str(SHEET))) == line
    assert page.rows == ["12012", "75", "58003", "799", "9"] == [number.text for number in page.numbers]
    assert len(line["numbers"][0]["digits"]) == 5 and page.numbers[0].digits[0].text == "1"


def test_tracked_frames_are_the_lines_that_recognize_video_writes(reader: Reader, tmp_path: Path) -> None:
    lines = lines_of(recognize_video, CLIP, "--max-frames", 40, folder=tmp_path)
    frames = reader.stream(CLIP, limit=40)
    assert [without_latency(tracked.to_dict()) for tracked in frames] == lines
    settled = {number["text"] for line in lines for number in line["numbers"] if number["state"] == "settled"}
    assert {span.text for span in frames.settled()} == settled and len(settled) == 7
    assert next(frames, None) is None


def test_events_tell_what_settled(reader: Reader) -> None:
    frames = reader.stream(str(CLIP), limit=30)
    settled = [event.text for tracked in frames for event in tracked.events if event.kind == "settled"]
    assert sorted(settled) == sorted(span.text for span in frames.settled())


def test_pictures_of_a_folder_are_streamed_by_name(reader: Reader, tmp_path: Path) -> None:
    for i in range(3):
        save_image(tmp_path / f"{i}.png", draw_sheet(["24"], seed=i))
    for source in (tmp_path, str(tmp_path / "*.png")):
        frames = list(reader.stream(source))
        assert [Path(tracked.frame.source).name for tracked in frames] == ["0.png", "1.png", "2.png"]
        assert [[track.text for track in tracked.tracks] for tracked in frames] == [["24"]] * 3


def test_frames_of_ones_own_are_streamed(reader: Reader) -> None:
    image = draw_sheet(["90"])
    frames = list(reader.stream(Frame(image, i, i / 10, "own") for i in range(12)))
    assert [tracked.tracks[0].state for tracked in frames[:1] + frames[-1:]] == ["seen", "settled"]
    assert frames[-1].tracks[0].box == frames[-1].page.numbers[0].box


def test_a_camera_is_streamed_until_the_limit(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "open_live", lambda source, settings: cv2.VideoCapture(str(CLIP)))
    frames = list(reader.stream(0, limit=3))
    indices = [tracked.frame.index for tracked in frames]
    assert len(frames) == 3 and indices == sorted(set(indices))
    assert frames[0].frame.source == "0" and frames[0].tracks


def test_a_recording_is_read_as_it_was_recorded_unless_told_otherwise(reader: Reader, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    words = (CLIP, "--no-show", "--max-frames", 6, "--conf", 1, "--record", kept)
    lines = lines_of(recognize_camera, *words, folder=tmp_path)
    assert {number["text"].strip("?") for line in lines for number in line["numbers"]} == {""}
    assert [without_latency(tracked.to_dict()) for tracked in reader.stream(kept)] == lines
    surer = Reader(device="cpu", confidence=0.5)
    assert {track.text for tracked in surer.stream(kept) for track in tracked.tracks} >= {"0742", "518"}


def test_settings_may_change_between_frames(reader: Reader) -> None:
    other = Reader(device="cpu", confidence=1.0)
    assert set("".join(other.read(draw_sheet(["2468"])).rows)) == {"?"}
    other.confidence = 0.5
    assert other.read(draw_sheet(["2468"])).rows == ["2468"]
    other.polarity = "light"
    assert other.read(draw_sheet(["2468"])).rows == []
    frames = other.stream(Frame(draw_sheet(["2468"]), i, i / 10, "own") for i in range(2))
    assert next(frames).tracks == []
    other.polarity = "dark"
    assert [track.text for track in next(frames).tracks] == ["2468"]


def test_a_second_network_is_asked_where_the_first_is_unsure(make_model: Callable[..., Path]) -> None:
    ensemble = Reader(make_model(), "cpu", base_model=realtime.Reader(device="cpu").networks.path, fallback=1.0)
    page = ensemble.read(draw_sheet(["2468"]))
    assert page.rows == ["2468"] and page.numbers[0].digits[0].to_dict()["model"] == "base"


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((40, 40), np.uint8),
        np.zeros((40, 40, 4), np.uint8),
        np.zeros((40, 40, 3), np.float32),
        np.zeros((0, 40, 3), np.uint8),
        np.zeros((2, 40, 40, 3), np.uint8),
    ],
)
def test_an_array_that_is_no_picture_is_refused(reader: Reader, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"\(H, W, 3\) uint8"):
        reader.read(image)


def test_what_cannot_be_had_is_named(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(ModelRefusedError, match=r"none\.onnx"):
        Reader(tmp_path / "none.onnx", "cpu")
    with pytest.raises(DeviceError, match="gpu"):
        Reader(device="gpu")
    for source in (tmp_path / "none.mp4", str(tmp_path), "/dev/video99"):
        with pytest.raises(SourceError, match=str(source)):
            next(reader.stream(source))


def test_a_picture_is_settled_as_a_frame(reader: Reader) -> None:
    frame = Frame(draw_sheet(["13"]), 0, 0.0, "sheet")
    page = reader.read(frame.image)
    tracked = TrackedFrame.of_picture(frame, page)
    assert without_latency(tracked.to_dict()) == without_latency(page.to_dict("sheet"))
    assert tracked.tracks[0].state == "settled"
