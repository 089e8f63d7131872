"""Arrows between packages and between the rooms of realtime, and what importing and running realtime loads."""

import ast
import json
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import CLIP
from tests.run_commands import REPOSITORY, run_python

OURS = {"realtime", "training", "export", "tests"}
HEAVY = {"torch", "torchvision", "onnx", "onnxscript"}
MAY_IMPORT = {
    "realtime": {"realtime"},
    "training": {"training", "realtime"},
    "export": {"export", "training", "realtime"},
}
# What each room of realtime may import besides itself. `reader` and `__init__` are modules, all others are packages.
ROOMS = {
    "reading": set(),
    "sources": set(),
    "tracking": {"reading", "sources"},
    "reader": {"reading", "sources", "tracking"},
    "interrupts": set(),
    "outputs": {"reading", "sources", "tracking"},
    "live": {"reading", "sources", "tracking", "reader", "outputs"},
    "serving": {"reading", "sources", "tracking", "reader", "outputs", "live"},
    "measuring": {"reading", "sources", "tracking", "reader", "outputs"},
    "commands": {"reading", "sources", "tracking", "reader", "outputs", "live", "serving", "measuring", "interrupts"},
    "__init__": {"reading", "sources", "tracking", "reader", "interrupts"},
}
MAX_IMPORT_SECONDS = 0.5  # of a processor, for `import realtime`
# Of the extra `serve`: imported by nothing but its room.
SERVING = {"aiohttp", "cryptography", "segno"}
COMMANDS = sorted(path.stem for path in (REPOSITORY / "realtime" / "commands").glob("recognize_*.py"))
MODULES = [path for package in MAY_IMPORT for path in sorted((REPOSITORY / package).rglob("*.py"))]
REALTIME = [path for path in MODULES if path.is_relative_to(REPOSITORY / "realtime")]


def imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the name of every module that a module imports, or imports from, wherever it stands, and its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "") if node.level == 0 else "", node.lineno


def imported_first(tree: ast.Module) -> set[str]:
    """Return the packages imported when the module is: not those within functions, or for type checkers alone."""
    statements = [
        node
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Try)
        or (isinstance(node, ast.If) and ast.unparse(node.test) != "TYPE_CHECKING")
    ]
    return {name.split(".")[0] for node in statements for name, _ in imported(node)}


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def room_of(path: Path) -> str:
    """Return the room of realtime that a file belongs to."""
    return path.relative_to(REPOSITORY / "realtime").with_suffix("").parts[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_arrows_between_packages(path: Path) -> None:
    package = path.relative_to(REPOSITORY).parts[0]
    tree = parse(path)
    forbidden = OURS - MAY_IMPORT[package] | (HEAVY if package == "realtime" else set())
    assert [(name, line) for name, line in imported(tree) if name.split(".")[0] in forbidden] == []
    if package == "realtime":
        extra = set() if path.parent.name == "serving" else SERVING
        assert not {"matplotlib", *extra} & imported_first(tree)


@pytest.mark.parametrize("path", REALTIME, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_arrows_between_rooms(path: Path) -> None:
    room = room_of(path)
    allowed = ROOMS[room] | {room}
    for name, line in imported(parse(path)):
        package, _, rest = name.partition(".")
        assert package, f"line {line} imports by a relative name: write realtime.ROOM.MODULE"
        assert package != "realtime" or rest.partition(".")[0] in allowed, f"line {line} imports {name}"


def test_rooms_are_few_and_their_arrows_run_one_way() -> None:
    folders = {path.name for path in (REPOSITORY / "realtime").iterdir() if (path / "__init__.py").is_file()}
    modules = {path.stem for path in (REPOSITORY / "realtime").glob("*.py")}
    assert folders | modules == ROOMS.keys()
    assert len(modules) <= 3
    list(TopologicalSorter(ROOMS).static_order())  # raises CycleError


def test_modules_import_each_other_in_no_circle() -> None:
    graph = {
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts): {name for name, _ in imported(parse(path))}
        for path in MODULES
    }
    list(TopologicalSorter({name: found & graph.keys() for name, found in graph.items()}).static_order())


def test_the_walk_sees_imports_everywhere() -> None:
    lines = ("import a.b", "if x:", "    from c import d", "def f():", "    import e", "from . import g")
    tree = ast.parse("\n".join([*lines, "if TYPE_CHECKING:", "    import h"]))
    assert {name for name, _ in imported(tree)} == {"a.b", "c", "e", "h", ""}
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
TIMED = """
import time
before = time.process_time()
import realtime
print(time.process_time() - before)
"""
RUN = """
import importlib
try:
    importlib.import_module('realtime.commands.' + sys.argv[1]).main(sys.argv[2:])
except SystemExit as stop:
    assert not stop.code, stop.code
"""


def test_importing_realtime_is_quick_and_loads_nothing_heavy(tmp_path: Path) -> None:
    lines = [run_python(LOADED.format(work=TIMED), folder=tmp_path).splitlines() for _ in range(3)]
    assert {heavy for _, heavy in lines} == {"[]"}
    assert min(float(seconds) for seconds, _ in lines) < MAX_IMPORT_SECONDS


def test_importing_all_of_realtime_loads_nothing_heavy(tmp_path: Path) -> None:
    out = run_python(LOADED.format(work=IMPORT_ALL), REPOSITORY / "realtime", folder=tmp_path)
    assert out.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("words", [("--help",), (CLIP, "--max-frames", "3", "--no-show", "--save", "out.avi")])
def test_no_recognize_command_loads_anything_heavy(command: str, words: tuple[object, ...], tmp_path: Path) -> None:
    if command == "recognize_image" and words[0] == CLIP:
        words = (save_first_frame(tmp_path), "--save", "out.png", "--json", "lines.jsonl", "--csv", "table.csv")
    out = run_python(LOADED.format(work=RUN), command, *words, folder=tmp_path)
    assert json.loads(out.splitlines()[-1]) == []
    if words[0] != "--help":
        assert any((tmp_path / name).is_file() for name in ("out.avi", "out.png"))


def save_first_frame(folder: Path) -> Path:
    """Save the first frame of the bundled clip as a picture."""
    import cv2

    capture = cv2.VideoCapture(str(CLIP))
    path = folder / "first.png"
    cv2.imwrite(str(path), capture.read()[1])
    capture.release()
    return path
