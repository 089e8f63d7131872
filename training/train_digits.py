"""Train a digit network: `train-digits --data FOLDER`, or without --data on MNIST fetched from its mirrors.

The shipped weights, one seed, 20 epochs and 5 milder ones on two x86-64 cores in 58 minutes: 99.39 % of the MNIST test
set, calibration error 0.001; every other figure and both commands are in models/README.md.
"""

import os
import platform
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import distributed

from realtime.commands.console import console_command, exit_codes, note
from realtime.commands.options import device_option
from realtime.reading import crops
from training import calibrate, checkpoint, data, negatives, train
from training.fetch import mnist_folder
from training.model import ARCHITECTURES, CLASSES, DIGITS, parameters
from training.run import Recipe, plain, resume, start
from training.sources import Source, load

HELD_OUT = 5000 / 60000  # of MNIST's training set, for validation; of other sources the last tenth of each class
DRAWN_FOR_VALIDATION = 1000
KEPT = 0.995  # share of validation digits that the shipped threshold keeps


@console_command
@click.option(
    "--data", "folder", type=click.Path(path_type=Path), help="Folder with MNIST's four files.  [default: fetch]"
)
@click.option(
    "--extra",
    multiple=True,
    nargs=2,
    type=(click.Path(path_type=Path), click.FloatRange(0)),
    metavar="PATH WEIGHT",
    help="More labelled data: npz, folders 0 to 9 and not-a-digit, clips without digits.",
)
@click.option("--without", multiple=True, metavar="PATTERN", help="Labels or clips of --extra to leave out.")
@click.option("--arch", type=click.Choice(sorted(ARCHITECTURES)), default="digitcnn", show_default=True)
@click.option("--reject/--digits-only", default=True, show_default=True, help="With the class 'not a digit' or not.")
@click.option(
    "--augment",
    type=click.Choice(train.AUGMENTATIONS),
    default="camera",
    show_default=True,
    help="Other hands seen by cameras, other hands alone, or no change.",
)
@click.option("--negatives", type=click.IntRange(0), default=6500, show_default=True, help="Non-digits drawn an epoch.")
@click.option(
    "--forms",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Digits drawn an epoch in forms that MNIST hardly has: flagged 1s, crossed 7s.",
)
@click.option("--epochs", type=click.IntRange(1), default=20, show_default=True)
@click.option("--batch", type=click.IntRange(2), default=128, show_default=True)
@click.option("--rate", type=click.FloatRange(0, min_open=True), default=4e-3, show_default=True, help="Highest rate.")
@click.option(
    "--patience", type=click.IntRange(0), default=0, help="Stop after so many epochs without gain.  [0: never]"
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--target", type=click.FloatRange(0, 100), help="Fail below this accuracy on the test set, percent.")
@device_option
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/digits"), show_default=True)
@click.option("--from", "begin", type=click.Path(path_type=Path), help="Checkpoint to train further.  [default: none]")
@click.option(
    "--settle",
    type=click.FloatRange(0, 1),
    default=0.25,
    show_default=True,
    help="Share of the epochs, the last, with mild augmentation.",
)
@click.option("--resume", "go_on", is_flag=True, help="Go on where the run in --out was left.")
def main(
    folder: Path | None,
    extra: tuple[tuple[Path, float], ...],
    without: tuple[str, ...],
    out: Path,
    begin: Path | None,
    go_on: bool,
    target: float | None,
    device: str,
    **options: Any,  # noqa: ANN401
) -> None:
    """Train, keep the epoch that is best in validation, calibrate it, and look at the test set once."""
    recipe = Recipe(classes=CLASSES if options.pop("reject") else DIGITS, **options)
    with exit_codes():
        place = _device(device)
        if "WORLD_SIZE" in os.environ:
            distributed.init_process_group("nccl" if place.type == "cuda" else "gloo")
        try:
            accuracy = _train(recipe, place, folder, extra, without, out, begin, go_on)
        except KeyboardInterrupt:
            note(f"interrupted: the last whole epoch is kept in {out}, go on with --resume")
            sys.exit(130)
        finally:
            if distributed.is_initialized():
                distributed.destroy_process_group()
        if target is not None and 100 * accuracy < target:
            raise ValueError(f"test accuracy {100 * accuracy:.2f} % misses the target of {target:g} %")


def _train(
    recipe: Recipe,
    place: torch.device,
    folder: Path | None,
    extra: tuple[tuple[Path, float], ...],
    without: tuple[str, ...],
    out: Path,
    begin: Path | None,
    go_on: bool,
) -> float:
    """Run a recipe from data to `best.pth`; return the accuracy on the test set, which is read last."""
    began = time.perf_counter()
    mnist = folder or mnist_folder()
    sources, valid = gather(recipe, mnist, extra, without)
    first = not distributed.is_initialized() or distributed.get_rank() == 0
    last = out / "last.pth"
    earlier = _earlier(begin, recipe) if begin else None
    weights = earlier[0].state_dict() if earlier else None
    run = resume(last, recipe, place) if go_on and last.is_file() else start(recipe, place, weights)
    if first:
        counts = ", ".join(f"{s.name} {len(s.labels)} x {s.weight:g}" for s in sources)
        note(f"{recipe.arch}, {parameters(run.model)} parameters, on {place}: {counts}; validation {len(valid.labels)}")
    train.fit(run, recipe, sources, valid, out if first else None)
    run.averaged.load_state_dict(run.best)
    logits = train.predict(run.averaged, valid.crops.to(place))
    temperature = calibrate.fit_temperature(logits, valid.labels)
    sure = calibrate.digit_scores(torch.softmax(logits / temperature, dim=1), recipe.classes)
    threshold = torch.quantile(sure[valid.labels < 10], 1 - KEPT).item()
    test_crops, test_labels = data.read_mnist(mnist, "test")
    probabilities = torch.softmax(train.predict(run.averaged, test_crops.to(place)) / temperature, dim=1)
    accuracy = (probabilities.argmax(dim=1) == test_labels).double().mean().item()
    if not first:
        return accuracy
    history = run.progress.history
    metadata = {
        "arch": recipe.arch,
        "classes": list(recipe.classes),
        "crop_version": crops.VERSION,
        "temperature": temperature,
        "threshold": threshold,
        "accuracy": accuracy,
        "calibration_error": calibrate.calibration_error(probabilities, test_labels),
        "validation_accuracy": run.progress.best,
        "best_epoch": run.progress.best_epoch,
        "seed": recipe.seed,
        "recipe": plain(recipe),
        "data": [f"{s.name}: {len(s.labels)} crops x {s.weight:g}" for s in sources],
        "command": _command(),
        "started_from": str(earlier[1].get("command", "")) if earlier else "",
        "seconds": sum(line["seconds"] for line in history),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {_name(place)}, torch {torch.__version__}",
        "history": history,
    }
    checkpoint.save(out / "best.pth", run.averaged, metadata)
    draw_curves(history, out / "curves.png")
    note(
        f"{out / 'best.pth'}: test {100 * accuracy:.2f} %, calibration error {metadata['calibration_error']:.4f}, "
        f"temperature {temperature:.2f}, threshold {threshold:.3f}, best epoch {run.progress.best_epoch} of "
        f"{len(history)}, {metadata['seconds']:.0f} s of training and {time.perf_counter() - began:.0f} s in all on "
        f"{_name(place)}"
    )
    return accuracy


def _earlier(path: Path, recipe: Recipe) -> tuple[torch.nn.Module, dict[str, Any]]:
    """Load the checkpoint to train further. Raises CheckpointRefusedError where it is of another network."""
    model, told = checkpoint.load(path)
    if told["arch"] != recipe.arch or tuple(told["classes"]) != recipe.classes:
        raise checkpoint.CheckpointRefusedError(
            f"{path} is a {told['arch']} of {len(told['classes'])} classes, not the {recipe.arch} of "
            f"{len(recipe.classes)} to be trained: name another file, or leave --from out"
        )
    return model, told


def gather(
    recipe: Recipe, mnist: Path, extra: tuple[tuple[Path, float], ...], without: tuple[str, ...]
) -> tuple[list[Source], Source]:
    """Return the sources to train on, MNIST first, and one source of all that is held out for validation."""
    images, labels = data.read_mnist(mnist, "train")
    kept, held = data.split(labels, HELD_OUT, seed=0)
    sources, parts = [Source("MNIST", images[kept], labels[kept])], [(images[held], labels[held])]
    for path, weight in extra:
        source = load(path, weight, without)
        known = source.labels < len(recipe.classes)
        images, labels = source.crops[known], source.labels[known]
        if not len(labels):
            raise data.DataError(f"{path} holds no picture of the classes {', '.join(recipe.classes)}")
        kept, held = data.last_tenth(labels)
        sources.append(Source(source.name, images[kept], labels[kept], weight))
        parts.append((images[held], labels[held]))
    if recipe.negatives and len(recipe.classes) > 10:
        rng = np.random.default_rng(2**31)  # a stream that no epoch draws from
        count = min(DRAWN_FOR_VALIDATION, recipe.negatives)
        drawn = torch.from_numpy(negatives.draw(count, parts[0][0].numpy(), parts[0][1].numpy(), rng))
        parts.append((drawn, torch.full((len(drawn),), 10)))
    return sources, Source("validation", torch.cat([c for c, _ in parts]), torch.cat([y for _, y in parts]))


def draw_curves(history: list[dict[str, float]], path: Path) -> None:
    """Draw loss and validation accuracy over the epochs into a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    epochs = [line["epoch"] for line in history]
    left.plot(epochs, [line["loss"] for line in history], label="training, augmented")
    left.plot(epochs, [line["validation_loss"] for line in history], label="validation")
    left.set(xlabel="epoch", ylabel="cross-entropy", yscale="log")
    left.legend()
    right.plot(epochs, [100 * line["validation_accuracy"] for line in history])
    right.set(xlabel="epoch", ylabel="validation accuracy, %")
    temporary = path.with_name(path.name + ".tmp")
    figure.savefig(temporary, format="png", dpi=110)
    pyplot.close(figure)
    temporary.replace(path)


def _device(name: str) -> torch.device:
    """Return the device asked for. Raises ValueError where it cannot be had."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and "LOCAL_RANK" in os.environ:
        name = f"cuda:{os.environ['LOCAL_RANK']}"
    if name != "cpu" and not torch.cuda.is_available():
        raise ValueError(f"--device {name} cannot be had: torch finds no CUDA here; use --device cpu")
    return torch.device(name)


def _name(place: torch.device) -> str:
    return torch.cuda.get_device_name(place) if place.type == "cuda" else "CPU"


def _command() -> str:
    """Return the command that was typed, to be typed again, but for where its files went."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    program = "train-digits" if world == 1 else f"torchrun --nproc-per-node {world} -m training.train_digits"
    words = sys.argv[1:]
    if "--out" in words:
        place = words.index("--out")
        words = words[:place] + words[place + 2 :]
    return shlex.join([*program.split(), *words])


if __name__ == "__main__":
    main()
