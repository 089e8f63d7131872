"""evaluate-numbers: how much of labelled pictures and clips is read right, and how much is read where nothing is.

Measured with the bundled network of 99.34 % on two busy cores: 33 photos of numbers, 50 of 58 rows exact and 3.0 % of
digits in error, in 15 s; 299 photos of one digit, 93.3 % exactly that digit; 1,861 frames without writing, 0.13 false
digits a frame; the bundled clip, 14 of 14 numbers settled and no other, all 1,200 rows of its frames exact.
"""

from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from realtime.commands.console import FAILED, console_command, exit_codes, note
from realtime.commands.options import model_options, open_classifier
from realtime.measuring.contact_sheet import save_sheets
from realtime.measuring.evaluation import (
    COLUMNS,
    ReadImage,
    SourceScore,
    judge_passages,
    judge_samples,
    judge_sheets,
    judge_untold,
)
from realtime.measuring.truth import LABELS, LabelledSource, open_labelled
from realtime.outputs.files import make_folder, save_json
from realtime.outputs.sink import OutputError
from realtime.reading.page import Page
from realtime.reading.pipeline import read


class FrameRange(click.ParamType):
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
            frames.update(range(int(first), int(last if dash else first) + 1))
        return frozenset(frames)


@console_command
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FOLDER|CLIP|NPZ...")
@model_options
@click.option("--target", type=click.FloatRange(0, 100), help="Fail with status 1 below this percentage right.")
@click.option("--save", type=click.Path(path_type=Path), help="Folder for contact sheets and confusion pictures.")
@click.option("--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="Write all figures as JSON.")
@click.option("--frames", type=FrameRange(), help="Frames of clips to read, as 0-4,36-38.  [default: all]")
@click.option("--shows", metavar="DIGITS", help="Digits in view, in any order, where no truth is told.")
@click.option("--invert", is_flag=True, help="Read every picture in the other light: inverted.")
def main(
    sources: tuple[Path, ...],
    model: Path | None,
    device: str,
    conf: float,
    polarity: str,
    target: float | None,
    save: Path | None,
    json_path: Path | None,
    frames: frozenset[int] | None,
    shows: str | None,
    invert: bool,
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
        for folder in filter(None, [save, json_path and json_path.parent]):
            make_folder(folder)
        classifier = open_classifier(model, device)

        def reader(image: NDArray[np.uint8]) -> Page:
            return read(255 - image if invert else image, classifier, conf, polarity)

        verdicts = []
        for source in opened:
            for verdict in judge(source, reader, frames, shows, save is not None):
                report(verdict, save)
                verdicts.append(verdict)
        if json_path is not None:
            told = [{"source": v.name, "measure": v.measure, "percent": v.percent, **v.figures} for v in verdicts]
            save_json(json_path, {"model": classifier.path.name, "sources": told})
        missed = [verdict for verdict in verdicts if target is not None and verdict.percent < target]
    for verdict in missed:
        note(f"{verdict.name}: {verdict.measure} {verdict.percent:.2f} %, below the target of {target:g} %")
    if missed:
        raise SystemExit(FAILED)


def judge(
    source: LabelledSource, reader: ReadImage, frames: frozenset[int] | None, shows: str | None, tiles: bool
) -> list[SourceScore]:
    """Read all that a source holds, each kind of truth judged by its own measure."""
    name, verdicts = source.path.name or source.path.resolve().name, []
    if source.sheets:
        verdicts.append(judge_sheets(name, source.sheets, reader, tiles))
    if source.passages:
        verdicts.append(judge_passages(name, source.passages, reader, frames, tiles))
    if source.samples:
        verdicts.append(judge_samples(name, source.samples, reader, tiles))
    if source.untold:
        verdicts.append(judge_untold(name, source.untold, reader, frames, shows, tiles))
    return verdicts


def report(verdict: SourceScore, save: Path | None) -> None:
    """Print the summary of one source and write its pictures."""
    for line in verdict.summary:
        click.echo(f"{verdict.name}: {line}")
    if save is None:
        return
    stem = verdict.name.replace(".", "-")
    for path in save_sheets(verdict.tiles, save, f"{stem}-misread"):
        note(f"wrote {path}")
    if verdict.confusion is not None:
        draw_confusion(verdict.confusion, verdict.name, save / f"{stem}-confusion.png")


def draw_confusion(confusion: NDArray[np.int64], title: str, path: Path) -> None:
    """Write the confusion matrix as a picture, shaded by the share of each label."""
    from matplotlib.figure import Figure  # takes half a second, and only this figure needs it

    rows = np.flatnonzero(confusion.sum(axis=1))
    counts = confusion[rows]
    figure = Figure(figsize=(8, 1.2 + 0.5 * len(rows)), layout="constrained")
    axes = figure.add_subplot(xlabel="read", ylabel="true", title=title)
    axes.imshow(counts / counts.sum(axis=1, keepdims=True), cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(COLUMNS)), COLUMNS, rotation=45)
    axes.set_yticks(range(len(rows)), [LABELS[row] for row in rows])
    for (i, j), count in np.ndenumerate(counts):
        if count:
            colour = "white" if count > 0.6 * counts[i].sum() else "black"
            axes.text(j, i, str(count), ha="center", va="center", color=colour, fontsize=8)
    try:
        figure.savefig(path, dpi=110)
    except OSError as error:
        raise OutputError(f"cannot save {path}: {error.strerror or error}") from None
