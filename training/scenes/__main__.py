"""Run the scene maker: `python -m training.scenes clip OUT.mp4`, `... bench OUT`, `... pictures OUT`, `... curve`."""

from pathlib import Path

import click

from .bench import SECONDS, save_bench
from .clip import SEED, save_clip
from .curve import measure
from .pictures import save_pictures
from .troubles import KINDS

NO_H264 = "H.264 needs PyAV, which OpenCV cannot replace: pip install av"


@click.group()
def main() -> None:
    """Draw handwritten numbers with exact truth."""


@main.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--seed", default=SEED, show_default=True, help="Another seed, other jitter and shake.")
def clip(out: Path, seed: int) -> None:
    """Draw the bundled clip into OUT (H.264) and truth.csv beside it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        count = save_clip(out, seed)
    except ImportError as missing:
        raise click.ClickException(NO_H264) from missing
    click.echo(f"{out}: {count} frames, {out.stat().st_size / 1e6:.2f} MB", err=True)


@main.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", default=1, show_default=True, help="Another seed, other digits, shake and noise.")
@click.option("--seconds", default=SECONDS, show_default=True, type=click.FloatRange(0.04), help="Length of a clip.")
def bench(out: Path, seed: int, seconds: float) -> None:
    """Draw the clips that benchmark-recognizer is to measure into the folder OUT (H.264) and truth.csv beside them."""
    try:
        for path in save_bench(out, seed, seconds):
            click.echo(f"{path}: {path.stat().st_size / 1e6:.2f} MB", err=True)
    except ImportError as missing:
        raise click.ClickException(NO_H264) from missing


@main.command()
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
    type=click.FloatRange(0, 1),
    default=[0.5],
    show_default=True,
    help="0.5 is what users meet, at 1 a person begins to struggle. Repeat for a curve.",
)
@click.option("--count", default=10, show_default=True, type=click.IntRange(1), help="Pictures for each of them.")
@click.option("--seed", default=1, show_default=True, help="Same seed, same bytes.")
def pictures(out: Path, names: tuple[str, ...], strengths: tuple[float, ...], count: int, seed: int) -> None:
    """Draw pictures into the folder OUT and truth.csv beside them."""
    try:
        written = sum(1 for _ in save_pictures(out, list(names), list(strengths), count, seed))
    except ValueError as wrong:
        raise click.UsageError(str(wrong)) from wrong
    click.echo(f"{out}: {written} pictures and truth.csv", err=True)


@main.command()
@click.option("--trouble", "names", multiple=True, default=KINDS, help="Repeat for several.  [default: all]")
@click.option("--count", default=20, show_default=True, type=click.IntRange(1), help="Pictures for each strength.")
@click.option("--seed", default=900, show_default=True, help="One that nothing was tuned on.")
def curve(names: tuple[str, ...], count: int, seed: int) -> None:
    """Read pictures of each trouble at growing strength and print the percentage of rows exact as a table."""
    try:
        for line in measure(names, count, seed):
            click.echo(line)
    except ValueError as wrong:
        raise click.UsageError(str(wrong)) from wrong


if __name__ == "__main__":
    main()
