"""Run the scene maker: `python -m tests.scenes clip OUT.mp4`, `python -m tests.scenes pictures OUT`."""

from pathlib import Path

import click

from .clip import SEED, save_clip


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
        raise click.ClickException("H.264 needs PyAV, which OpenCV cannot replace: pip install av") from missing
    click.echo(f"{out}: {count} frames, {out.stat().st_size / 1e6:.2f} MB", err=True)


if __name__ == "__main__":
    main()
