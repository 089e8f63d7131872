"""recognize-video: read the numbers of a clip and say when each was seen."""

import time
from contextlib import ExitStack
from pathlib import Path

import click
from tqdm import tqdm

from realtime.capture import Clip
from realtime.options import exit_codes, model_options, note, open_classifier, open_text_sinks, output_options
from realtime.reading import read
from realtime.sinks import Window
from realtime.tracker import Span, Tracker
from realtime.video import VideoFile


@click.command()
@click.argument("clip", type=click.Path(path_type=Path))
@model_options
@output_options
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="Read each N-th frame.")
@click.option("--max-frames", type=click.IntRange(1), help="Stop after so many frames read.")
def main(
    clip: Path,
    model: Path | None,
    device: str,
    conf: float,
    polarity: str,
    show: bool,
    save: Path | None,
    json_path: str | None,
    csv_path: str | None,
    every: int,
    max_frames: int | None,
) -> None:
    """Read the numbers of CLIP, frame by frame, and list those that settled with the time first and last seen."""
    with exit_codes(), ExitStack() as stack:
        opened = stack.enter_context(Clip(clip))
        sinks, piped = open_text_sinks(stack, json_path, csv_path)
        classifier = open_classifier(model, device)
        if save is not None:
            sinks.append(stack.enter_context(VideoFile(save, opened.fps / every)))
        window = stack.enter_context(Window("livedigits", wait_ms=1)) if show else None
        tracker = Tracker()
        total = min(-(-opened.count // every), max_frames or opened.count) or None
        for frame in tqdm(opened.frames(every, max_frames), total=total, unit="frame", disable=None):
            start = time.perf_counter()
            page = read(frame.image, classifier, conf, polarity)
            tracks = tracker.update(page.readings, frame.time)
            latency = 1000 * (time.perf_counter() - start)
            for sink in sinks if window is None else [*sinks, window]:
                sink.take(frame, tracks, latency)
            if window is not None and window.closed:
                break
        summarize(tracker.settled(), piped)


def summarize(spans: list[Span], piped: bool) -> None:
    """Write each settled number with its times, s, as a note, and the bare numbers where nothing else is piped."""
    note("first s  last s  number" if spans else "no number settled")
    for span in spans:
        note(f"{span.first:7.2f} {span.last:7.2f}  {span.text}")
    if not piped:
        click.echo("".join(f"{span.text}\n" for span in spans), nl=False)
