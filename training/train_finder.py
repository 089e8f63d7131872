"""Train the finder on drawn scenes: `train-finder --data FOLDER --minutes 90`.

The learning rate follows the minutes given, so a run ends well on any machine; a seed fixes the scenes. The shipped
weights: 98 minutes on two shared x86-64 cores, of held-out digits 75 % found once; more in models/finder-card.md.
"""

from pathlib import Path

import click

from realtime.commands.console import FloatRange, console_command, exit_codes
from realtime.commands.options import overwrite_option, refuse_overwriting
from realtime.outputs.guard import Kind, outputs_in
from training.requirements import require

LEAST_BATCH = 4  # scenes of a batch: each drawn one is shown so often, turned and lit anew


@console_command
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of the sources.")
@click.option("--minutes", type=FloatRange(0, min_open=True), default=120.0, show_default=True)
@click.option("--batch", type=click.IntRange(LEAST_BATCH), default=16, show_default=True)
@click.option("--rate", type=FloatRange(0, min_open=True), default=4e-3, show_default=True, help="Highest rate.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/finder"), show_default=True)
@click.option("--from", "begin", type=click.Path(path_type=Path), help="Weights to train further.  [default: none]")
@click.option("--resume", is_flag=True, help="Go on where the run in --out was left.")
@overwrite_option
def main(
    data: Path,
    minutes: float,
    batch: int,
    rate: float,
    seed: int,
    out: Path,
    begin: Path | None,
    resume: bool,
    overwrite: bool,
) -> None:
    """Train, hold against scenes of hands held out every seven minutes, and keep the best."""
    written: dict[str, Kind] = {"last.pth": "checkpoint", "best.pth": "checkpoint", "errors.png": "picture"}
    refuse_overwriting(outputs_in("--out", out, written), filter(None, [data, begin]), overwrite)
    require("torch")
    from training import finder_training
    from training.run import alone_in

    with exit_codes(), alone_in(out):
        finder_training.train(data, minutes, batch, rate, seed, out, begin, resume)


if __name__ == "__main__":
    main()
