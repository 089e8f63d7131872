"""The commands of training and export say how they are called without torch and onnx, and then what they lack."""

from pathlib import Path

import pytest

from tests.run_commands import REPOSITORY, run_python

COMMANDS = {
    "training.train_digits": [],
    "training.measure_digits": [],
    "training.train_rows": ["--data", "."],
    "training.train_finder": ["--data", "."],
    "training.measure_rows": None,
    "training.blend": ["old.pth", "new.pth", "0.5", "out.pth"],
    "training.report_training": [],
    "training.benchmark_training": [],
    "training.benchmark_finetuning": [],
    "training.scenes.__main__": None,
    "export.export_onnx": ["best.pth"],
    "export.export_rows": ["rows.pth"],
    "export.export_finder": ["finder.pth", "finder.onnx"],
    "export.finetune_digits": ["mine"],
    "export.benchmark_network": None,
}
WITHOUT = """
import importlib, sys
for name in ('torch', 'onnx', 'onnxscript'):
    sys.modules[name] = None
try:
    importlib.import_module(sys.argv[1]).main(sys.argv[2:])
except SystemExit as stop:
    print('status', stop.code)
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_needs_no_torch(command: str, tmp_path: Path) -> None:
    out = run_python(WITHOUT, command, "--help", folder=tmp_path)
    assert out.startswith("Usage: ") and out.endswith("status 0\n")


@pytest.mark.parametrize("command", [name for name, words in COMMANDS.items() if words is not None])
def test_what_is_missing_is_said_in_a_line(command: str, tmp_path: Path) -> None:
    program = WITHOUT.replace("print('status', stop.code)", "sys.exit(stop.code)")
    with pytest.raises(AssertionError) as failure:
        run_python(program, command, *(COMMANDS[command] or []), folder=tmp_path)
    (line,) = str(failure.value).splitlines()
    assert line.startswith("error: this needs torch") and "pip install 'livedigits[train]'" in line
    assert list(tmp_path.iterdir()) == []


def test_all_commands_of_training_and_export_are_named_here() -> None:
    programs = [
        f"{path.parent.name}.{path.stem}"
        for folder in ("training", "export")
        for path in (REPOSITORY / folder).glob("*.py")
        if "console_command" in path.read_text(encoding="utf-8").split("def ")[0]
    ]
    assert set(programs) == set(COMMANDS) - {"training.scenes.__main__"}
