"""Arrows between packages, and that recognition loads neither torch nor onnx nor, without a figure, matplotlib."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.run_commands import REPOSITORY, run_python
from tests.conftest import CLIP

OURS = {"realtime", "training", "export", "tests"}
HEAVY = {"torch", "torchvision", "onnx", "onnxscript"}
MAY_IMPORT = {
    "realtime": {"realtime"},
    "training": {"training", "realtime"},
    "export": {"export", "training", "realtime"},
}
COMMANDS = sorted(path.stem for path in (REPOSITORY / "realtime" / "commands").glob("recognize_*.py"))
MODULES = [path for package in MAY_IMPORT for path in sorted((REPOSITORY / package).rglob("*.py"))]


def imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the top-level package of every import in a module, wherever it stands, and its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0] if node.level == 0 else "", node.lineno


def imported_first(tree: ast.Module) -> set[str]:
    """Return the packages imported when the module is: not those within functions, or for type checkers alone."""
    statements = [
        node
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Try)
        or (isinstance(node, ast.If) and ast.unparse(node.test) != "TYPE_CHECKING")
    ]
    return {name for node in statements for name, _ in imported(node)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_arrows_between_packages(path: Path) -> None:
    package = path.relative_to(REPOSITORY).parts[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = set(imported(tree))
    forbidden = OURS - MAY_IMPORT[package] | (HEAVY if package == "realtime" else set())
    assert [(name, line) for name, line in names if name in forbidden] == []
    if package == "realtime":
        assert "matplotlib" not in imported_first(tree)


def test_the_walk_sees_imports_everywhere() -> None:
    lines = ("import a.b", "if x:", "    from c import d", "def f():", "    import e", "from . import g")
    tree = ast.parse("\n".join([*lines, "if TYPE_CHECKING:", "    import h"]))
    assert {name for name, _ in imported(tree)} == {"a", "c", "e", "h", ""}
    assert imported_first(tree) == {"a", "c", ""}


LOADED = """
import json, sys
{work}
heavy = {{'torch', 'torchvision', 'onnx', 'onnxscript', 'matplotlib', 'training', 'export'}}
print(json.dumps(sorted(heavy & set(sys.modules))))
"""
IMPORT_ALL = """
import importlib, pathlib
for path in sorted(pathlib.Path(sys.argv[1]).rglob('*.py')):
    parts = path.relative_to(pathlib.Path(sys.argv[1]).parent).with_suffix('').parts
    importlib.import_module('.'.join(part for part in parts if part != '__init__'))
"""
RUN = """
import importlib
try:
    importlib.import_module('realtime.commands.' + sys.argv[1]).main(sys.argv[2:])
except SystemExit as stop:
    assert not stop.code, stop.code
"""


def test_importing_all_of_realtime_loads_nothing_heavy(tmp_path: Path) -> None:
    out = run_python(LOADED.format(work=IMPORT_ALL), REPOSITORY / "realtime", folder=tmp_path)
    assert out.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("words", [("--help",), (CLIP, "--max-frames", "3", "--no-show", "--save", "out.avi")])
def test_no_recognize_command_loads_anything_heavy(command: str, words: tuple[object, ...], tmp_path: Path) -> None:
    if command == "recognize_image" and words[0] == CLIP:
        words = (save_first_frame(tmp_path), "--save", "out.png", "--json", "lines.jsonl", "--csv", "table.csv")
    out = run_python(LOADED.format(work=RUN), command, *words, folder=tmp_path)
    assert out.splitlines()[-1] == "[]"
    if words[0] != "--help":
        assert any((tmp_path / name).is_file() for name in ("out.avi", "out.png"))


@pytest.mark.parametrize(("command", "lacks"), [("training.train_digits", "torch"), ("export.export_onnx", "onnx")])
def test_a_command_without_the_train_extra_says_so_in_a_line(command: str, lacks: str, tmp_path: Path) -> None:
    program = f"import sys; sys.modules[{lacks!r}] = None; import {command}"
    with pytest.raises(AssertionError) as failure:
        run_python(program, folder=tmp_path)
    (line,) = str(failure.value).splitlines()
    assert line.startswith("error: ") and "pip install 'livedigits[train]'" in line


def save_first_frame(folder: Path) -> Path:
    """Save the first frame of the bundled clip as a picture."""
    import cv2

    capture = cv2.VideoCapture(str(CLIP))
    path = folder / "first.png"
    cv2.imwrite(str(path), capture.read()[1])
    capture.release()
    return path
