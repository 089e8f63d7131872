"""evaluate-numbers: each kind of truth is measured by its own rule, and the target decides."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from realtime.commands.evaluate_numbers import main
from tests.conftest import CLIP, DIGITS, draw_digit, draw_sheet, save_image


def evaluate(*words: object) -> Result:
    return CliRunner().invoke(main, [*map(str, words), "--device", "cpu"], catch_exceptions=False)


def figures(folder: Path) -> dict:
    return json.loads((folder / "figures.json").read_text(encoding="utf-8"))["sources"][0]


def on_paper(digit: str, seed: int = 0) -> np.ndarray:
    ink = draw_digit(digit, 60, seed).astype(int)
    return np.repeat((225 - ink * 170 // 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.fixture
def sheets(tmp_path: Path) -> Path:
    """Two pictures with truth, one of which does not say what the picture shows."""
    save_image(tmp_path / "a.png", draw_sheet(["2468", "13"], (800, 600)))
    save_image(tmp_path / "b.png", draw_sheet(["90"]))
    (tmp_path / "truth.csv").write_text("file,rows\na.png,2468|13\nb.png,97\n", encoding="utf-8")
    return tmp_path


def test_rows_are_counted_and_the_misread_shown(sheets: Path) -> None:
    out = sheets / "out"
    done = evaluate(sheets, "--save", out, "--json", out / "figures.json", "--target", 66)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "a.png: 2/2  2468|13"
    assert lines[1] == "b.png: 0/1  90  truth 97"
    assert "rows exact 2 of 3 (66.7 %), with numbers parted alike 2" in lines[2]
    assert "digit error 12.50 %: 1 wrong, 0 missing, 0 extra of 8" in lines[3]
    result = figures(out)
    assert (result["rows"], result["exact"], result["wrong"], result["measure"]) == (3, 2, 1, "rows exact")
    assert [picture["read"] for picture in result["pictures"]] == ["2468|13", "90"]
    assert cv2.imread(str(out / f"{sheets.name}-misread.png")).shape[1] > 300


@pytest.mark.parametrize(("target", "code"), [(66.6, 0), (66.7, 1), (100, 1)])
def test_the_target_decides_the_exit_status(sheets: Path, target: float, code: int) -> None:
    done = evaluate(sheets, "--target", target)
    assert done.exit_code == code
    assert ("below the target" in done.stderr) == bool(code)


def test_the_other_light_reads_the_same(sheets: Path) -> None:
    assert evaluate(sheets).stdout == evaluate(sheets, "--invert").stdout


def test_a_table_of_another_form_ends_the_measurement(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text("file,rows\na.png,12x\n", encoding="utf-8")
    done = evaluate(tmp_path)
    assert done.exit_code == 1 and "line 2" in done.stderr


def test_a_picture_that_truth_names_but_is_not_there_ends_the_measurement(sheets: Path) -> None:
    (sheets / "b.png").unlink()
    done = evaluate(sheets)
    assert done.exit_code == 3 and "b.png" in done.stderr


def test_pictures_of_one_digit_give_a_confusion_matrix(tmp_path: Path) -> None:
    faces = tmp_path / "pictures"
    for digit in DIGITS:
        save_image(faces / "w1" / digit / "a.png", on_paper(digit))
    save_image(faces / "w2" / "4" / "b.png", on_paper("7"))
    save_image(faces / "w2" / "5" / "c.png", draw_sheet(["57"]))
    save_image(faces / "w2" / "not-a-digit" / "d.png", np.full((90, 90, 3), 200, np.uint8))
    done = evaluate(faces, "--save", tmp_path / "out", "--json", tmp_path / "figures.json")
    result = figures(tmp_path)
    table = np.array(result["confusion"])
    at = {
        (label, column): table[i, j]
        for i, label in enumerate(result["labels"])
        for j, column in enumerate(result["columns"])
    }
    assert done.exit_code == 0 and table.sum() == 13
    assert at["4", "7"] == 1 and at["5", "several"] == 1 and at["not-a-digit", "nothing"] == 1
    assert result["pictures"] == 13 and result["among"] == result["exact"] + 1
    assert result["exact"] >= 10
    assert result["groups"].keys() == {"w1", "w2"} and result["groups"]["w2"] == pytest.approx(100 / 3, abs=0.01)
    assert {"w2/4/b.png", "w2/5/c.png"} <= {entry["file"] for entry in result["wrong"]}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"pictures-misread.png", "pictures-confusion.png"}


def test_a_digit_that_nearly_fills_its_picture_is_read_by_the_same_path(tmp_path: Path) -> None:
    for digit in "23678":
        image = on_paper(digit)
        x, y, w, h = cv2.boundingRect((image[..., 0] < 150).view(np.uint8))
        save_image(tmp_path / digit / "tight.png", image[y - 6 : y + h + 6, x - 6 : x + w + 6])
    assert evaluate(tmp_path, "--target", 80).exit_code == 0


@pytest.mark.parametrize("light", [True, False])
def test_small_pictures_in_an_npz_file_are_read_on_paper(tmp_path: Path, light: bool) -> None:
    images = np.stack([cv2.resize(draw_digit(d, 14), (28, 28), interpolation=cv2.INTER_AREA) for d in DIGITS])
    np.savez(tmp_path / "a.npz", images=images if light else 255 - images, labels=np.arange(10))
    done = evaluate(tmp_path / "a.npz", "--json", tmp_path / "figures.json")
    assert done.exit_code == 0
    assert figures(tmp_path)["exact"] >= 8


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"words"])
def test_a_file_that_is_no_npz_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    assert evaluate(tmp_path / "a.npz").exit_code == 3


def test_without_truth_every_digit_is_false(tmp_path: Path) -> None:
    save_image(tmp_path / "a.png", draw_sheet(["2468"]))
    save_image(tmp_path / "deep" / "b.png", np.full((90, 90, 3), 200, np.uint8))
    done = evaluate(tmp_path, "--save", tmp_path / "out", "--json", tmp_path / "figures.json")
    result = figures(tmp_path)
    assert (result["frames"], result["digits"], result["digits_a_frame"], result["frames_right"]) == (2, 4, 2.0, 1)
    assert "false digits a frame 2.0000 (4 in 2 frames)" in done.stdout
    assert (tmp_path / "out" / f"{tmp_path.name}-misread.png").is_file()


@pytest.mark.parametrize(("shows", "off"), [("2468", 0), ("8642", 0), ("246", 1), ("24689", 1), ("1357", 8)])
def test_the_digits_in_view_may_be_told(tmp_path: Path, shows: str, off: int) -> None:
    picture = save_image(tmp_path / "a.png", draw_sheet(["2468"]))
    evaluate(picture, "--shows", shows, "--json", tmp_path / "figures.json")
    result = figures(tmp_path)
    assert (result["digits"], result["frames_right"]) == (off, int(off == 0))


def test_frames_of_a_clip_may_be_chosen(tmp_path: Path) -> None:
    copy = tmp_path / "alone.mp4"
    copy.write_bytes(CLIP.read_bytes())
    done = evaluate(copy, "--frames", "0-1,4", "--json", tmp_path / "figures.json")
    assert done.exit_code == 0
    assert figures(tmp_path)["frames"] == 3


def test_a_clip_with_truth_is_held_against_the_numbers_that_settle(tmp_path: Path) -> None:
    done = evaluate(CLIP, "--frames", "0-19", "--save", tmp_path, "--json", tmp_path / "figures.json")
    result = figures(tmp_path)
    assert done.exit_code == 0 and result["measure"] == "numbers settled"
    assert result["numbers"] == 14 and result["settled"] == 7
    assert len(result["missing"]) == 7 and result["percent"] == pytest.approx(100 * 7 / (14 + len(result["extra"])))
    assert result["frames"]["rows"] == 20 * 6 and result["frames"]["exact"] > 60


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--frames", "3-1"), "3-1"),
        (("--frames", "x"), "0-4,36-38"),
        (("--frames", "1-2-3"), "0-4,36-38"),
        (("--shows", "12a"), "12a"),
        (("--target", "101"), "101"),
    ],
)
def test_wrong_usage_is_named(words: tuple[str, ...], says: str) -> None:
    done = evaluate(CLIP, *words)
    assert done.exit_code == 2 and says in done.stderr


def test_a_source_of_no_kind_is_exit_3(tmp_path: Path) -> None:
    assert evaluate(tmp_path).exit_code == 3
    assert evaluate(tmp_path / "none").exit_code == 3
    (tmp_path / "words.txt").touch()
    assert evaluate(tmp_path / "words.txt").exit_code == 3


def test_results_that_cannot_be_written_are_exit_1(tmp_path: Path) -> None:
    picture = save_image(tmp_path / "a.png", draw_sheet(["2"]))
    (tmp_path / "file").touch()
    done = evaluate(picture, "--save", tmp_path / "file")
    assert done.exit_code == 1 and "file" in done.stderr
    done = evaluate(picture, "--json", tmp_path / "file" / "a.json")
    assert done.exit_code == 1 and "cannot make folder" in done.stderr
    done = evaluate(picture, "--json", tmp_path)
    assert done.exit_code == 2 and str(tmp_path) in done.stderr.replace("\n", "")
