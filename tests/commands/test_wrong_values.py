"""Wrong values of options are usage errors: exit status 2, one line, and nothing is read or made."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.conftest import CLIP, draw_sheet, save_image
from tests.run_commands import assert_one_error, run


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("recognize-image", "a.png", "--conf", "nan"), "not a number"),
        (("recognize-image", "a.png", "--conf", "\x1b[2J"), r"'\x1b[2J' is not"),
        (("recognize-image", "a.png", "--profile", "a\nb\x1b[2J"), r"a\nb\x1b[2J cannot be read"),
        (("recognize-image", ""), "is empty"),
        (("recognize-image", "a.png", "--save", ""), "is empty"),
        (("recognize-image", "a.png", "--json="), "--json= has no value"),
        (("recognize-image", "a.png", "b.png", "--save", "x.png"), "name a folder"),
        (("recognize-video", CLIP, CLIP, "--save", "x.mp4"), "name a folder"),
        (("recognize-camera", "a.png", "--settle", "NaN", "--no-show"), "not a number"),
        (("recognize-camera", ""), "is empty"),
        (("recognize-camera", "a.png", "--data", ".", "--no-show"), "ask for --learn too"),
        (("recognize-camera", "a.png", "--learn", "--model", "a.onnx", "--no-show"), "leave --model out"),
        (("recognize-camera", "a.png", "b.png", "--learn", "--no-show"), "--learn takes one source"),
        (("serve-numbers", "a.png", "--learn", "--model", "a.onnx"), "leave --model out"),
        (("evaluate-numbers", "a.png", "--frames", "0-3000000000"), "no clip does"),
        (("evaluate-numbers", "a.png", "--target", "nan"), "not a number"),
        (("train-digits", "--rate", "nan"), "not a number"),
        (("train-digits", "--out", ""), "is empty"),
    ],
)
def test_a_wrong_value_is_a_usage_error(words: tuple[object, ...], says: str, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        save_image(tmp_path / name, draw_sheet(["42"]))
    done = run(*words, folder=tmp_path)
    done.stderr = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("reading on"))
    assert_one_error(done, 2, says)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png"]


def test_a_page_of_very_many_digits_that_are_not_read_says_so(tmp_path: Path) -> None:
    page = np.full((1500, 1800, 3), 255, np.uint8)
    for place in range(75 * 80):
        x, y = 6 + place % 80 * 22, 20 + place // 80 * 20
        cv2.putText(page, str(place % 10), (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    save_image(tmp_path / "many.png", page)
    save_image(tmp_path / "blank.png", np.full((400, 400, 3), 230, np.uint8))
    done = run("recognize-image", "many.png", "blank.png", folder=tmp_path)
    assert done.stdout or "marks" in done.stderr
    assert "blank.png: no number found\n" in done.stderr
