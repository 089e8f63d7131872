"""No output destroys an input, a model, another output or a file of another kind, by whatever name it is called."""

import os
import shutil
import sys
from pathlib import Path
from typing import get_args

import pytest

from realtime.outputs.guard import Kind, Output, check_outputs
from realtime.outputs.recorder import Recorder
from realtime.outputs.text import Csv, JsonLines
from realtime.outputs.video import VideoFile
from realtime.reading.model_files import default_model
from tests.conftest import CLIP, draw_sheet, save_image
from tests.run_commands import assert_one_error, run
from tests.tracked_frames import make_frame, track_frame


def test_an_input_is_refused_by_every_name_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "z.jpg").write_bytes(b"\xff\xd8\xff")
    os.link("z.jpg", "hard.jpg")
    if sys.platform != "win32":
        Path("link.jpg").symlink_to("z.jpg")
    for name in ("z.jpg", "./z.jpg", "hard.jpg", "link.jpg", str(tmp_path / "z.jpg")):
        if Path(name).exists():
            for overwrite in (False, True):
                with pytest.raises(ValueError, match="--save .*would overwrite z.jpg, which is read"):
                    check_outputs([Output("--save", Path(name), "picture")], [Path("z.jpg")], overwrite)
    check_outputs([Output("--save", Path("new.jpg"), "picture")], [Path("z.jpg"), Path("none.jpg")], False)


def test_two_outputs_are_two_files(tmp_path: Path) -> None:
    same = [Output("--json", tmp_path / "a", "lines"), Output("--csv", tmp_path / "." / "a", "table")]
    with pytest.raises(ValueError, match="--csv .*a and --json are one file"):
        check_outputs(same, [], True)
    for shared in ("-", os.devnull):
        check_outputs([Output("--json", Path(shared), "lines"), Output("--csv", Path(shared), "table")], [], False)


@pytest.mark.skipif(sys.platform == "win32", reason="has no pipes and devices among its files")
def test_a_device_or_a_pipe_is_written_into_and_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(os.devnull)
    for name in ("pipe", "link"):
        for kind in get_args(Kind):
            for overwrite in (False, True):
                if kind in ("lines", "table"):
                    check_outputs([Output("--out", tmp_path / name, kind)], [], overwrite)
                    continue
                with pytest.raises(ValueError, match=f"--out .*{name} is a device or a pipe"):
                    check_outputs([Output("--out", tmp_path / name, kind)], [], overwrite)
    done = run("recognize-camera", CLIP, "--no-show", "--text-file", "link", folder=tmp_path)
    assert_one_error(done, 2, "is a device or a pipe")
    assert (tmp_path / "link").is_symlink() and Path(os.devnull).is_char_device()


