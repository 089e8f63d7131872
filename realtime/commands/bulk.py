"""Read many files: on several processes, a share of them on each machine, and on from where an earlier run was left."""

import json
import multiprocessing
import os
import re
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import click
import cv2

from realtime.commands.options import OutputOptions, option_group
from realtime.outputs.sink import OutputError
from realtime.sources.picture_bytes import source_name
from realtime.sources.remote import is_remote

Item = TypeVar("Item")
Result = TypeVar("Result")
# Files that wait for each process, so that none is idle. All of a million files at once would fill the memory.
QUEUED = 3
_SCHEDULER = re.compile(r"(tcp|tls|ws|wss|ucx|ucxx)://[^/\s]+:\d+")


class Shard(click.ParamType[tuple[int, int]]):
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


@dataclass(frozen=True)
class BulkOptions:
    """On how many processes files are read, or on which Dask cluster, which share (I, N) of them, and whether an
    earlier run goes on."""

    workers: int
    dask: str | None
    shard: tuple[int, int] | None
    resume: bool

    @property
    def elsewhere(self) -> bool:
        """Whether files are read by other processes than the first."""
        return self.workers > 1 or self.dask is not None


bulk_options = option_group(
    "bulk",
    BulkOptions,
    (
        click.option(
            "--workers", type=click.IntRange(1), default=1, show_default=True, help="Read on so many processes."
        ),
        click.option("--dask", metavar="ADDRESS", help="Read on the workers of this Dask scheduler, tcp://host:8786."),
        click.option("--shard", type=Shard(), metavar="I/N", help="Read only each N-th file from the I-th on."),
        click.option("--resume", is_flag=True, help="Leave out what the file of --json holds already, and add to it."),
    ),
)


def check_bulk(bulk: BulkOptions, output: OutputOptions) -> None:
    """Refuse what does not go together. Raises UsageError."""
    if bulk.dask is not None and not _SCHEDULER.fullmatch(bulk.dask):
        raise click.UsageError(f"{bulk.dask!r} is no address of a Dask scheduler: write tcp://host:8786")
    if bulk.dask is not None and bulk.workers > 1:
        raise click.UsageError("--workers is of this machine, --dask of a cluster: give one of them")
    if output.show and bulk.elsewhere:
        raise click.UsageError("--show needs --workers 1: a window belongs to one process")
    if bulk.resume and output.json_path in (None, "-"):
        raise click.UsageError("--resume needs --json PATH: that file tells what has been read")
    if bulk.resume and is_remote(str(output.json_path)):
        raise click.UsageError("--resume needs a file of this machine for --json: what lies in a store never grows")
    if bulk.resume and output.csv_path is not None:
        raise click.UsageError("--resume cannot go on with a table: leave out --csv, the lines of --json hold it all")


def select_files(files: Sequence[Path], shard: tuple[int, int] | None, done: set[str]) -> list[Path]:
    """Return the files of a shard, all where it is None, that are not done, in their order."""
    first, count = shard or (1, 1)
    return [file for file in files[first - 1 :: count] if source_name(file) not in done]


def in_order(work: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """Yield what `work` makes of each item, in the order of the items; on `workers` processes where more than one.

    Raises what `work` raises, and OutputError where a process was killed. Processes end with the iteration.
    """
    if workers == 1:
        yield from map(work, items)
        return
    waiting: deque[Future[Result]] = deque()
    remaining = iter(items)
    finished = False
    # Ctrl-C is for this process alone, also while the others start: what is ignored here they ignore from birth. Each
    # of the first items starts a process; the first lock within the pool starts the one that watches over locks.
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Not forked: the threads of OpenCV and ONNX Runtime do not survive that.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _set_up_process)
    try:
        waiting.extend(pool.submit(work, item) for item in islice(remaining, workers))
        signal.signal(signal.SIGINT, handler)
        while True:
            while len(waiting) < QUEUED * workers and (item := next(remaining, None)) is not None:
                waiting.append(pool.submit(work, item))
            if not waiting:
                break
            yield waiting.popleft().result()
        finished = True
    except BrokenProcessPool:
        raise OutputError("a process that was reading has died: was it killed, is the memory full?") from None
    finally:
        pool.shutdown(wait=finished, cancel_futures=True)
        if not finished:
            for process in multiprocessing.active_children():
                process.terminate()


def _set_up_process() -> None:
    """Set a process up: Ctrl-C is for the first one, also where it is not inherited, and each has one core.

    It ends with the first one, however that ends: nothing else would wake one that waits for its next file.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()


def _end_with_parent() -> None:
    """Wait for the first process to end, and end this one."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def finished_sources(path: str, growing: bool) -> set[str]:
    """Cut a file of JSON lines back to what is whole, and return the sources that it holds then.

    growing: a source has many lines, so that the last source may lack some and is cut off too. No file holds no source.
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
    except (ValueError, LookupError, TypeError, RecursionError):
        raise ValueError(f"cannot go on with {where}: it tells of no source; name another file for --json") from None
