"""recognize-image: read the numbers of photos."""

import io
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click
from tqdm import tqdm

from realtime.both import Both
from realtime.bulk import bulk_options, check_bulk, choose, in_order, take_up
from realtime.capture import Frame, SourceError, read_picture
from realtime.classifier import Classifier
from realtime.explain import explain
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
from realtime.overlay import draw
from realtime.reading import Page, Reading, read
from realtime.sinks import Csv, JsonLines, Window, check_picture, make_folder, places, save_picture
from realtime.tracker import Track, settle

EXPLAIN_HELP = "Write the steps of each reading as a figure into this folder."


@dataclass(frozen=True)
class Told:
    """What was read in one photo: its rows of text, its lines for --json and --csv, or why it could not be read.

    seen: the frame with its tracks and the milliseconds that reading took, for a window.
    """

    photo: Path
    rows: tuple[str, ...] = ()
    json: str = ""
    csv: str = ""
    error: str = ""
    seen: tuple[Frame, list[Track], float] | None = None


@dataclass(frozen=True)
class Reader:
    """Read photos and write their pictures; what is needed for it, so that it can go to another process.

    networks: opened already, or None to load what is `asked` for.
    """

    asked: Asked
    networks: Classifier | Both | None
    confidence: float
    polarity: str
    explain_folder: Path | None
    show: bool

    def __call__(self, job: tuple[Path, Path | None]) -> Told:
        """Read a photo, and write the annotated one to the second path if there is one. Raises OutputError."""
        photo, target = job
        networks = self.networks or load_once(*self.asked)
        try:
            frame, page, latency = read_photo(photo, networks, self.confidence, self.polarity)
        except SourceError as error:
            return Told(photo, error=str(error))
        if self.explain_folder is not None:
            explain(self.explain_folder / f"{photo.stem}-explained.png", frame.image, page, photo.name)
        tracks = settle(page.readings)
        if target is not None:
            save_picture(target, draw(frame.image, tracks))
        json, csv = io.StringIO(), io.StringIO()
        for sink in (JsonLines(json, speaker(networks)), Csv(csv, head=False)):
            sink.take(frame, tracks, latency)
        rows = tuple(rows_of_text(page.readings))
        return Told(photo, rows, json.getvalue(), csv.getvalue(), seen=(frame, tracks, latency) if self.show else None)


@click.command()
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PHOTO...")
@model_options
@both_options
@output_options
@click.option("--explain", "explain_folder", type=click.Path(path_type=Path), metavar="DIR", help=EXPLAIN_HELP)
@bulk_options
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
    workers: int,
    shard: tuple[int, int] | None,
    resume: bool,
) -> None:
    """Read the numbers of each PHOTO: one line of text for a line of writing, numbers parted by blanks.

    --save takes a picture's name for one photo, a folder for several. A photo that cannot be read does not stop the
    others; the exit status is then 3.
    """
    check_bulk(workers, resume, show, json_path, csv_path)
    with exit_codes(), ExitStack() as stack:
        asked = model, base_model, fallback, device
        networks = open_networks(*asked)
        done = take_up(json_path, growing=False) if resume and json_path else set()
        sinks, piped = open_text_sinks(stack, json_path, csv_path, add=resume)
        targets = dict(zip(photos, picture_targets(photos, save), strict=True))
        if explain_folder is not None:
            make_folder(explain_folder)
        window = stack.enter_context(Window("livedigits", wait_ms=0)) if show else None
        reader = Reader(asked, networks if workers == 1 else None, conf, polarity, explain_folder, show)
        chosen = choose(photos, shard, done)
        jobs = ((photo, targets[photo]) for photo in chosen)
        failed = 0
        for told in tqdm(
            in_order(reader, jobs, workers), total=len(chosen), unit="photo", disable=len(chosen) < 2 or None
        ):
            failed += bool(told.error)
            report(told, named=len(photos) > 1, piped=piped)
            for sink in sinks:
                sink.put(told.json if isinstance(sink, JsonLines) else told.csv)
            if window is not None and told.seen is not None:
                window.take(*told.seen)
                if window.closed:
                    break
    if failed:
        raise SystemExit(SOURCE_UNAVAILABLE)


def picture_targets(photos: tuple[Path, ...], save: Path | None) -> list[Path | None]:
    """Say for each photo where --save puts its picture. Raises OutputError where it cannot be written."""
    if save is None:
        return [None] * len(photos)
    if len(photos) > 1 or not save.suffix:
        return list(places(save, photos, ".png"))
    check_picture(save)
    return [save]


def report(told: Told, named: bool, piped: bool) -> None:
    """Write a photo's lines of numbers to standard output, unless that is `piped` elsewhere, and its name as a note."""
    if told.error:
        note(f"error: {told.error}")
        return
    if named:
        note(f"{told.photo}:")
    if not told.rows:
        note(f"{told.photo}: no number found")
    if not piped:
        click.echo("".join(f"{row}\n" for row in told.rows), nl=False)


def read_photo(
    path: Path, classifier: Classifier | Both, confidence: float, polarity: str
) -> tuple[Frame, Page, float]:
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
