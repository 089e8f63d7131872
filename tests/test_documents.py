"""What the documentation shows is true: examples in docstrings and README files run, and name what there is."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

from tests.run_commands import REPOSITORY

EXAMPLES = [
    path for path in sorted((REPOSITORY / "realtime").rglob("*.py")) if ">>> " in path.read_text(encoding="utf-8")
]
READMES = [path for path in sorted(REPOSITORY.glob("**/README.md")) if ".venv" not in path.parts]
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def python_examples() -> list[tuple[str, str]]:
    """Return the name of each README that shows Python, with the blocks of Python in it."""
    found = [(path, PYTHON.findall(path.read_text(encoding="utf-8"))) for path in READMES]
    return [(str(path.relative_to(REPOSITORY)), block) for path, blocks in found for block in blocks]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_the_examples_in_docstrings_hold(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    module = importlib.import_module(".".join(part for part in parts if part != "__init__"))
    tried = doctest.testmod(module)
    assert tried.attempted > 0 and tried.failed == 0


@pytest.mark.parametrize(("name", "block"), python_examples())
def test_the_python_in_a_readme_runs(name: str, block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    if ">>> " not in block:
        exec(compile(block, name, "exec"), {})
        return
    example = doctest.DocTestParser().get_doctest(block, {}, name, name, 0)
    assert doctest.DocTestRunner().run(example).failed == 0


def test_the_first_readme_shows_python() -> None:
    assert "README.md" in {name for name, _ in python_examples()}
