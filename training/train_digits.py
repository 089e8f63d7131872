"""Train a digit network: `train-digits --data FOLDER`, or without --data on MNIST fetched from its mirrors.

The shipped weights, one seed, 20 epochs and 5 milder ones on two x86-64 cores in 58 minutes: 99.39 % of the MNIST test
set, calibration error 0.001; every other figure and both commands are in models/README.md.
"""

from pathlib import Path
from typing import Any

import click

from realtime.commands.console import FloatRange, console_command, exit_codes
from realtime.commands.options import device_option, overwrite_option, refuse_overwriting
from realtime.outputs.guard import Kind, outputs_in
from training.recipe import ARCHITECTURES, AUGMENTATIONS, CLASSES, DIGITS, Recipe
from training.requirements import require

WRITTEN: dict[str, Kind] = {
    **dict.fromkeys(("last.pth", "best.pth"), "checkpoint"),
    "metrics.jsonl": "metrics",
    "curves.png": "picture",
}


@console_command
@click.option(
    "--data", "folder", type=click.Path(path_type=Path), help="Folder with MNIST's four files.  [default: fetch]"
)
@click.option(
    "--extra",
    multiple=True,
    nargs=2,
    type=(click.Path(path_type=Path), FloatRange(0)),
    metavar="PATH WEIGHT",
    help="More labelled data: npz, folders 0 to 9 and not-a-digit, clips without digits.",
)
@click.option("--without", multiple=True, metavar="PATTERN", help="Labels or clips of --extra to leave out.")
@click.option("--arch", type=click.Choice(ARCHITECTURES), default="digitcnn", show_default=True)
@click.option("--reject/--digits-only", default=True, show_default=True, help="With the class 'not a digit' or not.")
@click.option(
    "--augment",
    type=click.Choice(AUGMENTATIONS),
    default="camera",
    show_default=True,
    help="Other hands seen by cameras, other hands alone, or no change.",
)
@click.option("--negatives", type=click.IntRange(0), default=6500, show_default=True, help="Non-digits drawn an epoch.")
@click.option(
    "--forms",
    "allographs",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Digits drawn an epoch in forms that MNIST hardly has: flagged 1s, crossed 7s.",
)
@click.option("--epochs", type=click.IntRange(1), default=20, show_default=True)
@click.option("--batch", type=click.IntRange(2), default=128, show_default=True)
@click.option("--rate", type=FloatRange(0, min_open=True), default=4e-3, show_default=True, help="Highest rate.")
@click.option(
    "--patience", type=click.IntRange(0), default=0, help="Stop after so many epochs without gain.  [0: never]"
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--target", type=FloatRange(0, 100), help="Fail below this accuracy on the test set, percent.")
@device_option
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/digits"), show_default=True)
@click.option("--from", "start_from", type=click.Path(path_type=Path), help="Checkpoint to train on.  [default: none]")
@click.option(
    "--settle",
    "mild",
    type=FloatRange(0, 1),
    default=0.25,
    show_default=True,
    help="Share of the epochs, the last, with mild augmentation.",
)
@click.option("--resume", is_flag=True, help="Go on where the run in --out was left.")
@overwrite_option
def main(target: float | None, device: str, reject: bool, overwrite: bool, **options: Any) -> None:  # noqa: ANN401
    """Train, keep the epoch that is best in validation, calibrate it, and look at the test set once."""
    files = {name: options.pop(name) for name in ("folder", "extra", "without", "out", "start_from", "resume")}
    read = filter(None, (files["folder"], files["start_from"], *(path for path, _ in files["extra"])))
    refuse_overwriting(outputs_in("--out", files["out"], WRITTEN), read, overwrite)
    require("torch")
    from training import digit_training

    data = digit_training.TrainingFiles(**files)
    recipe = Recipe(classes=CLASSES if reject else DIGITS, **options)
    with exit_codes():
        accuracy = digit_training.train_distributed(recipe, device, data)
        if target is not None and 100 * accuracy < target:
            raise ValueError(f"test accuracy {100 * accuracy:.2f} % misses the target of {target:g} %")


if __name__ == "__main__":
    main()
