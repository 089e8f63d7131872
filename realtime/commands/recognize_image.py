"""recognize-image: read the numbers of photos."""

import io
from contextlib import ExitStack
from dataclasses import dataclass
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
from realtime.measuring.explain import explain
from realtime.outputs.overlay import draw
from realtime.outputs.pictures import check_picture, make_folder, places, save_picture
from realtime.outputs.text import Csv, JsonLines
from realtime.reading.classifier import Classifier
from realtime.reading.ensemble import Ensemble
from realtime.reading.pipeline import read
from realtime.sources.frame import Frame, SourceError
from realtime.sources.pictures import read_picture
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import settle

EXPLAIN_HELP = "Write the steps of each reading as a figure into this folder."


@dataclass(frozen=True)
class PhotoResult:
    """What was read in one photo: its rows of text, its lines for --json and --csv, or why it could not be read.

    seen: the frame with its numbers, for a window.
    """

    photo: Path
    rows: tuple[str, ...] = ()
    json: str = ""
    csv: str = ""
    error: str = ""
    seen: TrackedFrame | None = None


@dataclass(frozen=True)
class PhotoReader:
    """Read photos and write their pictures; what is needed for it, so that it can go to another process.

    networks: opened already, or None to load what is `asked` for.
    """

    asked: Asked
    networks: Classifier | Ensemble | None
    confidence: float
    polarity: str
    explain_folder: Path | None
    show: bool

    def __call__(self, job: tuple[Path, Path | None]) -> PhotoResult:
        """Read a photo, and write the annotated one to the second path if there is one. Raises OutputError."""
        photo, target = job
        networks = self.networks or load_once(*self.asked)
        try:
            seen = read_photo(photo, networks, self.confidence, self.polarity)
        except SourceError as error:
            return PhotoResult(photo, error=str(error))
        if self.explain_folder is not None:
            explain(self.explain_folder / f"{photo.stem}-explained.png", seen.frame.image, seen.page, photo.name)
        if target is not None:
            save_picture(target, draw(seen.frame.image, seen.tracks))
        json, csv = io.StringIO(), io.StringIO()
        for sink in (JsonLines(json), Csv(csv, head=False)):
            sink.take(seen)
        rows = tuple(seen.page.rows)
        return PhotoResult(photo, rows, json.getvalue(), csv.getvalue(), seen=seen if self.show else None)


@console_command
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
        window = stack.enter_context(Viewer("livedigits", wait_ms=0)) if show else None
        reader = PhotoReader(asked, networks if workers == 1 else None, conf, polarity, explain_folder, show)
        chosen = choose(photos, shard, done)
        jobs = ((photo, targets[photo]) for photo in chosen)
        failed = 0
        for result in tqdm(
            in_order(reader, jobs, workers), total=len(chosen), unit="photo", disable=len(chosen) < 2 or None
        ):
            failed += bool(result.error)
            report(result, named=len(photos) > 1, piped=piped)
            for sink in sinks:
                sink.put(result.json if isinstance(sink, JsonLines) else result.csv)
            if window is not None and result.seen is not None:
                window.take(result.seen)
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


def report(result: PhotoResult, named: bool, piped: bool) -> None:
    """Write a photo's lines of numbers to standard output, unless that is `piped` elsewhere, and its name as a note."""
    if result.error:
        note(f"error: {result.error}")
        return
    if named:
        note(f"{result.photo}:")
    if not result.rows:
        note(f"{result.photo}: no number found")
    if not piped:
        click.echo("".join(f"{row}\n" for row in result.rows), nl=False)


def read_photo(path: Path, classifier: Classifier | Ensemble, confidence: float, polarity: str) -> TrackedFrame:
    """Read one picture file as frame 0; its numbers are settled."""
    frame = Frame(read_picture(path), 0, 0.0, str(path))
    page = read(frame.image, classifier, confidence, polarity)
    return TrackedFrame(frame, page, settle(page.numbers), page.latency_ms)
