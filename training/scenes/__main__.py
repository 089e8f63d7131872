"""Run the scene maker: `python -m training.scenes clip OUT.mp4`, `... bench OUT`, `... pictures OUT`, `... curve`."""

from pathlib import Path

import click

from realtime.commands.console import Command, FloatRange, exit_codes
from realtime.commands.options import overwrite_option, refuse_overwriting
from realtime.outputs.guard import Kind, outputs_in

from .bench import SECONDS, bench_names, save_bench
from .clip import SEED, save_clip
from .curve import measure
from .pictures import picture_names, save_pictures
from .troubles import KINDS

NO_H264 = "H.264 needs PyAV, which OpenCV cannot replace: pip install av"
TRUTH: dict[str, Kind] = {"truth.csv": "data"}


@click.group()
def main() -> None:
    """Draw handwritten numbers with exact truth."""


@main.command(cls=Command)
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--seed", type=click.IntRange(0), default=SEED, show_default=True, help="Another seed, other jitter and shake."
)
@overwrite_option
def clip(out: Path, seed: int, overwrite: bool) -> None:
    """Draw the bundled clip into OUT (H.264) and truth.csv beside it."""
    refuse_overwriting(outputs_in("OUT", out.parent, {out.name: "video", **TRUTH}), [], overwrite)
    with exit_codes():
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            count = save_clip(out, seed)
        except ImportError as missing:
            raise click.ClickException(NO_H264) from missing
        click.echo(f"{out}: {count} frames, {out.stat().st_size / 1e6:.2f} MB", err=True)


@main.command(cls=Command)
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Another seed, other digits, shake and noise."
)
@click.option("--seconds", default=SECONDS, show_default=True, type=FloatRange(0.04, 3600), help="Length of a clip.")
@overwrite_option
def bench(out: Path, seed: int, seconds: float, overwrite: bool) -> None:
    """Draw the clips that benchmark-recognizer is to measure into the folder OUT (H.264) and truth.csv beside them."""
    refuse_overwriting(outputs_in("OUT", out, TRUTH | dict.fromkeys(bench_names(), "video")), [], overwrite)
    with exit_codes():
        try:
            for path in save_bench(out, seed, seconds):
                click.echo(f"{path}: {path.stat().st_size / 1e6:.2f} MB", err=True)
        except ImportError as missing:
            raise click.ClickException(NO_H264) from missing


@main.command(cls=Command)
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--trouble",
    "names",
    multiple=True,
    default=["none"],
    show_default=True,
    help=f"Repeat for several sets, join with + for several at once: {', '.join(KINDS)}.",
)
@click.option(
    "--strength",
    "strengths",
    multiple=True,
    type=FloatRange(0, 1),
    default=[0.5],
    show_default=True,
    help="0.5 is what users meet, at 1 a person begins to struggle. Repeat for a curve.",
)
@click.option("--count", default=10, show_default=True, type=click.IntRange(1), help="Pictures for each of them.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Same seed, same bytes.")
@overwrite_option
def pictures(
    out: Path, names: tuple[str, ...], strengths: tuple[float, ...], count: int, seed: int, overwrite: bool
) -> None:
    """Draw pictures into the folder OUT and truth.csv beside them."""
    try:
        drawn: dict[str, Kind] = dict.fromkeys(picture_names(names, strengths, count), "picture")
    except ValueError as wrong:
        raise click.UsageError(str(wrong)) from wrong
    refuse_overwriting(outputs_in("OUT", out, TRUTH | drawn), [], overwrite)
    with exit_codes():
        written = sum(1 for _ in save_pictures(out, list(names), list(strengths), count, seed))
        click.echo(f"{out}: {written} pictures and truth.csv", err=True)


@main.command(cls=Command)
@click.option("--trouble", "names", multiple=True, default=KINDS, help="Repeat for several.  [default: all]")
@click.option("--count", default=20, show_default=True, type=click.IntRange(1), help="Pictures for each strength.")
@click.option("--seed", type=click.IntRange(0), default=900, show_default=True, help="One that nothing was tuned on.")
def curve(names: tuple[str, ...], count: int, seed: int) -> None:
    """Read pictures of each trouble at growing strength and print the percentage of rows exact as a table."""
    try:
        picture_names(names, (), 0)
    except ValueError as wrong:
        raise click.UsageError(str(wrong)) from wrong
    with exit_codes():
        for line in measure(names, count, seed):
            click.echo(line)


if __name__ == "__main__":
    main()
