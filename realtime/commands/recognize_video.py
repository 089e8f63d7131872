"""recognize-video: read the numbers of clips and say when each was seen."""

import io
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path

import click
from tqdm import tqdm

from realtime.commands.bulk import bulk_options, check_bulk, choose, in_order, take_up
from realtime.commands.console import SOURCE_UNAVAILABLE, console_command, exit_codes, note
from realtime.commands.options import (
    Asked,
    both_options,
    load_once,
    model_options,
    open_networks,
    open_text_sinks,
    output_options,
)
from realtime.live.viewer import Viewer
from realtime.outputs.pictures import places
from realtime.outputs.sink import Sink
from realtime.outputs.text import Csv, JsonLines
from realtime.outputs.video import VideoFile
from realtime.reading.classifier import Classifier
from realtime.reading.ensemble import Ensemble
from realtime.sources.clip import Clip
from realtime.sources.frame import SourceError
from realtime.sources.recording import Recording, is_recording
from realtime.tracking.frame_reader import FrameReader
from realtime.tracking.tracker import Span, Tracker

DEFAULT = click.core.ParameterSource.DEFAULT
Job = tuple[Path, Path | None]  # a clip, and where its annotated one goes


@dataclass(frozen=True)
class ClipResult:
    """What was read in one clip: the texts that settled, its lines for --json and --csv, or why it cannot be read.

    replayed: for a record, how many of its frames were read as they had been, of how many.
    """

    clip: Path
    spans: tuple[Span, ...] = ()
    replayed: tuple[int, int] | None = None
    json: str = ""
    csv: str = ""
    error: str = ""


@dataclass(frozen=True)
class Settings:
    """How clips are read; also what reads them in another process."""

    asked: Asked
    confidence: float
    polarity: str
    result: frozenset[str]  # those of conf and polarity that the user named
    every: int
    most: int | None

    def __call__(self, job: Job) -> ClipResult:
        """Read a clip in a process of its own, its lines gathered."""
        json, csv = io.StringIO(), io.StringIO()
        networks = load_once(*self.asked)
        result = read_clip(job, networks, self, [JsonLines(json), Csv(csv, head=False)], None)
        return ClipResult(result.clip, result.spans, result.replayed, json.getvalue(), csv.getvalue(), result.error)


@console_command
@click.argument("clips", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="CLIP...")
@model_options
@both_options
@output_options
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="Read each N-th frame.")
@click.option("--max-frames", type=click.IntRange(1), help="Stop after so many frames read of each.")
@bulk_options
@click.pass_context
def main(
    context: click.Context,
    clips: tuple[Path, ...],
    model: Path | None,
    device: str,
    conf: float,
    polarity: str,
    base_model: Path | None,
    fallback: float,
    show: bool,
    save: Path | None,
    json_path: str | None,
    csv_path: str | None,
    every: int,
    max_frames: int | None,
    workers: int,
    shard: tuple[int, int] | None,
    resume: bool,
) -> None:
    """Read the numbers of each CLIP, frame by frame, and list those that settled with the time first and last seen.

    CLIP may be a folder made by recognize-camera --record: it is read with the settings it was recorded with, where
    --conf and --polarity do not say otherwise, and compared with what was decided then. --save takes a file's name for
    one clip, a folder for several. A clip that cannot be read does not stop the others; the exit status is then 3.
    """
    check_bulk(workers, resume, show, json_path, csv_path)
    with exit_codes(), ExitStack() as stack:
        named = frozenset(n for n in ("conf", "polarity") if context.get_parameter_source(n) is not DEFAULT)
        settings = Settings((model, base_model, fallback, device), conf, polarity, named, every, max_frames)
        networks = open_networks(*settings.asked)
        done = take_up(json_path, growing=True) if resume and json_path else set()
        sinks, piped = open_text_sinks(stack, json_path, csv_path, add=resume)
        window = stack.enter_context(Viewer("livedigits", wait_ms=1)) if show else None
        targets = [save] * len(clips) if save is None or len(clips) == 1 else places(save, clips, ".mp4")
        place = dict(zip(clips, targets, strict=True))
        chosen = choose(clips, shard, done)
        jobs = [(clip, place[clip]) for clip in chosen]
        if workers == 1:
            tellings = (read_clip(job, networks, settings, sinks, window) for job in jobs)
        else:
            tellings = in_order(settings, jobs, workers)
        failed = 0
        for result in tqdm(tellings, total=len(jobs), unit="clip", disable=len(jobs) < 2 or workers == 1 or None):
            failed += bool(result.error)
            for sink in sinks:
                sink.put(result.json if isinstance(sink, JsonLines) else result.csv)
            summarize(result, len(clips) > 1, piped)
            if window is not None and window.closed:
                break
    if failed:
        raise SystemExit(SOURCE_UNAVAILABLE)


def read_clip(
    job: Job, networks: Classifier | Ensemble, settings: Settings, sinks: Sequence[Sink], window: Viewer | None
) -> ClipResult:
    """Read a clip or record, each frame handed to the sinks as it is read. Raises OutputError where they fail."""
    (clip, target), conf, polarity = job, settings.confidence, settings.polarity
    tracker, same, count = Tracker(conf), 0, 0
    frames_read = FrameReader(tracker)
    try:
        with ExitStack() as stack:
            opened = stack.enter_context(Recording(clip) if is_recording(clip) else Clip(clip))
            every = [*sinks, *([stack.enter_context(VideoFile(target, opened.fps / settings.every))] if target else [])]
            total = min(-(-opened.count // settings.every), settings.most or opened.count) or None
            frames = opened.frames(settings.every, settings.most)
            for frame in tqdm(frames, total=total, unit="frame", disable=parent_process() is not None or None):
                if isinstance(opened, Recording):
                    line = opened.line(frame)
                    conf = tracker.confidence = conf if "conf" in settings.result else line["conf"]
                    polarity = polarity if "polarity" in settings.result else line["polarity"]
                seen = frames_read.read(frame, networks, conf, polarity)
                count += 1
                same += isinstance(opened, Recording) and seen.to_dict()["numbers"] == line["numbers"]
                for sink in every if window is None else [*every, window]:
                    sink.take(seen)
                if window is not None and window.closed:
                    break
    except SourceError as error:
        return ClipResult(clip, error=str(error))
    return ClipResult(clip, tuple(tracker.settled()), (same, count) if isinstance(opened, Recording) else None)


def summarize(result: ClipResult, named: bool, piped: bool) -> None:
    """Write each settled number with its times, s, as a note, and the bare numbers where nothing else is piped."""
    if result.error:
        note(f"error: {result.error}")
        return
    if named:
        note(f"{result.clip}:")
    if result.replayed is not None:
        note(f"{result.replayed[0]} of {result.replayed[1]} frames as recorded")
    note("first s  last s  number" if result.spans else "no number settled")
    for span in result.spans:
        note(f"{span.first:7.2f} {span.last:7.2f}  {span.text}")
    if not piped:
        click.echo("".join(f"{span.text}\n" for span in result.spans), nl=False)
