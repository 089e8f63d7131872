"""Run the project's commands as users do: through their entry points, in a process and a folder of their own."""

import atexit
import json
import os
import signal
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path
from select import select
from tempfile import NamedTemporaryFile

REPOSITORY = Path(__file__).parent.parent
RECOGNIZE = {
    "recognize-image": "realtime.commands.recognize_image",
    "recognize-video": "realtime.commands.recognize_video",
}
# Commands that bring PyTorch, and what each kind imports only when it begins, which takes seconds.
HEAVY = ("train-digits", "train-rows", "train-finder", "measure-digits", "report-training")
HEAVY += ("export-onnx", "export-rows", "export-finder", "finetune-digits")
LIGHT_MODULES = ("PIL.Image", "matplotlib.figure")
HEAVY_MODULES = (*LIGHT_MODULES, "torch", "onnx", "onnxscript", "training.train", "export.exporter")


def entry_point(name: str) -> str:
    """Return the path of a console script in this environment."""
    script = Path(sysconfig.get_path("scripts")) / (name + (".exe" if os.name == "nt" else ""))
    if not script.is_file():
        raise FileNotFoundError(f"no {script}: install the project first, pip install -e '.[dev]'")
    return str(script)


def environment() -> dict[str, str]:
    """Return the environment of commands: ours, without a display."""
    ours = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "PYTHONWARNINGS")}
    return ours | {"PYTHONIOENCODING": "utf-8"}


def start(name: str, *words: object, folder: Path, **options: object) -> subprocess.Popen:
    """Start a command in `folder`, its output in pipes."""
    return subprocess.Popen(
        [entry_point(name), *map(str, words)],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        **options,
    )


def run(name: str, *words: object, folder: Path, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return what it wrote; where the system can, without importing it anew."""
    arguments = [entry_point(name), *map(str, words)]
    if hasattr(os, "fork"):
        return _run_forked(arguments, folder, seconds)
    with start(name, *words, folder=folder) as process:
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def _run_forked(arguments: list[str], folder: Path, seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a command in a process forked from one that has imported it. Raises TimeoutExpired."""
    server = _start_server(Path(arguments[0]).stem in HEAVY)
    with NamedTemporaryFile() as out, NamedTemporaryFile() as err:
        request = {"words": arguments, "folder": str(folder), "environment": environment()}
        server.stdin.write((json.dumps(request | {"out": out.name, "err": err.name}) + "\n").encode())
        pid = int(server.stdout.readline())
        late = not select([server.stdout], [], [], seconds)[0]
        if late:
            os.kill(pid, signal.SIGKILL)
        code = int(server.stdout.readline())
        if late:
            raise subprocess.TimeoutExpired(arguments, seconds)
        written = [file.read().decode().replace("\r\n", "\n") for file in (out, err)]
    return subprocess.CompletedProcess(arguments, code, *written)


@cache
def _start_server(heavy: bool) -> subprocess.Popen:
    """Start the process that commands are forked from, those that train or export or the others; it ends with us."""
    command = [sys.executable, "-m", "tests.command_server", *(HEAVY_MODULES if heavy else LIGHT_MODULES)]
    server = subprocess.Popen(
        command, cwd=REPOSITORY, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    atexit.register(server.communicate)
    return server


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
