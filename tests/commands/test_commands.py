"""Every command through its entry point: what it writes where, and nothing else anywhere."""

import csv
import json
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import cv2
import pytest

from tests.conftest import CLIP, save_image
from tests.outputs.test_text import assert_promised
from tests.run_commands import REPOSITORY, assert_one_error, run, start
from training.scenes.clip import HALVES
from training.scenes.pictures import draw_picture
from training.scenes.sheet import truth

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SCRIPTS = PROJECT["scripts"]
NUMBERS = [number for half in HALVES for row in half.rows for number in truth(row).split()]
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs what only Linux has")


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_help_explains_every_option(name: str, tmp_path: Path) -> None:
    done = run(name, "-h", folder=tmp_path)
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith("Usage: ")
    options = [line.split() for line in done.stdout.splitlines() if line.startswith("  -")]
    assert len(options) >= 2


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_the_version_is_told(name: str, tmp_path: Path) -> None:
    done = run(name, "--version", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"livedigits {PROJECT['version']}\n")


@pytest.mark.parametrize("name", sorted(name for name in SCRIPTS if SCRIPTS[name].startswith("realtime.")))
def test_an_unknown_option_is_a_usage_error(name: str, tmp_path: Path) -> None:
    done = run(name, "--no-such-option", folder=tmp_path)
    assert_one_error(done, 2, "--no-such-option")


def test_standard_output_is_the_numbers_and_nothing_else(sheets: list[Path], tmp_path: Path) -> None:
    done = run("recognize-image", *sheets, "--device", "cpu", folder=tmp_path)
    a, b, _ = sheets
    assert (done.returncode, done.stdout) == (0, f"{a}: 2468\n{a}: 1357\n{b}: 90\n")
    assert "no number found" in done.stderr and "cpu" in done.stderr
    assert not any(tmp_path.iterdir())
    assert run("recognize-image", a, folder=tmp_path).stdout == "2468\n1357\n"


def test_a_folder_of_photos_is_read_and_copies_keep_their_kind(sheets: list[Path], tmp_path: Path) -> None:
    for words in ((sheets[0].parent,), (sheets[0].parent / "*.png",)):
        done = run("recognize-image", *words, "--save", "seen", folder=tmp_path)
        assert done.returncode == 0 and done.stdout.startswith(f"{sheets[0]}: 2468\n")
    assert sorted(path.name for path in (tmp_path / "seen").iterdir()) == sorted(sheet.name for sheet in sheets)
    (tmp_path / "empty").mkdir()
    assert_one_error(run("recognize-image", "empty", folder=tmp_path), 3, "no pictures in empty")


def test_with_json_standard_output_is_the_lines_and_nothing_else(sheets: list[Path], tmp_path: Path) -> None:
    done = run("recognize-image", *sheets, "--json", "-", "--csv", "table.csv", folder=tmp_path)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [line["source"] for line in lines] == [str(sheet) for sheet in sheets]
    assert [[number["text"] for number in line["numbers"]] for line in lines] == [["2468", "1357"], ["90"], []]
    assert {number["state"] for line in lines for number in line["numbers"]} == {"settled"}
    assert [line["size"] for line in lines] == [[800, 600], [640, 480], [300, 200]]
    for line in lines:
        assert_promised(line)
        assert line["frame"] == 0 and line["time"] == 0.0
    with (tmp_path / "table.csv").open(encoding="utf-8") as file:
        assert [row["text"] for row in csv.DictReader(file)] == ["2468", "1357", "90"]


def test_with_csv_standard_output_is_the_table_and_nothing_else(sheets: list[Path], tmp_path: Path) -> None:
    done = run("recognize-image", sheets[0], "--csv", "-", "--save", "seen.png", folder=tmp_path)
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [(row["text"], row["state"]) for row in rows] == [("2468", "settled"), ("1357", "settled")]
    seen, image = cv2.imread(str(tmp_path / "seen.png")), cv2.imread(str(sheets[0]))
    assert seen.shape == image.shape and (seen != image).any()


