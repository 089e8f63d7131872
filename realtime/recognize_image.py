"""recognize-image: read the numbers of photos."""

import time
from contextlib import ExitStack
from pathlib import Path

import click
from tqdm import tqdm

from realtime.capture import Frame, SourceError, read_picture
from realtime.classifier import Classifier
from realtime.options import (
    SOURCE_UNAVAILABLE,
    both_options,
    exit_codes,
    model_options,
    note,
    open_networks,
    open_text_sinks,
    output_options,
    speaker,
)
from realtime.reading import Reading, read
from realtime.sinks import Pictures, Window
from realtime.tracker import settle


@click.command()
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PHOTO...")
@model_options
@both_options
@output_options
def main(
    photos: tuple[Path, ...],
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
) -> None:
    """Read the numbers of each PHOTO: one line of text for a line of writing, numbers parted by blanks.

    --save takes a picture's name for one photo, a folder for several. A photo that cannot be read does not stop the
    others; the exit status is then 3.
    """
    with exit_codes(), ExitStack() as stack:
        classifier = open_networks(model, base_model, fallback, device)
        sinks, piped = open_text_sinks(stack, json_path, csv_path, speaker(classifier))
        if save is not None:
            sinks.append(stack.enter_context(Pictures(save, single=len(photos) == 1)))
        window = stack.enter_context(Window("livedigits", wait_ms=0)) if show else None
        unreadable = 0
        for photo in tqdm(photos, unit="photo", disable=len(photos) == 1 or None):
            try:
                frame, readings, latency = read_photo(photo, classifier, conf, polarity)
            except SourceError as error:
                note(f"error: {error}")
                unreadable += 1
                continue
            if len(photos) > 1:
                note(f"{photo}:")
            if not readings:
                note(f"{photo}: no number found")
            if not piped:
                click.echo("".join(f"{line}\n" for line in rows_of_text(readings)), nl=False)
            tracks = settle(readings)
            for sink in sinks if window is None else [*sinks, window]:
                sink.take(frame, tracks, latency)
            if window is not None and window.closed:
                break
    if unreadable:
        raise SystemExit(SOURCE_UNAVAILABLE)


def read_photo(
    path: Path, classifier: Classifier, confidence: float, polarity: str
) -> tuple[Frame, list[Reading], float]:
    """Read one picture file; return it as frame 0, its readings, and the milliseconds that reading took."""
    frame = Frame(read_picture(path), 0, 0.0, str(path))
    start = time.perf_counter()
    readings = read(frame.image, classifier, confidence, polarity).readings
    return frame, readings, 1000 * (time.perf_counter() - start)


def rows_of_text(readings: list[Reading]) -> list[str]:
    """Return a text for each line of writing from the top, its numbers parted by blanks."""
    rows: dict[int, list[str]] = {}
    for reading in readings:
        rows.setdefault(reading.row, []).append(reading.text)
    return [" ".join(rows[row]) for row in sorted(rows)]
