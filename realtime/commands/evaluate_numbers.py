"""evaluate-numbers: how much of labelled pictures and clips is read right, and how much is read where nothing is.

Measured with the bundled network: 33 photos of numbers, 55 of 58 rows exact and 1.5 % of digits in error; 299 photos of
one digit, 96.7 % exactly that digit; 13 clips without writing, 0.015 false digits a frame; the bundled clip, 14 of 14
numbers settled and no other, 1,194 of the 1,200 rows of its frames exact.
"""

from itertools import chain
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from realtime.commands.console import FAILED, FloatRange, console_command, exit_codes, note
from realtime.commands.options import (
    ReadingOptions,
    bundled_by_default,
    open_reader,
    overwrite_option,
    reading_options,
    refuse_overwriting,
)
from realtime.commands.wanting import WantedOptions, wanted_options
from realtime.measuring.confusion import draw_confusion
from realtime.measuring.contact_sheet import save_sheets
from realtime.measuring.evaluation import ReadImage, SourceScore, score_source
from realtime.measuring.truth import LabelledSource, files_of, open_labelled
from realtime.outputs.files import make_folder, save_json
from realtime.outputs.guard import Output
from realtime.reader import Reader
from realtime.reading.page import Page
from realtime.reading.wanted import read_wanted
from realtime.sources.names import show

MAX_FRAME = 10_000_000  # four days at 30 frames a second


class FrameRange(click.ParamType[frozenset[int]]):
    """Frames as people write them: 0-4,36-38."""

    name = "frames"

    def convert(
        self, value: str | frozenset[int], param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[int]:
        """Turn text into the set of frame indices."""
        if isinstance(value, frozenset):
            return value
        frames: set[int] = set()
        for part in value.split(","):
            first, dash, last = part.strip().partition("-")
            if not first.isdecimal() or (dash and not last.isdecimal()) or (dash and int(last) < int(first)):
                self.fail(f"{part!r} is no range of frames: write 0-4,36-38", param, ctx)
            if int(last if dash else first) > MAX_FRAME:
                self.fail(f"{part!r} goes beyond frame {MAX_FRAME}, where no clip does", param, ctx)
            frames.update(range(int(first), int(last if dash else first) + 1))
        return frozenset(frames)


@console_command
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FOLDER|CLIP|NPZ...")
@reading_options
@wanted_options
@click.option("--target", type=FloatRange(0, 100), help="Fail with status 1 below this percentage right.")
@click.option("--save", type=click.Path(path_type=Path), help="Folder for contact sheets and confusion pictures.")
@click.option("--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="Write all figures as JSON.")
@click.option("--frames", type=FrameRange(), help="Frames of clips to read, as 0-4,36-38.  [default: all]")
@click.option("--shows", metavar="DIGITS", help="Digits in view, in any order, where nothing is labelled.")
@overwrite_option
@click.option("--invert", is_flag=True, help="Read every picture in the other light: inverted.")
def main(
    sources: tuple[Path, ...],
    reading: ReadingOptions,
    wanting: WantedOptions,
    target: float | None,
    save: Path | None,
    json_path: Path | None,
    frames: frozenset[int] | None,
    shows: str | None,
    invert: bool,
    overwrite: bool,
) -> None:
    """Read what each source holds and count what is right.

    A folder with truth.csv (columns file, rows; start, end in s for clips): rows read exactly, digits in error. Folders
    0 to 9 and not-a-digit, or an npz file with images and labels: pictures read as exactly that digit. Anything else:
    digits read a frame, all of them false but those named by --shows. --target is held against rows, numbers settled,
    pictures, frames, whichever a source is judged by.
    """
    if shows is not None and not (shows.isascii() and shows.isdecimal()):
        raise click.BadParameter(f"{shows!r} is not made of digits", param_hint="--shows")
    with exit_codes():
        opened = [open_labelled(path) for path in sources]
        written = [Output("--json", json_path, "figures")] if json_path is not None else []
        written += earlier_pictures(save, opened) if save is not None else []
        refuse_overwriting(written, chain(*map(files_of, opened)), overwrite, reading)
        for folder in filter(None, [save, json_path and json_path.parent]):
            make_folder(folder)
        wanted = wanting.wanted()
        reader = open_reader(bundled_by_default(reading))
        reader.wanted = wanted

        read_picture, read_frame = ways_to_read(reader, invert)
        if shows is None:
            note_without_truth(opened)
        scores: list[SourceScore] = []
        for source in opened:
            for score in score_source(source, read_picture, read_frame, frames, shows, save is not None):
                scores.append(score)
                number = sum(stem_of(other.name) == stem_of(score.name) for other in scores)
                report(score, save, stem_of(score.name) + (f"-{number}" if number > 1 else ""))
        if json_path is not None:
            figures = [{"source": s.name, "measure": s.measure, "percent": s.percent, **s.figures} for s in scores]
            save_json(json_path, {"model": reader.networks.path.name, "sources": figures})
        missed = [score for score in scores if target is not None and score.percent < target]
    for score in missed:
        note(f"{score.name}: {score.measure} {score.percent:.2f} %, below the target of {target:g} %")
    if missed:
        raise SystemExit(FAILED)


def ways_to_read(reader: Reader, invert: bool) -> tuple[ReadImage, ReadImage]:
    """Return how pictures are read, and how frames of clips are; invert: as negatives."""

    def read_picture(image: NDArray[np.uint8]) -> Page:
        return reader.read(255 - image if invert else image)

    def read_frame(image: NDArray[np.uint8]) -> Page:
        return read_wanted(255 - image if invert else image, reader.networks, *reader.settings(), reader.wanted)

    return read_picture, read_frame


def note_without_truth(sources: list[LabelledSource]) -> None:
    """Say of which sources nothing is known."""
    for source in sources:
        if source.unlabelled:
            note(f"{source.path} has no truth.csv and no folders 0 to 9: every digit read there counts as false")


def stem_of(name: str) -> str:
    """Return what the pictures of a source are called, before what tells them apart."""
    return name.replace(".", "-")


def earlier_pictures(folder: Path, sources: list[LabelledSource]) -> list[Output]:
    """Return the files of a folder that pictures of the sources may be called like."""
    stems = tuple(f"{stem_of(source.path.name or source.path.resolve().name)}-" for source in sources)
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [Output("--save", path, "picture") for path in found if path.name.startswith(stems)]


def report(score: SourceScore, save: Path | None, stem: str) -> None:
    """Print the summary of one source and write its pictures, called `stem` and more."""
    for line in score.summary:
        click.echo(show(f"{score.name}: {line}"))
    if save is None:
        return
    for path in save_sheets(score.tiles, save, f"{stem}-misread"):
        note(f"wrote {path}")
    if score.confusion is not None:
        draw_confusion(score.confusion, score.name, save / f"{stem}-confusion.png")
