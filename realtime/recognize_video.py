"""recognize-video: read the numbers of clips and say when each was seen."""

import io
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path

import click
from tqdm import tqdm

from realtime.both import Both
from realtime.bulk import bulk_options, check_bulk, choose, in_order, take_up
from realtime.capture import Clip, SourceError
from realtime.classifier import Classifier
from realtime.options import (
    SOURCE_UNAVAILABLE,
    Asked,
    both_options,
    exit_codes,
    load_once,
    model_options,
    note,
    open_networks,
    open_text_sinks,
    output_options,
    speaker,
)
from realtime.recording import Replay, is_record
from realtime.sinks import Csv, JsonLines, Sink, Window, describe, places
from realtime.tracker import Span, Tracker
from realtime.video import VideoFile
from realtime.watch import Watch

DEFAULT = click.core.ParameterSource.DEFAULT
Job = tuple[Path, Path | None]  # a clip, and where its annotated one goes


@dataclass(frozen=True)
class Told:
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
    told: frozenset[str]  # those of conf and polarity that the user named
    every: int
    most: int | None

    def __call__(self, job: Job) -> Told:
        """Read a clip in a process of its own, its lines gathered."""
        json, csv = io.StringIO(), io.StringIO()
        networks = load_once(*self.asked)
        told = read_clip(job, networks, self, [JsonLines(json, speaker(networks)), Csv(csv, head=False)], None)
        return Told(told.clip, told.spans, told.replayed, json.getvalue(), csv.getvalue(), told.error)


@click.command()
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
        sinks, piped = open_text_sinks(stack, json_path, csv_path, speaker(networks), add=resume)
        window = stack.enter_context(Window("livedigits", wait_ms=1)) if show else None
        targets = [save] * len(clips) if save is None or len(clips) == 1 else places(save, clips, ".mp4")
        place = dict(zip(clips, targets, strict=True))
        chosen = choose(clips, shard, done)
        jobs = [(clip, place[clip]) for clip in chosen]
        if workers == 1:
            tellings = (read_clip(job, networks, settings, sinks, window) for job in jobs)
        else:
            tellings = in_order(settings, jobs, workers)
        failed = 0
        for told in tqdm(tellings, total=len(jobs), unit="clip", disable=len(jobs) < 2 or workers == 1 or None):
            failed += bool(told.error)
            for sink in sinks:
                sink.put(told.json if isinstance(sink, JsonLines) else told.csv)
            summarize(told, len(clips) > 1, piped)
            if window is not None and window.closed:
                break
    if failed:
        raise SystemExit(SOURCE_UNAVAILABLE)


def read_clip(
    job: Job, networks: Classifier | Both, settings: Settings, sinks: Sequence[Sink], window: Window | None
) -> Told:
    """Read a clip or record, each frame handed to the sinks as it is read. Raises OutputError where they fail."""
    (clip, target), conf, polarity = job, settings.confidence, settings.polarity
    tracker, same, count = Tracker(conf), 0, 0
    watch = Watch(tracker)
    try:
        with ExitStack() as stack:
            opened = stack.enter_context(Replay(clip) if is_record(clip) else Clip(clip))
            every = [*sinks, *([stack.enter_context(VideoFile(target, opened.fps / settings.every))] if target else [])]
            total = min(-(-opened.count // settings.every), settings.most or opened.count) or None
            frames = opened.frames(settings.every, settings.most)
            for frame in tqdm(frames, total=total, unit="frame", disable=parent_process() is not None or None):
                start = time.perf_counter()
                if isinstance(opened, Replay):
                    line = opened.line(frame)
                    conf = tracker.confidence = conf if "conf" in settings.told else line["conf"]
                    polarity = polarity if "polarity" in settings.told else line["polarity"]
                tracks = watch.see(frame.image, frame.time, networks, conf, polarity)
                latency = 1000 * (time.perf_counter() - start)
                count += 1
                same += isinstance(opened, Replay) and describe(frame, tracks, latency)["numbers"] == line["numbers"]
                for sink in every if window is None else [*every, window]:
                    sink.take(frame, tracks, latency)
                if window is not None and window.closed:
                    break
    except SourceError as error:
        return Told(clip, error=str(error))
    return Told(clip, tuple(tracker.settled()), (same, count) if isinstance(opened, Replay) else None)


def summarize(told: Told, named: bool, piped: bool) -> None:
    """Write each settled number with its times, s, as a note, and the bare numbers where nothing else is piped."""
    if told.error:
        note(f"error: {told.error}")
        return
    if named:
        note(f"{told.clip}:")
    if told.replayed is not None:
        note(f"{told.replayed[0]} of {told.replayed[1]} frames as recorded")
    note("first s  last s  number" if told.spans else "no number settled")
    for span in told.spans:
        note(f"{span.first:7.2f} {span.last:7.2f}  {span.text}")
    if not piped:
        click.echo("".join(f"{span.text}\n" for span in told.spans), nl=False)
