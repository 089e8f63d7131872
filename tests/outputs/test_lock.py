"""A lock file is held by one process at a time, names it, and is free again however that process ends."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from realtime.live.collecting import PROVENANCE, _rewrite
from realtime.outputs.lock import only_writer
from realtime.outputs.sink import OutputError

HOLD = """
import pathlib, sys
from realtime.outputs.lock import only_writer
with only_writer(pathlib.Path(sys.argv[1])):
    print(flush=True)
    sys.stdin.read()
"""


def test_the_second_is_told_who_writes_and_a_killed_one_leaves_it_free(tmp_path: Path) -> None:
    lock = tmp_path / ".run.lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline()
        with pytest.raises(OutputError, match=f"process {holder.pid} is writing into"), only_writer(lock):
            pass
        holder.kill()
    with only_writer(lock):
        assert lock.read_text() == str(os.getpid())
    assert not any(tmp_path.iterdir())


def add_lines(folder: Path, name: str) -> None:
    for number in range(40):
        _rewrite(folder, add={"file": f"{name}-{number}.png"})


def test_several_collectors_share_a_file_of_provenance_without_loss(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=add_lines, args=(tmp_path, str(k))) for k in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    lines = (tmp_path / PROVENANCE).read_text().splitlines()
    assert len(lines) == len(set(lines)) == 3 * 40
    assert [path.name for path in tmp_path.iterdir()] == [PROVENANCE]
