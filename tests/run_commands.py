"""Run the project's commands as users do: through their entry points, in a process and a folder of their own."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
RECOGNIZE = {
    "recognize-image": "realtime.commands.recognize_image",
    "recognize-video": "realtime.commands.recognize_video",
}


def entry_point(name: str) -> str:
    """Return the path of a console script in this environment."""
    script = Path(sysconfig.get_path("scripts")) / (name + (".exe" if os.name == "nt" else ""))
    if not script.is_file():
        raise FileNotFoundError(f"no {script}: install the project first, pip install -e '.[dev]'")
    return str(script)


def start(name: str, *words: object, folder: Path, **options: object) -> subprocess.Popen:
    """Start a command in `folder`, without a display, its output in pipes."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "PYTHONWARNINGS")}
    return subprocess.Popen(
        [entry_point(name), *map(str, words)],
        cwd=folder,
        env=environment | {"PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        **options,
    )


def run(name: str, *words: object, folder: Path, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return what it wrote."""
    with start(name, *words, folder=folder) as process:
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run_python(program: str, *words: object, folder: Path) -> str:
    """Run a program of Python's, with the repository importable, and return its standard output."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        raise AssertionError(done.stderr)
    return done.stdout


def assert_one_error(done: subprocess.CompletedProcess[str], code: int, says: str) -> None:
    """Hold a failed run against: this exit code, one line that says why, nothing on standard output, no traceback."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    errors = [line for line in done.stderr.splitlines() if "error:" in line.lower()]
    assert len(errors) == 1 and says in errors[0], done.stderr
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
