"""Processes end with the one that started them, however that ends, and finish their files where they can."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from realtime.outputs.lock import only_writer
from tests.conftest import CLIP
from tests.run_commands import entry_point, run, start

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")
PATIENCE = 30  # s, on a busy machine


def children(pid: int) -> set[int]:
    """Return the processes that a process has started and that still run."""
    try:
        return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    except OSError:
        return set()


def is_running(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until_gone(pids: set[int]) -> None:
    end = time.monotonic() + PATIENCE
    while any(map(is_running, pids)):
        assert time.monotonic() < end, f"{pids} live on"
        time.sleep(0.1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_the_first_process(number: int, tmp_path: Path) -> None:
    with start("recognize-video", *[CLIP] * 20, "--workers", 2, folder=tmp_path) as process:
        end = time.monotonic() + PATIENCE
        while len(workers := children(process.pid)) < 3:  # the third watches over their locks
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.1)
        time.sleep(2)
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in err
    assert process.returncode == (130 if number == signal.SIGTERM else -number)
    wait_until_gone(workers)


def test_sigterm_finishes_the_file_that_is_written(tmp_path: Path) -> None:
    with start("recognize-video", CLIP, "--save", "a.mp4", "--json", "a.jsonl", folder=tmp_path) as process:
        end = time.monotonic() + PATIENCE
        while not (tmp_path / "a.part.avi").exists():
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert (tmp_path / "a.mp4").stat().st_size > 0 and not (tmp_path / "a.part.avi").exists()


def test_watching_a_folder_ends_with_what_started_it(tmp_path: Path, pen_mnist: Path) -> None:
    pytest.importorskip("torch", reason="make test installs PyTorch")
    words = [entry_point("finetune-digits"), "mine", "--data", str(pen_mnist), "--watch"]
    program = "import subprocess, sys; print(subprocess.Popen(sys.argv[1:]).pid, flush=True); sys.stdin.read()"
    starter = subprocess.Popen(
        [sys.executable, "-c", program, *words],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    with starter:
        assert starter.stdout is not None and starter.stderr is not None
        pid = int(starter.stdout.readline())
        while "watching mine" not in (line := starter.stderr.readline()):
            assert line, "it ended before it watched"
        starter.kill()
        wait_until_gone({pid})


@pytest.mark.parametrize("library", ["numpy", "cv2", "onnxruntime"])
def test_ctrl_c_while_a_command_is_imported_writes_no_traceback(library: str, tmp_path: Path) -> None:
    with start("recognize-image", "none.png", folder=tmp_path) as process:
        while library not in Path(f"/proc/{process.pid}/maps").read_text():
            assert process.poll() is None, "it ended before it had loaded that"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode in (-signal.SIGINT, 130, 3) and "Traceback" not in err, err


def test_a_folder_that_a_run_writes_into_is_not_written_by_another(tmp_path: Path, pen_mnist: Path) -> None:
    pytest.importorskip("torch", reason="make test installs PyTorch")
    with only_writer(tmp_path / ".run.lock"):
        for words in (("train-digits", "--data", pen_mnist, "--out", "."), ("finetune-digits", "mine", "--out", ".")):
            done = run(*words, folder=tmp_path)
            assert done.returncode == 1 and f"process {os.getpid()} is writing into" in done.stderr, done.stderr


def test_ctrl_c_in_the_first_epoch_promises_nothing(tmp_path: Path, pen_mnist: Path) -> None:
    pytest.importorskip("torch", reason="make test installs PyTorch")
    with start("train-digits", "--data", pen_mnist, "--epochs", 500, "--out", "run", folder=tmp_path) as process:
        assert process.stderr is not None
        while "parameters" not in (line := process.stderr.readline()):
            assert line, "it ended before it trained"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130 and "Traceback" not in err
    assert ("nothing is kept" in err) != (tmp_path / "run" / "last.pth").exists(), err
