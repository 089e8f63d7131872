import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.reading.ensemble import Networks
from realtime.reading.page import Page
from tests.conftest import DOTTED, draw_digit, draw_sheet, save_image
from training import corrections
from training.corrections import Correction
from training.recipe import CLASSES


def photo(sign: str, seed: int = 0, dark: bool = True) -> np.ndarray:
    """Draw a photo of one digit, (120, 120, 3)."""
    ink = cv2.cvtColor(draw_digit(sign, seed=seed), cv2.COLOR_GRAY2BGR)
    return 225 - ink // 255 * 180 if dark else 30 + ink // 255 * 180


def made(label: int, track: str, session: str = "s", writer: str = "", seed: int = 0) -> Correction:
    """Make a correction of noise, which is like no other."""
    crop = np.random.default_rng([seed, label, len(track)]).integers(0, 256, (28, 28), np.uint8)
    return Correction(Path(track), label, crop, writer, session, track)


def test_each_kind_of_picture_is_found_or_named(tmp_path: Path, networks: Networks) -> None:
    corrections.make_folders(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(CLASSES)
    save_image(tmp_path / "3" / "dark.png", photo("3"))
    save_image(tmp_path / "3" / "light ünd 写.jpg", photo("3", 1, dark=False))
    save_image(tmp_path / "7" / "anna" / "large.png", cv2.resize(photo("7"), None, fx=8, fy=8))
    save_image(tmp_path / "5" / "tight.png", photo("5")[25:93, 25:71])
    save_image(tmp_path / "2" / "two.png", draw_sheet(["26"]))
    save_image(tmp_path / "4" / "blank.png", np.full((90, 90, 3), 200, np.uint8))
    (tmp_path / "1" / "broken.png").write_bytes(b"no picture")
    save_image(tmp_path / "not-a-digit" / "bar.png", photo("1"))
    found, left_out = corrections.read_corrections(tmp_path, networks)
    assert [(c.path.name, CLASSES[c.label]) for c in found] == [
        ("dark.png", "3"),
        ("light ünd 写.jpg", "3"),
        ("tight.png", "5"),
        ("large.png", "7"),
    ]
    assert found[3].writer == "anna"
    read = networks.classifier(np.stack([c.crop for c in found])[:, None]).argmax(axis=1)
    assert read.tolist() == [3, 3, 5, 7]
    reasons = {path.name: why for path, why in left_out}
    assert reasons.keys() == {"two.png", "blank.png", "broken.png", "bar.png"}
    assert "holds 2 digits" in reasons["two.png"] and "no digit" in reasons["blank.png"]
    assert "not a picture" in reasons["broken.png"] and "a bar" in reasons["bar.png"]


def test_what_the_reader_refuses_is_found_in_the_middle(networks: Networks) -> None:
    image = np.full((120, 120, 3), 220, np.uint8)
    for a, b in (((30, 30), (90, 90)), ((90, 30), (30, 90)), ((60, 25), (60, 95)), ((25, 60), (95, 60))):
        cv2.line(image, a, b, (40, 40, 40), 6, cv2.LINE_AA)
    crop, reason = corrections.find_digit(image, networks)
    assert crop.shape == (1, 1, 28, 28) and reason == ""  # a star, for a user who writes some digit so


def test_a_digit_that_its_line_alone_tells_counts_as_one_and_gives_no_crop(
    line_told: Page, networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corrections, "read", lambda *_: line_told)
    crop, reason = corrections.find_digit(DOTTED, networks)
    assert len(crop) == 0 and "holds 4 digits" in reason
    (number,) = line_told.numbers
    alone = replace(line_told, numbers=[replace(number, digits=number.digits[2:3])])
    assert alone.numbers[0].digits[0].blob == -1
    monkeypatch.setattr(corrections, "read", lambda *_: alone)
    nothing = np.full((90, 90, 3), 200, np.uint8)
    assert corrections.find_digit(nothing, networks)[0].shape == (0, 1, 28, 28)


def test_collected_pictures_tell_session_track_and_writer(tmp_path: Path, networks: Networks) -> None:
    name = "20260102-030405-ab12-f000007-t0003-d1.png"
    save_image(tmp_path / "3" / name, photo("3"))
    (tmp_path / "3" / "provenance.jsonl").write_text(json.dumps({"file": name, "writer": "Ida"}) + "\nno line\n")
    (correction,), _ = corrections.read_corrections(tmp_path, networks)
    assert correction.session == "20260102-030405-ab12"
    assert correction.track == "20260102-030405-ab12-0003-1" and correction.writer == "Ida"


def test_one_track_and_one_ink_stay_together() -> None:
    same = made(3, "a", seed=5)
    again = Correction(Path("b"), 3, same.crop, "", "t", "b")
    found = [same, again, made(3, "c", "t"), made(4, "a", seed=6), made(4, "dd", "u")]
    groups = corrections.group_pictures(found)
    assert groups[0] == groups[1] == groups[3]  # the same ink, and the same track
    assert len(set(groups.tolist())) == 3
    assert corrections.grouping_of(found) == "track"
    writers = [made(i, f"{i}{k}", writer=f"w{i}") for i in range(4) for k in range(3)]
    assert corrections.grouping_of(writers) == "writer"
    assert len(set(corrections.group_pictures(writers).tolist())) == 4
