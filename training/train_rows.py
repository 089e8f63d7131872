"""Train the row network on strips that are drawn on the way: `train-rows --data FOLDER --minutes 90`.

The shipped weights: five runs, six hours on a share of two x86-64 cores; of lines drawn in hands kept back 56.8 % are
read exactly, of 1,080 cheque amounts 75.7 %; more in models/rows-card.md.
"""

from pathlib import Path

import click

from realtime.commands.console import FloatRange, console_command, exit_codes
from realtime.commands.options import overwrite_option, refuse_overwriting
from realtime.outputs.guard import Kind, outputs_in
from training.requirements import require


@console_command
@click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path, exists=True),
    required=True,
    help="Folder with strokes/, mnist/ ...",
)
@click.option("--minutes", type=FloatRange(0, min_open=True), default=100, show_default=True)
@click.option("--rate", type=FloatRange(0, min_open=True), default=3e-3, show_default=True, help="Highest rate.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that draw.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads that train.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/rows"), show_default=True)
@click.option("--from", "begin", type=click.Path(path_type=Path), help="Checkpoint to train further.  [default: none]")
@click.option("--resume", "go_on", is_flag=True, help="Go on where the run in --out was left.")
@overwrite_option
def main(
    folder: Path,
    minutes: float,
    rate: float,
    workers: int,
    threads: int,
    seed: int,
    out: Path,
    begin: Path | None,
    go_on: bool,
    overwrite: bool,
) -> None:
    """Train on drawn strips and keep the weights that read those of held-out writers best."""
    written: dict[str, Kind] = {"last.pth": "checkpoint", "best.pth": "checkpoint"}
    refuse_overwriting(outputs_in("--out", out, written), filter(None, [folder, begin]), overwrite)
    require("torch")
    import torch

    from training import row_training
    from training.run import alone_in

    torch.set_num_threads(threads)
    with exit_codes(), alone_in(out):
        row_training.train(folder, minutes * 60, rate, workers, seed, out, begin, go_on)


if __name__ == "__main__":
    main()
