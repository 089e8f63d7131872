"""Two networks: who is believed, in what batch, and that the JSON lines and the command say so."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from realtime.commands.recognize_camera import main
from realtime.commands.recognize_image import main as recognize_image
from realtime.live.keys import Controls, Scene
from realtime.live.screen import Status, compose
from realtime.outputs.events import Events
from realtime.outputs.pictures import save_picture
from realtime.reading.classifier import Classifier
from realtime.reading.ensemble import BASE, FINE_TUNED, Ensemble
from realtime.reading.model_files import default_model, finetuned_model
from realtime.reading.pipeline import read
from realtime.sources.frame import Frame
from realtime.tracking.tracked_frame import describe
from realtime.tracking.tracker import Tracker, settle
from tests.conftest import DIGITS, draw_sheet


class Fixed:
    """A network that says the same of the i-th crop in every batch, and counts batches."""

    device, fallback, path = "cpu", None, Path("fixed.onnx")

    def __init__(self, rows: list[dict[int, float]], classes: tuple[str, ...] = (*DIGITS, "not-a-digit")) -> None:
        self.classes, self.batches = classes, 0
        self._rows = np.zeros((len(rows), len(classes)), np.float32)
        for row, chances in zip(self._rows, rows, strict=True):
            row[list(chances)] = list(chances.values())

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.batches += 1
        return self._rows[: len(batch)]


CROPS = np.zeros((4, 1, 28, 28), np.uint8)


def test_the_fine_tuned_one_is_believed_where_sure_else_the_surer() -> None:
    tuned = Fixed([{7: 0.6, 1: 0.4}, {7: 0.59, 1: 0.41}, {7: 0.5, 1: 0.3}, {10: 0.9, 1: 0.1}])
    base = Fixed([{1: 0.99, 7: 0.01}, {1: 0.99, 7: 0.01}, {1: 0.4, 7: 0.3}, {1: 1.0}])
    both = Ensemble(tuned, base, 0.6)
    rows = both(CROPS)
    assert rows.argmax(axis=1).tolist() == [7, 1, 7, 10]
    assert [both.who(row[:10]) for row in rows] == [FINE_TUNED, BASE, FINE_TUNED, FINE_TUNED]
    assert (tuned.batches, base.batches) == (1, 1)
    assert both.who(np.zeros(10, np.float32)) == ""
    assert both(CROPS[:0]).shape == (0, 11)


def test_networks_with_and_without_the_eleventh_class_go_together() -> None:
    both = Ensemble(Fixed([{3: 0.4, 8: 0.6}], DIGITS), Fixed([{10: 0.95, 3: 0.05}]), 0.7)
    assert both.classes == (*DIGITS, "not-a-digit")
    assert both(CROPS[:1]).argmax(axis=1).tolist() == [10]


def test_json_lines_name_the_network_only_where_there_are_two(classifier: Classifier) -> None:
    image = draw_sheet(["0742"])
    both = Ensemble(classifier, classifier)
    frame, tracks = Frame(image, 0, 0.0, "a.png"), settle(read(image, both).numbers)
    ((number,),) = (describe(frame, tracks, 1.0, both.who)["numbers"],)
    assert [digit["model"] for digit in number["digits"]] == [FINE_TUNED] * 4
    ((number,),) = (describe(frame, tracks, 1.0)["numbers"],)
    assert all("model" not in digit for digit in number["digits"])


def test_the_screen_underlines_what_the_base_read(classifier: Classifier) -> None:
    image = draw_sheet(["0742"])
    page = read(image, classifier)
    scene = Scene(Frame(image, 0, 0.0, ""), page, settle(page.numbers), 1.0)
    plain, told = (
        compose(scene, Controls(0.6, "auto"), Status(30, None, 0, "cpu"), "", who)
        for who in (lambda _: FINE_TUNED, lambda _: BASE)
    )
    x, y, w, h = (round(v * 1.5) for v in scene.tracks[0].digits[0].box)
    changed = np.argwhere((plain != told).any(axis=2))
    assert len(changed) and y + h < changed[:, 0].min() and changed[:, 0].max() < y + h + 40


@pytest.mark.parametrize("command", [main, recognize_image])
def test_commands_read_with_both(
    command: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_model: Callable[..., Path]
) -> None:
    save_picture(tmp_path / "a.png", draw_sheet(["0742"]))
    monkeypatch.chdir(tmp_path)
    options = ["a.png" if command is recognize_image else str(tmp_path), "--no-show", "--device", "cpu", "--json", "-"]
    # The small network is never sure of anything: the bundled one speaks.
    asked = ["--model", str(make_model("mine.onnx")), "--base-model", str(default_model())]
    result = CliRunner().invoke(command, [*options, *asked])
    assert result.exit_code == 0, result.output
    assert "with mine.onnx and below 0.6 best.onnx too" in result.stderr
    (number,) = json.loads(result.stdout.splitlines()[-1])["numbers"]
    assert number["text"] == "0742" and {digit["model"] for digit in number["digits"]} == {BASE}
    (tmp_path / "models").mkdir()
    assert finetuned_model() is None
    shutil.copy(tmp_path / "mine.onnx", tmp_path / "models" / "finetuned.onnx")
    result = CliRunner().invoke(command, options)
    assert result.exit_code == 0 and "found as models/finetuned.onnx" in result.stderr
    result = CliRunner().invoke(command, [*options, "--model", str(default_model())])
    assert "model" not in json.loads(result.stdout.splitlines()[-1])["numbers"][0]["digits"][0]
    (tmp_path / "models" / "finetuned.onnx").write_bytes(b"broken")
    assert CliRunner().invoke(command, options).exit_code == 4


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_events_are_written_as_a_table_or_as_lines(tmp_path: Path, classifier: Classifier, ending: str) -> None:
    tracker, path = Tracker(), tmp_path / f"events{ending}"
    with Events(str(path), tracker) as events:
        for i in range(90):
            image = draw_sheet(["0742"] if i < 15 else ["518"], size=(320, 240), seed=i % 3)
            numbers = read(image, classifier).numbers if i < 30 else []
            tracks = tracker.update(numbers, i / 25)
            events.take(Frame(image, i, i / 25, "camera 0"), tracks, 1.0)
    lines = path.read_text().splitlines()
    if ending == ".csv":
        assert lines[0].startswith("source,frame,time,event,id,text,was,confidence,row,x,y,w,h")
        assert lines[1].startswith("camera 0,") and ",settled,1,0742,," in lines[1] and ",gone," in lines[-1]
    else:
        told = [json.loads(line) for line in lines]
        assert [event["event"] for event in told][:1] == ["settled"] and told[-1]["event"] == "gone"
        assert {"source", "frame", "time", "event", "id", "text", "was", "confidence", "row", "box"} == told[0].keys()
