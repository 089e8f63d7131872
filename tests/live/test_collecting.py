"""Keeping pictures for fine-tuning: where they go, once for a shape, with provenance, and undone again."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.commands.recognize_camera import gather
from realtime.live.collecting import Collector, picks
from realtime.live.keys import HELP, TAB, Controls, Keyboard, Scene, selectable
from realtime.outputs.sink import OutputError
from realtime.reading.classifier import Classifier
from realtime.reading.ink import find_ink
from realtime.reading.pipeline import read
from realtime.sources.frame import Frame
from realtime.tracking.tracker import Track, Tracker, settle
from tests.conftest import draw_sheet


def scene_of(classifier: Classifier, rows: list[str], index: int = 0, dark: bool = True, seed: int = 0) -> Scene:
    frame = Frame(draw_sheet(rows, dark=dark, seed=seed), index, index / 25, "camera 0")
    page = read(frame.image, classifier)
    return Scene(frame, page, settle(page.numbers), 5.0)


def tree(folder: Path) -> dict[str, list[str]]:
    """Return the pictures of each label."""
    return {
        label.name: sorted(path.name for path in label.iterdir() if path.suffix == ".png")
        for label in sorted(folder.iterdir())
        if any(path.suffix == ".png" for path in label.iterdir())
    }


def lines(folder: Path, label: str) -> list[dict]:
    return [json.loads(line) for line in (folder / label / "provenance.jsonl").read_text().splitlines()]


@pytest.fixture
def scene(classifier: Classifier) -> Scene:
    scene = scene_of(classifier, ["0742", "518"])
    assert [track.text for track in scene.tracks] == ["0742", "518"]
    return scene


def test_digits_are_kept_under_their_text_with_provenance(tmp_path: Path, scene: Scene) -> None:
    collector = Collector(tmp_path, "s1")
    assert collector.collect(scene.frame, scene.page.ink, scene.tracks) == 7
    assert {label: len(names) for label, names in tree(tmp_path).items()} == {d: 1 for d in "0124578"}
    (line,) = lines(tmp_path, "7")
    assert line["file"] == "s1-f000000-t0001-d1.png" == tree(tmp_path)["7"][0]
    wanted = {"label": "7", "by": "collect", "read": "7", "session": "s1", "source": "camera 0", "frame": 0, "track": 1}
    assert wanted.items() <= line.items()


def test_a_kept_picture_reads_as_that_digit_alone(tmp_path: Path, classifier: Classifier) -> None:
    for dark in (True, False):
        scene = scene_of(classifier, ["0742", "518"], dark=dark)
        collector = Collector(tmp_path / str(dark), "s1")
        collector.collect(scene.frame, scene.page.ink, scene.tracks)
        for label, names in tree(tmp_path / str(dark)).items():
            image = cv2.imread(str(tmp_path / str(dark) / label / names[0]))
            assert len(find_ink(image).boxes) >= 1
            assert [reading.text for reading in read(image, classifier).numbers] == [label]


def test_one_picture_for_a_track_and_shape_not_one_for_a_frame(tmp_path: Path, classifier: Classifier) -> None:
    collector = Collector(tmp_path, "s1")
    for index in range(5):  # the same ink with other noise
        scene = scene_of(classifier, ["0742"], index)
        collector.collect(scene.frame, scene.page.ink, scene.tracks)
    assert sum(map(len, tree(tmp_path).values())) == 4
    scene = scene_of(classifier, ["5118"], 9)  # the same number, written anew
    assert collector.collect(scene.frame, scene.page.ink, scene.tracks) == 4


def test_unsure_and_unsettled_digits_go_to_the_inbox(tmp_path: Path, scene: Scene) -> None:
    unsure = replace(scene.tracks[0].digits[0], text="?")
    tracks = [replace(scene.tracks[0], digits=(unsure, *scene.tracks[0].digits[1:]))]
    tracks += [replace(scene.tracks[1], state="seen")]
    Collector(tmp_path, "s1").collect(scene.frame, scene.page.ink, tracks)
    assert {label: len(names) for label, names in tree(tmp_path).items()} == {"2": 1, "4": 1, "7": 1, "inbox": 4}


def test_digits_not_seen_in_this_frame_are_not_kept(tmp_path: Path, scene: Scene) -> None:
    tracks = [replace(track, fresh=False) for track in scene.tracks]
    assert Collector(tmp_path, "s1").collect(scene.frame, scene.page.ink, tracks) == 0


def test_a_label_moves_what_was_kept_and_undo_takes_each_step_back(tmp_path: Path, scene: Scene) -> None:
    collector = Collector(tmp_path, "s1")
    first = picks(scene.tracks)[0]
    collector.collect(scene.frame, scene.page.ink, scene.tracks)
    before = tree(tmp_path)
    assert collector.label(scene.frame, scene.page.ink, first, "6") == 1
    assert "0" not in tree(tmp_path) and len(tree(tmp_path)["6"]) == 1
    assert lines(tmp_path, "6")[0]["by"] == "key" and not (tmp_path / "0" / "provenance.jsonl").exists()
    assert collector.label(scene.frame, scene.page.ink, first, "6") == 0
    picture = collector.snapshot(scene.frame, scene.tracks, 5.0)
    assert np.array_equal(cv2.imread(str(picture)), scene.frame.image)
    assert len(json.loads(picture.with_suffix(".json").read_text())["numbers"]) == 2
    assert collector.undo() == 1 and not picture.exists() and not picture.with_suffix(".json").exists()
    assert collector.undo() == 1 and tree(tmp_path) == before and lines(tmp_path, "0")[0]["label"] == "0"
    assert collector.undo() == 7 and tree(tmp_path) == {} and not list(tmp_path.rglob("*.jsonl"))
    assert collector.undo() == 0


def test_a_folder_that_cannot_be_written_leaves_nothing_by_half(tmp_path: Path, scene: Scene) -> None:
    (tmp_path / "7").write_text("in the way")
    with pytest.raises(OutputError, match="cannot make folder"):
        Collector(tmp_path, "s1").label(scene.frame, scene.page.ink, picks(scene.tracks)[1], "7")
    (tmp_path / "5").mkdir()
    (tmp_path / "5" / "provenance.jsonl").write_text("not ours\n")
    with pytest.raises(OutputError, match="not ours"):
        Collector(tmp_path, "s1").label(scene.frame, scene.page.ink, picks(scene.tracks)[4], "5")
    assert sorted(path.name for path in (tmp_path / "5").iterdir()) == ["provenance.jsonl"]


def test_without_a_window_settled_and_long_unsure_numbers_are_kept(tmp_path: Path, scene: Scene) -> None:
    collector = Collector(tmp_path, "s1")
    seen = [replace(track, state="seen") for track in scene.tracks]
    gather(collector, replace(scene, tracks=seen))
    assert not tmp_path.exists() or tree(tmp_path) == {}
    late = replace(scene, frame=replace(scene.frame, time=2.0), tracks=[seen[0], scene.tracks[1]])
    gather(collector, late)
    assert {label: len(names) for label, names in tree(tmp_path).items()} == {"1": 1, "5": 1, "8": 1, "inbox": 4}


@pytest.fixture
def keyboard(tmp_path: Path) -> Keyboard:
    return Keyboard(Controls(0.6, "auto"), Tracker(), Collector(tmp_path, "s1"))


def test_help_names_every_key_that_does_something(keyboard: Keyboard, scene: Scene) -> None:
    told = {"space": " ", "Esc": "\x1b", "Tab": chr(TAB)}
    keys = {told.get(word, word) for key, _ in HELP for word in key.split()} - {"click", "0-9"} | set("0123456789")
    assert {chr(code) for code in range(256) if keyboard.press(chr(code), scene)} == keys


def test_keys_label_what_is_selected(keyboard: Keyboard, scene: Scene, tmp_path: Path) -> None:
    keyboard.press("7", scene)
    assert "select a digit first" in keyboard.message and tree(tmp_path) == {}
    for _ in range(2):
        keyboard.press("\t", scene)
    keyboard.press("9", scene)
    assert keyboard.controls.selected == picks(scene.tracks)[1] and list(tree(tmp_path)) == ["9"]
    keyboard.press("x", scene)
    assert list(tree(tmp_path)) == ["not-a-digit"]
    keyboard.press("u", scene)
    keyboard.press("u", scene)
    assert tree(tmp_path) == {}
    for _ in range(6):
        keyboard.press("\t", scene)
    assert keyboard.controls.selected == picks(scene.tracks)[0]  # round and back


def test_a_click_selects_and_the_selection_follows_its_number(
    keyboard: Keyboard, scene: Scene, classifier: Classifier
) -> None:
    x, y, w, h = scene.tracks[1].digits[2].box
    keyboard.click(scene, x + w / 2, y + h / 2)
    assert keyboard.controls.selected is not None and keyboard.controls.selected.text == "8"
    later = scene_of(classifier, ["0742", "518"], 1, seed=1)
    keyboard.follow(later)
    assert keyboard.controls.selected == picks(later.tracks)[6]
    keyboard.follow(replace(later, tracks=later.tracks[:1]))
    assert keyboard.controls.selected is None
    keyboard.click(scene, 1, 1)
    assert keyboard.controls.selected is None and keyboard.message == "nothing selected"


def test_what_was_refused_can_be_selected_and_labelled(
    keyboard: Keyboard, classifier: Classifier, tmp_path: Path
) -> None:
    image = draw_sheet(["0742"])
    cv2.line(image, (60, 440), (560, 440), (40, 40, 40), 5)
    page = read(image, classifier)
    scene = Scene(Frame(image, 0, 0.0, "camera 0"), page, settle(page.numbers), 1.0)
    refused = next(pick for pick in selectable(scene) if pick.track == 0)
    keyboard.click(scene, refused.box[0] + refused.box[2] / 2, refused.box[1] + refused.box[3] / 2)
    keyboard.press("x", scene)
    assert list(tree(tmp_path)) == ["not-a-digit"]


def test_what_cannot_be_kept_is_told_and_counted(keyboard: Keyboard, scene: Scene, tmp_path: Path) -> None:
    keyboard.collector.folder = tmp_path / "file"
    (tmp_path / "file").write_text("x")
    for key in ("s", "c", "\t", "5"):
        keyboard.press(key, scene)
    assert keyboard.message.startswith("error: cannot make folder") and keyboard.failed == 3


def test_settings_keys_change_how_it_is_read_and_shown(keyboard: Keyboard, scene: Scene) -> None:
    controls = keyboard.controls
    seen = []
    for key in "iii":
        keyboard.press(key, scene)
        seen.append(controls.polarity)
    assert seen == ["dark", "light", "auto"]
    keyboard.press("[", scene)
    assert controls.confidence == keyboard.tracker.confidence == 0.55
    for _ in range(30):
        keyboard.press("]", scene)
    assert controls.confidence == 1.0
    for key, name in (("m", "mirror"), ("d", "steps"), ("h", "help"), (" ", "paused"), ("f", "full")):
        keyboard.press(key, scene)
        assert getattr(controls, name)
        keyboard.press(key, scene)
        assert not getattr(controls, name)
    keyboard.tracker.update(scene.page.numbers, 0.0)
    keyboard.press("r", scene)
    tracks: list[Track] = keyboard.tracker.update([], 0.04)
    assert tracks == [] and not controls.quit
    keyboard.press("\x1b", scene)
    assert controls.quit
