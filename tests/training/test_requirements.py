"""The commands of training and export say how they are called without torch and onnx, and then what they lack."""

import json
from pathlib import Path

import pytest

from tests.run_commands import REPOSITORY, run_python

# The words of each with which it needs PyTorch; None where it never does, or needs pictures before it.
COMMANDS = {
    "training.train_digits": [],
    "training.measure_digits": [],
    "training.train_rows": ["--data", "."],
    "training.train_finder": ["--data", "."],
    "training.measure_rows": None,
    "training.measure_expectation": ["."],
    "training.choose_near": ["--data", "."],
    "training.fit_readings": ["--data", "."],
    "training.fit_parting": None,
    "training.scene_crops": ["--data", ".", "crops.npz"],
    "training.blend": ["old.pth", "new.pth", "0.5", "out.pth"],
    "training.report_training": [],
    "training.benchmark_training": [],
    "training.benchmark_finetuning": [],
    "training.scenes.__main__": None,
    "training.scenes.draw": ["--data", ".", "sheet.png"],
    "export.export_onnx": ["best.pth"],
    "export.export_rows": ["rows.pth"],
    "export.export_finder": ["finder.pth", "finder.onnx"],
    "export.finetune_digits": ["mine"],
    "export.benchmark_network": None,
}
ELSEWHERE = {"training.scenes.__main__", "training.scenes.draw"}
WITHOUT = """
import contextlib, importlib, io, json, sys
for name in ('torch', 'onnx', 'onnxscript'):
    sys.modules[name] = None
told = {}
for command, words in json.loads(sys.argv[1]).items():
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            importlib.import_module(command).main(words)
            code = None
        except SystemExit as stop:
            code = stop.code
    told[command] = code, out.getvalue(), err.getvalue()
print(json.dumps(told))
"""


def run_without(commands: dict[str, list[str]], folder: Path) -> dict[str, tuple[int, str, str]]:
    """Run commands where there is no PyTorch; return of each its exit status and what it wrote."""
    told: dict[str, tuple[int, str, str]] = json.loads(run_python(WITHOUT, json.dumps(commands), folder=folder))
    return told


@pytest.fixture(scope="module")
def helped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, str]]:
    """What each says to --help."""
    return run_without(dict.fromkeys(COMMANDS, ["--help"]), tmp_path_factory.mktemp("help"))


@pytest.fixture(scope="module")
def lacking(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, str]]:
    """What each says that needs PyTorch."""
    folder = tmp_path_factory.mktemp("lacking")
    told = run_without({name: words for name, words in COMMANDS.items() if words is not None}, folder)
    assert list(folder.iterdir()) == []
    return told


@pytest.mark.parametrize("command", COMMANDS)
def test_help_needs_no_torch(command: str, helped: dict[str, tuple[int, str, str]]) -> None:
    code, out, err = helped[command]
    assert (code, err) == (0, "") and out.startswith("Usage: ")


@pytest.mark.parametrize("command", [name for name, words in COMMANDS.items() if words is not None])
def test_what_is_missing_is_said_in_a_line(command: str, lacking: dict[str, tuple[int, str, str]]) -> None:
    code, out, err = lacking[command]
    assert (code, out) == (1, "")
    (line,) = err.splitlines()
    assert line.startswith("error: this needs torch") and "pip install 'livedigits[train]'" in line


def test_all_commands_of_training_and_export_are_named_here() -> None:
    programs = [
        f"{path.parent.name}.{path.stem}"
        for folder in ("training", "export")
        for path in (REPOSITORY / folder).glob("*.py")
        if "console_command" in path.read_text(encoding="utf-8").split("def ")[0]
    ]
    assert set(programs) == set(COMMANDS) - ELSEWHERE
