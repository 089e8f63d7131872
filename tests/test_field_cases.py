"""Inputs after public reports: each gives its right value or one clear line; needs them among the real pictures."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.run_commands import assert_one_error, run

PAGE = ["40725", "1986 3"]
PICTURES = {
    "alpha_black.png": PAGE,
    "g16low.png": PAGE,
    "float32.tif": PAGE,
    "cuttail.jpg": PAGE,
    "three_pages.tif": [*PAGE, "1986", "77215"],
    "anim.webp": ["4072", "1986"],
    "cut.bmp": [],
    "hostile/warn.tif": [],
    "hostile/png-chunk-length-4GB.png": [],
    "hostile/header-30000x30000.jpg": [],
}
CLIPS = {
    "onebad.avi": ["4072", "1986"],
    "hflipfix.mp4": ["4072", "1986"],
    "anim.webp": ["4072", "1986"],
    "slides1fps.mp4": ["4072", "1986", "350", "77215"],
}


@pytest.fixture(scope="session")
def cases(data: Path) -> Path:
    """The folder of these inputs."""
    folder = data.resolve() / "field_cases"
    if not folder.is_dir():
        pytest.skip("needs field_cases in the folder of real pictures")
    return folder


def test_pictures_of_every_kind_are_read_or_named_in_one_line(cases: Path, tmp_path: Path) -> None:
    done = run("recognize-image", *(cases / name for name in PICTURES), folder=tmp_path)
    read = [line.partition(": ") for line in done.stdout.splitlines()]
    for name, rows in PICTURES.items():
        assert [row for file, _, row in read if file == str(cases / name)] == rows, name
        notes = [line for line in done.stderr.splitlines() if name in line]
        assert [line.startswith("error: ") for line in notes] == ([] if rows and "webp" not in name else [not rows])
    # Beside these notes stands which network reads: nothing of a library's.
    assert done.returncode == 3 and len(done.stderr.splitlines()) == 6, done.stderr


@pytest.mark.parametrize(("name", "module"), [("scan.pdf", "pypdfium2"), ("phone.heic", "pillow_heif")])
def test_documents_and_phone_pictures_are_read(name: str, module: str, cases: Path, tmp_path: Path) -> None:
    pytest.importorskip(module)
    done = run("recognize-image", cases / name, folder=tmp_path)
    assert (done.returncode, done.stdout.splitlines()) == (0, PAGE)


@pytest.mark.parametrize(("name", "numbers"), CLIPS.items())
@pytest.mark.parametrize("command", ["recognize-video", "recognize-camera"])
def test_clips_tell_their_numbers_and_what_is_wrong(
    command: str, name: str, numbers: list[str], cases: Path, tmp_path: Path
) -> None:
    words = ["--no-show"] if command == "recognize-camera" else []
    done = run(command, cases / name, *words, folder=tmp_path)
    assert (done.returncode, done.stdout.splitlines()) == (0, numbers), done.stderr
    assert ("1 damaged frame left out" in done.stderr) == (name == "onebad.avi")


@pytest.mark.skipif(sys.platform == "win32", reason="knows no such names")
def test_a_colon_in_a_name_is_no_protocol(cases: Path, tmp_path: Path) -> None:
    shutil.copy(cases / "colon.mp4", tmp_path / "12:30.mp4")
    done = run("recognize-video", "12:30.mp4", "--save", "12:31.mp4", folder=tmp_path)
    assert (done.returncode, done.stdout.split()) == (0, ["4072", "1986"]), done.stderr
    assert (tmp_path / "12:31.mp4").stat().st_size > 10_000


def test_truth_and_folders_as_others_write_them(cases: Path, tmp_path: Path) -> None:
    done = run("evaluate-numbers", cases / "truth_semicolon", folder=tmp_path)
    assert done.returncode == 0 and "rows exact 2 of 2" in done.stdout
    done = run("evaluate-numbers", cases / "mac_folder", folder=tmp_path)
    assert done.returncode == 0 and "exactly that digit 1 of 1" in done.stdout


def test_what_means_harm_is_refused_in_one_line(cases: Path, tmp_path: Path) -> None:
    hostile, sheet = cases / "hostile", cases / "r90.jpg"
    for path in sorted((hostile / "npz").iterdir()):
        assert_one_error(run("evaluate-numbers", path, folder=tmp_path), 3, path.name)
    for path in sorted((hostile / "record").iterdir()):
        assert_one_error(run("recognize-video", path, folder=tmp_path), 3, path.name)
    for path in (*sorted((hostile / "onnx").iterdir()), *sorted((cases / "models").glob("*.onnx"))):
        if path.name != "v2.onnx":  # another version of the format, and a whole network
            assert_one_error(run("recognize-image", sheet, "--model", path, folder=tmp_path), 4, path.name)


@pytest.mark.parametrize("command", ["export-onnx", "export-rows", "export-finder"])
def test_checkpoints_that_mean_harm_are_refused_in_one_line(command: str, cases: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="make test installs PyTorch")
    target = ["out.onnx"] if command == "export-finder" else ["-o", "out.onnx"]
    for path in sorted((cases / "hostile" / "pth").iterdir()):
        assert_one_error(run(command, path, *target, folder=tmp_path), 4, path.name)
    assert os.listdir(tmp_path) == []  # noqa: PTH208  # what lies there, whatever it is
