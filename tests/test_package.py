"""A wheel, installed where nothing of the repository can be seen, finds its model and reads."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import cv2
import pytest

from tests.conftest import draw_sheet
from tests.run_commands import REPOSITORY

SHIPPED = ("realtime", "training", "export", "models")


def call(*words: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder of its own, without this environment's variables for Python."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    command = [str(word) for word in words]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False
    )


def code(package: str) -> list[Path]:
    """Return the modules of a package in this repository."""
    return sorted((REPOSITORY / package).rglob("*.py"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this repository; skipped where its build tools can be neither found nor fetched."""
    folder = tmp_path_factory.mktemp("build")
    source = folder / "source"
    source.mkdir()
    for name in SHIPPED:
        shutil.copytree(REPOSITORY / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        if (REPOSITORY / name).is_file():
            shutil.copy(REPOSITORY / name, source)
    build = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder)
    done = call(*build, "--no-build-isolation", source, folder=folder)
    if done.returncode:
        done = call(*build, source, folder=folder)
    if done.returncode and ("No matching distribution" in done.stderr or "No module named pip" in done.stderr):
        pytest.skip(f"a wheel cannot be built here: no setuptools>=77, no network, or no pip\n{done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("livedigits-*.whl")
    return path


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment that holds the wheel, and sees this one's packages behind it."""
    folder = tmp_path_factory.mktemp("environment")
    assert call(sys.executable, "-m", "venv", "--without-pip", folder / "venv", folder=folder).returncode == 0
    scripts = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / Path(sys.executable).name
    (site,) = (folder / "venv").glob("**/site-packages")
    # A line of a path alone: that folder's own .pth files, and with them an editable install, stay unread.
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "behind.pth").write_text("".join(f"{path}\n" for path in sorted(paths)), encoding="utf-8")
    install = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    done = call(*install, "--ignore-installed", folder=folder)
    assert done.returncode == 0, done.stderr
    return python


def test_the_wheel_holds_its_packages_and_models_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"realtime", "training", "export"}
    modules = {path.relative_to(REPOSITORY).as_posix() for top in tops & set(SHIPPED) for path in code(top)}
    assert modules <= set(names)
    networks = ("best.onnx", "best.pth", "best-kept.npz", "rows.onnx", "finder.onnx")
    models = {f"realtime/models/{name}" for name in networks}
    page = {f"realtime/serving/static/{name}" for name in ("index.html", "page.js", "style.css", "openapi.json")}
    assert models | page | {"realtime/py.typed"} <= set(names)
    assert not [name for name in set(names) - models if name.endswith((".pyc", ".npz", ".mp4")) or "test" in name]
    assert wheel.stat().st_size < 10_000_000


def test_an_installed_command_finds_its_model_and_reads(python: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), draw_sheet(["2468"]))
    script = python.with_name("recognize-image" + (".exe" if os.name == "nt" else ""))
    done = call(script, "a.png", "--device", "cpu", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "2468\n"), done.stderr


def test_what_runs_is_what_was_installed(python: Path, tmp_path: Path) -> None:
    program = (
        "import realtime, training, export\n"
        "from realtime.reading.model_files import default_model\n"
        "print(realtime.__file__, training.__file__, export.__file__, default_model(), sep='\\n')\n"
    )
    done = call(python, "-c", program, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    places = [Path(line).resolve() for line in done.stdout.splitlines()]
    assert len(places) == 4
    for place in places:
        assert place.is_relative_to(python.parent.parent.resolve())
        assert not place.is_relative_to(REPOSITORY)
    assert places[-1].is_file()
