"""recognize-video: read the numbers of a clip and say when each was seen."""

import time
from contextlib import ExitStack
from pathlib import Path

import click
from tqdm import tqdm

from realtime.capture import Clip
from realtime.options import (
    both_options,
    exit_codes,
    model_options,
    note,
    open_networks,
    open_text_sinks,
    output_options,
    speaker,
)
from realtime.recording import Replay, is_record
from realtime.sinks import Window, describe
from realtime.steady import SteadyReader
from realtime.tracker import Span, Tracker
from realtime.video import VideoFile

DEFAULT = click.core.ParameterSource.DEFAULT


@click.command()
@click.argument("clip", type=click.Path(path_type=Path))
@model_options
@both_options
@output_options
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="Read each N-th frame.")
@click.option("--max-frames", type=click.IntRange(1), help="Stop after so many frames read.")
@click.pass_context
def main(
    context: click.Context,
    clip: Path,
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
) -> None:
    """Read the numbers of CLIP, frame by frame, and list those that settled with the time first and last seen.

    CLIP may be a folder made by recognize-camera --record: it is read with the settings it was recorded with, where
    --conf and --polarity do not say otherwise, and compared with what was decided then.
    """
    with exit_codes(), ExitStack() as stack:
        opened = stack.enter_context(Replay(clip) if is_record(clip) else Clip(clip))
        classifier = open_networks(model, base_model, fallback, device)
        sinks, piped = open_text_sinks(stack, json_path, csv_path, speaker(classifier))
        if save is not None:
            sinks.append(stack.enter_context(VideoFile(save, opened.fps / every)))
        window = stack.enter_context(Window("livedigits", wait_ms=1)) if show else None
        reader, tracker, same, count = SteadyReader(), Tracker(conf), 0, 0
        asked = {name for name in ("conf", "polarity") if context.get_parameter_source(name) is not DEFAULT}
        total = min(-(-opened.count // every), max_frames or opened.count) or None
        for frame in tqdm(opened.frames(every, max_frames), total=total, unit="frame", disable=None):
            start = time.perf_counter()
            if isinstance(opened, Replay):
                line = opened.line(frame)
                conf = tracker.confidence = conf if "conf" in asked else line["conf"]
                polarity = polarity if "polarity" in asked else line["polarity"]
            page = reader.read(frame.image, classifier, conf, polarity)
            tracks = tracker.update(page.readings, frame.time, frame.image)
            latency = 1000 * (time.perf_counter() - start)
            count += 1
            same += isinstance(opened, Replay) and describe(frame, tracks, latency)["numbers"] == line["numbers"]
            for sink in sinks if window is None else [*sinks, window]:
                sink.take(frame, tracks, latency)
            if window is not None and window.closed:
                break
        if isinstance(opened, Replay):
            note(f"{same} of {count} frames as recorded")
        summarize(tracker.settled(), piped)


def summarize(spans: list[Span], piped: bool) -> None:
    """Write each settled number with its times, s, as a note, and the bare numbers where nothing else is piped."""
    note("first s  last s  number" if spans else "no number settled")
    for span in spans:
        note(f"{span.first:7.2f} {span.last:7.2f}  {span.text}")
    if not piped:
        click.echo("".join(f"{span.text}\n" for span in spans), nl=False)
