"""Read many files: on several processes, a share of them on each machine, and on from where an earlier run was left."""

import json
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path
from typing import TypeVar

import click
import cv2

from realtime.commands.options import add_options
from realtime.outputs.sink import OutputError

J = TypeVar("J")
R = TypeVar("R")
AHEAD = 3  # files that wait for each process, so that none is idle; all of a million at once would fill the memory
WORKERS_HELP = "Read so many files at once, each on a process of its own."
SHARD_HELP = "Read only each N-th file from the I-th on: for the I-th of N machines."
RESUME_HELP = "Leave out what the file of --json holds already, and add to it."


class Shard(click.ParamType):
    """A share of the files, written 2/5: of every five the second."""

    name = "shard"

    def convert(
        self, value: str | tuple[int, int], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Turn I/N into (I, N)."""
        if isinstance(value, tuple):
            return value
        first, slash, count = value.partition("/")
        if not (slash and first.isdecimal() and count.isdecimal() and 1 <= int(first) <= int(count)):
            self.fail(f"{value!r} is no share: write 2/5 for the second of five", param, ctx)
        return int(first), int(count)


def bulk_options(command: Callable) -> Callable:
    """Add the options for many files: --workers, --shard, --resume."""
    options = (
        click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help=WORKERS_HELP),
        click.option("--shard", type=Shard(), metavar="I/N", help=SHARD_HELP),
        click.option("--resume", is_flag=True, help=RESUME_HELP),
    )
    return add_options(command, options)


def check_bulk(workers: int, resume: bool, show: bool, json_path: str | None, csv_path: str | None) -> None:
    """Refuse what does not go together. Raises UsageError."""
    if show and workers > 1:
        raise click.UsageError("--show needs --workers 1: a window belongs to one process")
    if resume and json_path in (None, "-"):
        raise click.UsageError("--resume needs --json PATH: that file tells what has been read")
    if resume and csv_path is not None:
        raise click.UsageError("--resume cannot go on with a table: leave out --csv, the lines of --json hold it all")


def choose(files: tuple[Path, ...], shard: tuple[int, int] | None, done: set[str]) -> list[Path]:
    """Return the files of a shard, all where it is None, that are not done, in their order."""
    first, count = shard or (1, 1)
    return [file for file in files[first - 1 :: count] if str(file) not in done]


def in_order(work: Callable[[J], R], jobs: Iterable[J], workers: int) -> Iterator[R]:
    """Yield what `work` makes of each job, in the order of the jobs; on `workers` processes where more than one.

    Raises what `work` raises, and OutputError where a process was killed. Processes end with the iteration.
    """
    if workers == 1:
        yield from map(work, jobs)
        return
    waiting: deque[Future[R]] = deque()
    left = iter(jobs)
    whole = False
    # Ctrl-C is for this process alone, also while the others start: what is ignored here they ignore from birth. Each
    # of the first jobs starts a process; the first lock within the pool starts the one that watches over locks.
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Not forked: the threads of OpenCV and ONNX Runtime do not survive that.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin)
    try:
        waiting.extend(pool.submit(work, job) for job in islice(left, workers))
        signal.signal(signal.SIGINT, heard)
        while True:
            while len(waiting) < AHEAD * workers and (job := next(left, None)) is not None:
                waiting.append(pool.submit(work, job))
            if not waiting:
                break
            yield waiting.popleft().result()
        whole = True
    except BrokenProcessPool:
        raise OutputError("a process that was reading has died: was it killed, is the memory full?") from None
    finally:
        pool.shutdown(wait=whole, cancel_futures=True)
        if not whole:
            for process in multiprocessing.active_children():
                process.terminate()


def _begin() -> None:
    """Set a process up: Ctrl-C is for the first one, also where it is not inherited, and each has one core."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


def take_up(path: str, growing: bool) -> set[str]:
    """Cut a file of JSON lines back to what is whole, and return the sources that it holds then.

    growing: a source has many lines, so the last one in the file may lack some and is cut off too. Nothing for no file.
    Raises OutputError where the file cannot be changed, ValueError where it holds something else.
    """
    try:
        data = Path(path).read_bytes() if Path(path).exists() else b""
        lines = data.splitlines(keepends=True)
        if lines and not lines[-1].endswith(b"\n"):
            lines.pop()  # a kill cut it off
        sources = [_source(line, f"{path}, line {number}") for number, line in enumerate(lines, 1)]
        if growing and sources:
            kept = sources.index(sources[-1])
            lines, sources = lines[:kept], sources[:kept]
        size = sum(map(len, lines))
        if size < len(data):
            with Path(path).open("r+b") as file:
                file.truncate(size)
    except OSError as error:
        raise OutputError(f"cannot go on with {path}: {error.strerror or error}") from None
    return set(sources)


def _source(line: bytes, where: str) -> str:
    """Return the source that a JSON line tells of."""
    try:
        return str(json.loads(line)["source"])
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"cannot go on with {where}: it tells of no source; name another file for --json") from None
