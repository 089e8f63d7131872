"""The commands read with a fine-tuned network and the base beside it, and say so."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from realtime.commands.recognize_camera import main as recognize_camera
from realtime.commands.recognize_image import main as recognize_image
from realtime.reading.ensemble import BASE
from realtime.reading.model_files import default_model, finetuned_model, user_folder
from tests.conftest import draw_sheet, save_image


@pytest.mark.parametrize("command", [recognize_camera, recognize_image])
def test_commands_read_with_both(
    command: click.Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_model: Callable[..., Path]
) -> None:
    save_image(tmp_path / "a.png", draw_sheet(["0742"]))
    monkeypatch.chdir(tmp_path)
    source = ["a.png"] if command is recognize_image else [str(tmp_path), "--no-show"]
    options = [*source, "--device", "cpu", "--json", "-"]
    # The small network is never sure of anything: the bundled one speaks.
    models = ["--model", str(make_model("mine.onnx")), "--base-model", str(default_model())]
    result = CliRunner().invoke(command, [*options, *models])
    assert result.exit_code == 0, result.output
    assert "with mine.onnx and below 0.6 best.onnx too" in result.stderr
    (number,) = json.loads(result.stdout.splitlines()[-1])["numbers"]
    assert number["text"] == "0742" and {digit["model"] for digit in number["digits"]} == {BASE}
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    user_folder().mkdir(parents=True)
    assert finetuned_model() is None
    shutil.copy(tmp_path / "mine.onnx", user_folder() / "finetuned.onnx")
    result = CliRunner().invoke(command, options)
    assert result.exit_code == 0 and f"found as {user_folder() / 'finetuned.onnx'}" in result.stderr
    result = CliRunner().invoke(command, [*options, "--model", str(default_model())])
    assert "model" not in json.loads(result.stdout.splitlines()[-1])["numbers"][0]["digits"][0]
    (user_folder() / "finetuned.onnx").write_bytes(b"broken")
    assert CliRunner().invoke(command, options).exit_code == 4
