"""recognize-image: read the numbers of photos."""

import time
from contextlib import ExitStack
from pathlib import Path

import click
from tqdm import tqdm

from realtime.capture import Frame, SourceError, read_picture
from realtime.classifier import Classifier
from realtime.explain import explain
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
from realtime.reading import Page, Reading, read
from realtime.sinks import Pictures, Sink, Window, make_folder
from realtime.tracker import settle

EXPLAIN_HELP = "Write the steps of each reading as a figure into this folder."


@click.command()
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PHOTO...")
@model_options
@both_options
@output_options
@click.option("--explain", "explain_folder", type=click.Path(path_type=Path), metavar="DIR", help=EXPLAIN_HELP)
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
    explain_folder: Path | None,
) -> None:
    """Read the numbers of each PHOTO: one line of text for a line of writing, numbers parted by blanks.

    --save takes a picture's name for one photo, a folder for several. A photo that cannot be read does not stop the
    others; the exit status is then 3.
    """
    with exit_codes(), ExitStack() as stack:
        classifier = open_networks(model, base_model, fallback, device)
        sinks, piped = open_text_sinks(stack, json_path, csv_path, speaker(classifier))
        window = open_picture_sinks(stack, sinks, len(photos) == 1, save, show)
        if explain_folder is not None:
            make_folder(explain_folder)
        unreadable = 0
        for photo in tqdm(photos, unit="photo", disable=len(photos) == 1 or None):
            try:
                frame, page, latency = read_photo(photo, classifier, conf, polarity)
            except SourceError as error:
                note(f"error: {error}")
                unreadable += 1
                continue
            if explain_folder is not None:
                explain(explain_folder / f"{photo.stem}-explained.png", frame.image, page, photo.name)
            report(photo, rows_of_text(page.readings), named=len(photos) > 1, piped=piped)
            tracks = settle(page.readings)
            for sink in sinks:
                sink.take(frame, tracks, latency)
            if window is not None and window.closed:
                break
    if unreadable:
        raise SystemExit(SOURCE_UNAVAILABLE)


def open_picture_sinks(
    stack: ExitStack, sinks: list[Sink], single: bool, save: Path | None, show: bool
) -> Window | None:
    """Add the sinks of annotated pictures that the options ask for; return the window among them."""
    if save is not None:
        sinks.append(stack.enter_context(Pictures(save, single)))
    if not show:
        return None
    window = stack.enter_context(Window("livedigits", wait_ms=0))
    sinks.append(window)
    return window


def report(photo: Path, rows: list[str], named: bool, piped: bool) -> None:
    """Write a photo's lines of numbers to standard output, unless that is `piped` elsewhere, and its name as a note."""
    if named:
        note(f"{photo}:")
    if not rows:
        note(f"{photo}: no number found")
    if not piped:
        click.echo("".join(f"{row}\n" for row in rows), nl=False)


def read_photo(path: Path, classifier: Classifier, confidence: float, polarity: str) -> tuple[Frame, Page, float]:
    """Read one picture file; return it as frame 0, what was read, and the milliseconds that reading took."""
    frame = Frame(read_picture(path), 0, 0.0, str(path))
    start = time.perf_counter()
    page = read(frame.image, classifier, confidence, polarity)
    return frame, page, 1000 * (time.perf_counter() - start)


def rows_of_text(readings: list[Reading]) -> list[str]:
    """Return a text for each line of writing from the top, its numbers parted by blanks."""
    rows: dict[int, list[str]] = {}
    for reading in readings:
        rows.setdefault(reading.row, []).append(reading.text)
    return [" ".join(rows[row]) for row in sorted(rows)]
