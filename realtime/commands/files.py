"""Read files one by one or on several processes, and hand what was read to the outputs: photos and clips alike."""

import io
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import click
from tqdm import tqdm

from realtime.commands.bulk import BulkOptions, check_bulk, finished_sources, in_order, select_files
from realtime.commands.console import SOURCE_UNAVAILABLE, exit_codes, finish_on_sigterm, note
from realtime.commands.on_dask import on_dask
from realtime.commands.options import (
    OutputOptions,
    ReadingOptions,
    make_reader_once,
    open_reader,
    open_text_sinks,
    refuse_overwriting,
)
from realtime.commands.profile import profile_file
from realtime.commands.wanting import WantedOptions
from realtime.live.viewer import Viewer
from realtime.outputs.files import with_pages
from realtime.outputs.guard import Output
from realtime.outputs.sink import Sink
from realtime.outputs.text import Csv, JsonLines, TextSink
from realtime.reader import Reader
from realtime.reading.wanted import Wanted
from realtime.sources.names import show
from realtime.sources.picture_bytes import STANDARD_INPUT, source_name


class Job(NamedTuple):
    """A file to read, and where its annotated copy and the figure that explains its reading go, if asked for."""

    path: Path
    target: Path | None = None
    figure: Path | None = None


@dataclass(frozen=True)
class FileResult:
    """What was read in one file, or the error why it could not be read.

    numbers: lines for standard output, also of pages before one that is damaged. notes: lines for people. json, csv:
    lines for --json and --csv, where another process gathered them. table: for --table.
    """

    path: Path
    numbers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""
    json: str = ""
    csv: str = ""
    table: str = ""


@dataclass(frozen=True)
class FileTask(ABC):
    """How files of one kind are read. It holds all that is needed for that, so that it can go to another process."""

    unit: ClassVar[str]  # one file, for the progress bar
    save_kind: ClassVar[Literal["picture", "video"]]  # what --save writes
    still: ClassVar[bool]  # whether a file is one picture, which stays in the window until a key is pressed
    reading: ReadingOptions
    wanting: WantedOptions

    @abstractmethod
    def targets(self, files: Sequence[Path], save: Path) -> list[Path]:
        """Say for each file where --save puts its annotated copy. Raises OutputError where that cannot be written."""

    def figures(self, files: Sequence[Path]) -> list[Path]:
        """Say for each file where the figure goes that explains its reading; nothing where none is asked for."""
        return []

    @abstractmethod
    def read(self, job: Job, reader: Reader, sinks: Sequence[Sink], window: Viewer | None = None) -> FileResult:
        """Read a file and hand each frame to the sinks and the window. Raises OutputError where one cannot be written.

        It ends where the user has closed the window.
        """

    def table_file(self) -> Path | None:
        """Say where the tables go that the numbers of all files form; nowhere where none is asked for."""
        return None

    def gather(self, job: Job, reader: Reader, window: Viewer | None = None) -> FileResult:
        """Read a file and gather its lines, so that those of all its pages are written at once."""
        json, csv = io.StringIO(), io.StringIO()
        result = self.read(job, reader, [JsonLines(json), Csv(csv, head=False)], window)
        return replace(result, json=json.getvalue(), csv=csv.getvalue())

    def __call__(self, job: Job) -> FileResult:
        """Read a file in a process of its own, and gather its lines for the first process to write."""
        reader = make_reader_once(self.reading)
        reader.wanted = _wanted_once(self.wanting)
        return self.gather(job, reader)


@cache
def _wanted_once(wanting: WantedOptions) -> Wanted:
    """Return what is wanted, for processes that read many files: the same for the same options."""
    return wanting.wanted()


def read_files(task: FileTask, files: Sequence[Path], output: OutputOptions, bulk: BulkOptions) -> None:
    """Read files, write what was read in each, and exit with SOURCE_UNAVAILABLE where one could not be read."""
    check_bulk(bulk, output)
    if STANDARD_INPUT in files and bulk.elsewhere:
        raise click.UsageError("standard input, -, needs --workers 1: it belongs to one process")
    with exit_codes(), ExitStack() as stack:
        finish_on_sigterm(stack)
        wanted = task.wanting.wanted()
        reader = open_reader(task.reading)
        reader.wanted = wanted
        targets = dict(zip(files, task.targets(files, output.save), strict=True)) if output.save is not None else {}
        figures = dict(zip(files, task.figures(files), strict=False))
        saved = [Output("--save", path, task.save_kind) for path in with_pages(targets.values())]
        saved += [Output("--explain", path, "picture") for path in with_pages(figures.values())]
        table = task.table_file()
        saved += [Output("--table", table, "numbers")] if table is not None else []
        read = [*files, *task.wanting.files(), *profile_file()]
        refuse_overwriting([*output.text_files(), *saved], read, output.overwrite, task.reading)
        done = finished_sources(output.json_path, growing=not task.still) if bulk.resume and output.json_path else set()
        text_sinks, piped = open_text_sinks(stack, output, add=bulk.resume)
        tables = stack.enter_context(TextSink(str(table))) if table is not None else None
        window = stack.enter_context(Viewer(f"{reader.device} {reader.networks.path.stem}")) if output.show else None
        jobs = [Job(path, targets.get(path), figures.get(path)) for path in select_files(files, bulk.shard, done)]
        if bulk.elsewhere:
            results = read_elsewhere(task, jobs, bulk)
        elif task.still:
            results = (task.gather(job, reader, window) for job in jobs)
        else:
            results = (task.read(job, reader, text_sinks, window) for job in jobs)
        # A clip shows the progress of its own frames where it is read in this process.
        hidden = len(jobs) < 2 or (not bulk.elsewhere and not task.still)
        failed = False
        for result in tqdm(results, total=len(jobs), unit=task.unit, disable=hidden or None):
            failed = failed or bool(result.error)
            for sink in text_sinks:
                sink.put(result.json if isinstance(sink, JsonLines) else result.csv)
            if tables is not None:
                tables.put(result.table)
            report(result, named=len(files) > 1, piped=piped, still=task.still)
            if window is not None and task.still and not result.error:
                window.wait()
            if window is not None and window.closed:
                break
    if failed:
        raise SystemExit(SOURCE_UNAVAILABLE)


def read_elsewhere(task: FileTask, jobs: Sequence[Job], bulk: BulkOptions) -> Iterator[FileResult]:
    """Yield what is read in each file, in order, on other processes of this machine or of a Dask cluster."""
    if bulk.dask is None:
        return in_order(task, jobs, bulk.workers)
    return on_dask(task, jobs, bulk.dask, lambda job, why: FileResult(job.path, error=f"{source_name(job.path)} {why}"))


def refuse_file_for_several(save: Path, endings: frozenset[str]) -> None:
    """Refuse the name of a file, by its ending, where a folder for several is asked for. Raises UsageError."""
    if save.suffix.lower() in endings and not save.is_dir():
        raise click.UsageError(f"--save {save} names one file, and several are read: name a folder")


def report(result: FileResult, named: bool, piped: bool, still: bool) -> None:
    """Write the numbers of a file to standard output, unless that is `piped` elsewhere, and what else is to be said.

    named: say also which file it was; of a picture, `still`, before each of its lines.
    """
    if result.error:
        note(f"error: {result.error}")
        if not (result.numbers or result.notes):
            return
    if named and not still:
        note(f"{result.path}:")
    for line in result.notes:
        note(line)
    if not piped:
        name = f"{show(source_name(result.path))}: " if named and still else ""
        click.echo("".join(f"{name}{number}\n" for number in result.numbers), nl=False)