def test_pictures_of_the_scene_maker_are_read(tmp_path: Path) -> None:
    drawn = [draw_picture("none", 0.0, seed=71, index=i) for i in range(6)]
    paths = [save_image(tmp_path / f"{i}.png", image) for i, (image, _, _) in enumerate(drawn)]
    done = run("recognize-image", *paths, "--json", "-", folder=tmp_path)
    right = total = 0
    for line, (_, sheet, _) in zip(map(json.loads, done.stdout.splitlines()), drawn, strict=True):
        rows: dict[int, str] = {}
        for number in line["numbers"]:
            rows[number["row"]] = rows.get(number["row"], "") + number["text"]
        written = [row.replace(" ", "") for row in sheet.rows]
        total += len(written)
        right += len(set(written) & set(rows.values()))
    assert total >= 10
    assert right >= 0.9 * total


@pytest.fixture(scope="module")
def clip_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The bundled clip read once, with all that can be written."""
    folder = tmp_path_factory.mktemp("clip")
    words = (CLIP, "--save", "seen.mp4", "--json", "lines.jsonl", "--csv", "table.csv")
    return folder, run("recognize-video", *words, folder=folder)


def test_the_bundled_clip_is_read_whole_and_nothing_but(clip_run: tuple) -> None:
    done = clip_run[1]
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == sorted(NUMBERS)
    assert "Traceback" not in done.stderr


def test_the_summary_tells_when_each_number_was_seen(clip_run: tuple) -> None:
    lines = [line.split() for line in clip_run[1].stderr.splitlines()]
    spans = {
        words[2]: (float(words[0]), float(words[1])) for words in lines if len(words) == 3 and words[2].isdecimal()
    }
    assert spans.keys() == set(NUMBERS)
    for half in HALVES:
        for number in (number for row in half.rows for number in truth(row).split()):
            first, last = spans[number]
            assert half.start <= first < half.start + 1.5
            assert half.end - 1.5 < last <= half.end + 0.5


def test_every_frame_of_the_clip_has_its_line(clip_run: tuple) -> None:
    lines = [json.loads(line) for line in (clip_run[0] / "lines.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["frame"] for line in lines] == list(range(200))
    for line in lines:
        assert_promised(line)
    assert {number["state"] for line in lines for number in line["numbers"]} == {"seen", "settled"}


def test_the_annotated_clip_has_every_frame(clip_run: tuple) -> None:
    video = cv2.VideoCapture(str(clip_run[0] / "seen.mp4"))
    count = 0
    while video.grab():
        count += 1
    video.release()
    assert count == 200
    assert sorted(path.name for path in clip_run[0].iterdir()) == ["lines.jsonl", "seen.mp4", "table.csv"]


def test_each_nth_frame_alone_is_read(tmp_path: Path) -> None:
    done = run("recognize-video", CLIP, "--every", 20, "--max-frames", 3, "--json", "-", folder=tmp_path)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["frame"], line["time"]) for line in lines] == [(0, 0.0), (20, 0.8), (40, 1.6)]


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes and signals")
def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path) -> None:
    with start("recognize-video", CLIP, "--json", "-", folder=tmp_path) as process:
        assert json.loads(process.stdout.readline())["frame"] == 0
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 1
    assert "Traceback" not in err and "Exception ignored" not in err and "Broken pipe" not in err


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes and signals")
def test_an_interrupted_run_leaves_whole_lines(tmp_path: Path) -> None:
    with start("recognize-video", CLIP, "--json", "-", folder=tmp_path) as process:
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.count("interrupted") == 1 and "Traceback" not in err
    for line in [*lines, *out.splitlines()]:
        assert_promised(json.loads(line))


def test_evaluating_and_benchmarking_work_through_their_entry_points(sheets: list[Path], tmp_path: Path) -> None:
    done = run("evaluate-numbers", sheets[0], "--shows", "24681357", "--target", "100", folder=tmp_path)
    assert done.returncode == 0 and "frames right 1 of 1" in done.stdout
    done = run("evaluate-numbers", sheets[0], "--target", "50", folder=tmp_path)
    assert done.returncode == 1 and "below the target of 50 %" in done.stderr
    words = (CLIP, "--max-frames", 2, "--rounds", 1, "--json", "figures.json")
    done = run("benchmark-recognizer", *words, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))["clips"][0]["frames"] == 2