def test_what_was_written_here_is_written_anew_and_nothing_else_is(tmp_path: Path) -> None:
    frame = track_frame(make_frame())
    for sink in (JsonLines(str(tmp_path / "a.jsonl")), Csv(str(tmp_path / "a.csv")), VideoFile(tmp_path / "a.mp4", 25)):
        with sink:
            sink.take(frame)
    save_image(tmp_path / "a.png", draw_sheet(["1"], (40, 40)))
    shutil.copy(default_model(), tmp_path / "a.onnx")
    (tmp_path / "figures.json").write_text('{\n "a": 1\n}\n')
    (tmp_path / "truth.csv").write_text("file,rows\n")
    (tmp_path / "notes.txt").write_text("milk\n")
    (tmp_path / "empty").touch()
    with Recorder(tmp_path / "kept", pytest.fail) as recorder:
        recorder.take(frame)
    own = {"a.jsonl": "lines", "a.csv": "table", "a.mp4": "video", "a.png": "picture", "a.onnx": "model"}
    files = [*own, "figures.json", "truth.csv", "notes.txt", "kept/record.jsonl"]
    for kind in ("lines", "table", "video", "picture", "model", "figures"):
        for name in files:
            output = Output("--out", tmp_path / name, kind)
            if own.get(name) == kind or (name, kind) == ("figures.json", "figures"):
                check_outputs([output], [], False)
                continue
            if (name, kind) == ("a.jsonl", "figures"):
                continue
            check_outputs([output], [], True)
            if kind == "video" and not name.endswith(".mp4"):
                continue  # its ending is refused before
            with pytest.raises(ValueError, match="--overwrite"):
                check_outputs([output], [], False)
        check_outputs([Output("--out", tmp_path / "empty", kind)], [], False)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("recognize-image", "z.png", "--json", "z.png"), "z.png"),
        (("recognize-image", "z.png", "--save", "z.png"), "z.png"),
        (("recognize-image", "z.png", "--save", "."), "z.png"),
        (("recognize-image", "z.png", "--json", "a", "--csv", "a"), "one file"),
        (("recognize-image", "z.png", "--json", "m.onnx", "--model", "m.onnx"), "m.onnx"),
        (("recognize-image", "z.png", "--csv", "notes.txt"), "--overwrite"),
        (("recognize-image", "z.png", "--known", "known.txt", "--table", "known.txt"), "known.txt, which is read"),
        (("recognize-image", "z.png", "--profile", "p.toml", "--csv", "p.toml", "--overwrite"), "p.toml, which is"),
        (("recognize-image", "z.png", "--profile", "own.toml"), "own.toml would overwrite own.toml, which is read"),
        (
            ("recognize-camera", "c.mp4", "--no-show", "--region", "a=1,1,9,9", "--known", "a=known.txt")
            + ("--text-file", "known.txt"),
            "known.txt, which is read",
        ),
        (
            ("recognize-camera", "c.mp4", "--no-show", "--secrets", "p.toml", "--json", "p.toml", "--overwrite"),
            "p.toml",
        ),
        (("recognize-video", "c.mp4", "--save", "c.mp4"), "c.mp4"),
        (("recognize-video", "a.part.avi", "--save", "a.mp4", "--overwrite"), "would overwrite a.part.avi, which is"),
        (("recognize-image", "z.png", "--known", "a.part", "--json", "a"), "would overwrite a.part, which is read"),
        (("recognize-video", "photos", "--json", "photos/b.png", "--overwrite"), "b.png"),
        (("recognize-camera", "c.mp4", "--no-show", "--events", "c.mp4"), "c.mp4"),
        (("recognize-camera", "photos/*.png", "--no-show", "--csv", "photos/b.png"), "b.png"),
        (("evaluate-numbers", "photos", "--json", "photos/truth.csv", "--overwrite"), "truth.csv"),
        (("benchmark-recognizer", "c.mp4", "--json", "c.mp4"), "c.mp4"),
        (("export-onnx", "b.pth", "-o", "b.pth"), "b.pth"),
        (("export-onnx", "b.pth", "-o", "notes.txt"), "--overwrite"),
        (("export-onnx", "best.onnx"), "would overwrite best.onnx, which is read"),
        (("export-rows", "b.pth", "-o", "b.pth"), "b.pth"),
        (("export-finder", "b.pth", "b.pth"), "b.pth"),
        (("measure-digits", "--json", "notes.txt"), "--overwrite"),
        (("train-digits", "--from", "runs/best.pth", "--out", "runs"), "best.pth"),
        (("train-digits", "--extra", "digits", "1", "--out", "digits/4"), "curves.png"),
        (("train-digits", "--out", "other"), "--out other/metrics.jsonl"),
        (("train-rows", "--data", ".", "--from", "runs/best.pth", "--out", "runs"), "best.pth"),
        (("train-finder", "--data", ".", "--from", "runs/best.pth", "--out", "runs"), "best.pth"),
        (("finetune-digits", "digits", "--report", "digits/4"), "history.png"),
        (("finetune-digits", "digits", "--init", "runs/finetuned-before.pth", "--out", "runs"), "finetuned-before"),
        (("report-training", "--out", "other"), "--out other/report.md"),
        (("evaluate-numbers", "digits", "--save", "digits/4"), "digits-misread"),
        (("recognize-image", "z.png", "digits/4/a-page2.png", "--save", "digits/4"), "a-page2.png"),
        (("recognize-image", "tiffs/a.tif", "a-page2.tif", "--save", "."), "a-page2.tif"),
    ],
)
def test_no_command_destroys_what_it_reads(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    save_image(tmp_path / "z.png", draw_sheet(["42"]))
    save_image(tmp_path / "photos" / "b.png", draw_sheet(["42"]))
    (tmp_path / "photos" / "truth.csv").write_text("file,rows\nb.png,42\n")
    (tmp_path / "notes.txt").write_text("milk\n")
    (tmp_path / "known.txt").write_text("42\n")
    (tmp_path / "a.part").write_text("42\n")
    shutil.copy(CLIP, tmp_path / "a.part.avi")
    (tmp_path / "p.toml").write_text("conf = 0.4\n")
    (tmp_path / "own.toml").write_text('csv = "own.toml"\noverwrite = true\n')
    shutil.copy(CLIP, tmp_path / "c.mp4")
    shutil.copy(default_model(), tmp_path / "m.onnx")
    shutil.copy(default_model().with_suffix(".pth"), tmp_path / "b.pth")
    for name in ("curves", "history", "digits-misread", "a-page2"):
        save_image(tmp_path / "digits" / "4" / f"{name}.png", draw_sheet(["4"]))
    for name in ("runs/best.pth", "runs/finetuned-before.pth", "best.onnx"):
        (tmp_path / "runs").mkdir(exist_ok=True)
        shutil.copy(default_model().with_suffix(".pth"), tmp_path / name)
    (tmp_path / "other").mkdir()
    for name in ("metrics.jsonl", "report.md"):
        (tmp_path / "other" / name).write_text("my own notes\n")
    (tmp_path / "tiffs").mkdir()
    for name in ("tiffs/a.tif", "a-page2.tif"):
        (tmp_path / name).write_bytes((tmp_path / "z.png").read_bytes())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert_one_error(run(*words, folder=tmp_path), 2, says)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
