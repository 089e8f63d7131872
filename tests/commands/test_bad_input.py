"""Bad input of every kind, given to the commands through their entry points: the exit code and one clear line."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from realtime.reading.model_files import default_model
from tests.commands.test_commands import NUMBERS
from tests.conftest import CLIP, draw_sheet, has_cuda
from tests.run_commands import assert_one_error, run, start

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs what only Linux has")


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of things that are no source, of every kind."""
    folder = tmp_path_factory.mktemp("bad")
    whole = cv2.imencode(".png", draw_sheet(["12"]))[1].tobytes()
    for ending in ("png", "mp4"):
        (folder / f"empty.{ending}").touch()
        (folder / f"words.{ending}").write_text("no pixels here\n", encoding="utf-8")
        (folder / f"folder.{ending}").mkdir()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "cut.mp4").write_bytes(CLIP.read_bytes()[:3000])
    (folder / "broken.onnx").write_bytes(default_model().read_bytes()[:70_000])
    (folder / "words.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("stem", ["missing", "empty", "words", "cut", "folder", "fehlt é 写"])
@pytest.mark.parametrize("name", ["recognize-image", "recognize-video", "benchmark-recognizer", "evaluate-numbers"])
def test_a_source_that_cannot_be_read_is_exit_3(name: str, stem: str, bad: Path, tmp_path: Path) -> None:
    ending = "png" if name == "recognize-image" else "mp4"
    done = run(name, bad / f"{stem}.{ending}", folder=tmp_path)
    assert_one_error(done, 3, f"{stem}.{ending}")


@pytest.mark.parametrize("name", ["recognize-image", "recognize-video", "benchmark-recognizer", "evaluate-numbers"])
def test_a_model_that_cannot_be_used_is_exit_4(
    name: str, bad: Path, make_model: Callable[..., Path], tmp_path: Path, sheets: list[Path]
) -> None:
    source = CLIP if name in ("recognize-video", "benchmark-recognizer") else sheets[0]
    old = make_model("old.onnx", crop_version="mnist-0")
    for model in (bad / "missing.onnx", bad / "broken.onnx", old) if name == "recognize-image" else (old,):
        done = run(name, source, "--model", model, folder=tmp_path)
        assert_one_error(done, 4, model.name)
    assert "export-onnx" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--save", "none/seen.png"), "none"),
        (("--save", "seen.xyz"), ".xyz"),
        (("--json", "none/lines.jsonl"), "none"),
        (("--csv", "."), "cannot write"),
        (("--show",), "--no-show"),
        pytest.param(("--device", "cuda"), "cuda", marks=pytest.mark.skipif(has_cuda(), reason="has a GPU")),
        pytest.param(("--json", "/dev/full"), "No space left", marks=linux),
    ],
)
def test_what_cannot_be_done_is_exit_1(words: tuple[str, ...], says: str, sheets: list[Path], tmp_path: Path) -> None:
    done = run("recognize-image", sheets[0], *words, folder=tmp_path)
    done.stdout = "" if "full" in words[-1] else done.stdout  # the numbers come before the disk is found full
    assert_one_error(done, 1, says)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("a.png", "--json", "-", "--csv", "-"),
        ("a.png", "--conf", "2"),
        ("a.png", "--polarity", "pink"),
    ],
)
def test_wrong_usage_is_exit_2(words: tuple[str, ...], tmp_path: Path) -> None:
    assert_one_error(run("recognize-image", *words, folder=tmp_path), 2, "")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        *((name, ("x",)) for name in ("recognize-image", "recognize-video", "recognize-camera")),
        *((name, ("x",)) for name in ("evaluate-numbers", "benchmark-recognizer")),
        *((name, ()) for name in ("measure-digits", "train-digits")),
    ],
)
def test_a_device_of_no_known_name_is_a_usage_error(name: str, words: tuple[str, ...], tmp_path: Path) -> None:
    done = run(name, *words, "--device", "gpu", folder=tmp_path)
    assert_one_error(done, 2, "auto, cpu, cuda")
    assert not any(tmp_path.iterdir())


def test_a_folder_is_no_model_file(tmp_path: Path, sheets: list[Path]) -> None:
    for words in ((sheets[0], "--model", "."), (sheets[0], "--base-model", tmp_path)):
        assert_one_error(run("recognize-image", *words, folder=tmp_path), 4, "no model file")
    assert_one_error(run("export-onnx", ".", folder=tmp_path), 4, "no checkpoint .")
    assert_one_error(run("export-onnx", "best.pth", "-o", ".", folder=tmp_path), 2, "is a directory")
    assert not any(tmp_path.iterdir())


def test_a_bad_photo_does_not_stop_the_others(bad: Path, sheets: list[Path], tmp_path: Path) -> None:
    done = run("recognize-image", bad / "cut.png", sheets[1], bad / "missing.png", folder=tmp_path)
    assert (done.returncode, done.stdout) == (3, f"{sheets[1]}: 90\n")
    assert done.stderr.count("error:") == 2


@pytest.mark.parametrize("name", ["missing.pth", "folder.mp4", "broken.onnx"])
def test_export_refuses_what_is_no_checkpoint(name: str, bad: Path, tmp_path: Path) -> None:
    done = run("export-onnx", bad / name, "-o", tmp_path / "out.onnx", folder=tmp_path)
    assert_one_error(done, 4, name)
    assert not any(tmp_path.iterdir())


def test_a_folder_is_no_file_for_figures(sheets: list[Path], tmp_path: Path) -> None:
    for name, source in (("evaluate-numbers", sheets[0]), ("benchmark-recognizer", CLIP)):
        assert_one_error(run(name, source, "--json", ".", folder=tmp_path), 2, "is a directory")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("wait", [0.3, 3])
def test_ctrl_c_ends_all_processes_without_a_traceback(wait: float, tmp_path: Path) -> None:
    with start("recognize-video", *[CLIP] * 40, "--workers", 2, folder=tmp_path, start_new_session=True) as process:
        assert "reading on" in process.stderr.readline()
        time.sleep(wait)  # they start, they read
        os.killpg(process.pid, signal.SIGINT)
        out, notes = process.communicate(timeout=30)
    assert process.returncode == 130 and "Traceback" not in notes, notes
    numbers = out.splitlines()
    assert numbers == numbers[: len(NUMBERS)] * (len(numbers) // len(NUMBERS)), (
        "each clip that was read by then is told whole"
    )
    assert not numbers or sorted(numbers[: len(NUMBERS)]) == sorted(NUMBERS)
    end = time.monotonic() + 10
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < end:
            os.killpg(process.pid, 0)
            time.sleep(0.1)
