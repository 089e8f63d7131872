"""Train a digit network from its data to a calibrated checkpoint."""

import os
import platform
import shlex
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import distributed, nn

from realtime.commands.console import INTERRUPTED, note
from realtime.reading import crops
from training import calibrate, checkpoint, data, negatives, train
from training.datasets import Dataset, load_dataset
from training.fetch import mnist_folder
from training.figures import save_figure
from training.model import parameters
from training.recipe import VALIDATION_SHARE, Recipe
from training.run import Run, alone_in, resume_run, start_run

VALIDATION_NEGATIVES = 1000  # drawn non-digits in validation, at most


@dataclass(frozen=True)
class TrainingFiles:
    """Where a run reads and writes.

    folder: MNIST's four files, None to fetch them. extra: more labelled data, each with how often an epoch shows it,
    but for the labels `without`. out: the folder of the run. start_from: a checkpoint to begin with. resume: go on with
    the run that lies in `out`.
    """

    folder: Path | None
    extra: tuple[tuple[Path, float], ...]
    without: tuple[str, ...]
    out: Path
    start_from: Path | None
    resume: bool


def train_distributed(recipe: Recipe, device: str, files: TrainingFiles) -> float:
    """Train alone, or as one of torchrun's processes; return the accuracy on the test set.

    Raises DataError for data, CheckpointRefusedError for a checkpoint, ValueError for a device that cannot be had.
    Ctrl-C exits with status 130 and says how to go on.
    """
    place = find_device(device)
    if "WORLD_SIZE" in os.environ:
        distributed.init_process_group("nccl" if place.type == "cuda" else "gloo")
    try:
        with alone_in(files.out) if is_first() else nullcontext():
            return train_network(recipe, place, files)
    except KeyboardInterrupt:
        kept = (files.out / "last.pth").is_file()
        goes_on = f"the last whole epoch is kept in {files.out}, go on with --resume"
        note(f"interrupted: {goes_on if kept else 'no epoch was whole yet, nothing is kept'}")
        sys.exit(INTERRUPTED)
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()


def is_first() -> bool:
    """Tell whether this process trains alone, or is the first of torchrun's."""
    return not distributed.is_initialized() or distributed.get_rank() == 0


def train_network(recipe: Recipe, device: torch.device, files: TrainingFiles) -> float:
    """Run a recipe from data to `best.pth`; return the accuracy on the test set, which is read last."""
    began = time.perf_counter()
    mnist = files.folder or mnist_folder()
    datasets, validation = load_data(recipe, mnist, files.extra, files.without)
    last = files.out / "last.pth"
    earlier = load_matching(files.start_from, recipe) if files.start_from else None
    if files.resume and last.is_file():
        run = resume_run(last, recipe, device)
    else:
        run = start_run(recipe, device, earlier[0].state_dict() if earlier else None)
    if is_first():
        counts = ", ".join(f"{s.name} {len(s.labels)} x {s.weight:g}" for s in datasets)
        count = parameters(run.model)
        note(f"{recipe.arch}, {count} parameters, on {device}: {counts}; validation {len(validation.labels)}")
    train.fit(run, recipe, datasets, validation, files.out if is_first() else None)
    metadata = evaluate(run, recipe, validation, data.read_mnist(mnist, "test"))
    if is_first():
        history = run.progress.history
        metadata |= {
            "data": [f"{s.name}: {len(s.labels)} crops x {s.weight:g}" for s in datasets],
            "command": typed_command(),
            "started_from": str(earlier[1].get("command", "")) if earlier else "",
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, {device_name(device)}, "
            f"torch {torch.__version__}",
        }
        checkpoint.save(files.out / "best.pth", run.averaged, metadata)
        draw_curves(history, files.out / "curves.png")
        note(
            f"{files.out / 'best.pth'}: test {100 * metadata['accuracy']:.2f} %, calibration error "
            f"{metadata['calibration_error']:.4f}, temperature {metadata['temperature']:.2f}, threshold "
            f"{metadata['threshold']:.3f}, best epoch {run.progress.best_epoch} of {len(history)}, "
            f"{metadata['seconds']:.0f} s of training and {time.perf_counter() - began:.0f} s in all on "
            f"{device_name(device)}"
        )
    return float(metadata["accuracy"])


def evaluate(run: Run, recipe: Recipe, validation: Dataset, test: tuple[torch.Tensor, torch.Tensor]) -> dict[str, Any]:
    """Load a run's best weights, fit temperature and threshold on validation, and return metadata with test figures."""
    run.averaged.load_state_dict(run.best)
    device = next(run.averaged.parameters()).device
    logits = train.predict(run.averaged, validation.crops.to(device))
    temperature = calibrate.fit_temperature(logits, validation.labels)
    calibrated = torch.softmax(logits / temperature, dim=1)
    crops_of_test, labels = test
    probabilities = torch.softmax(train.predict(run.averaged, crops_of_test.to(device)) / temperature, dim=1)
    return {
        "arch": recipe.arch,
        "classes": list(recipe.classes),
        "crop_version": crops.VERSION,
        "temperature": temperature,
        "threshold": calibrate.fit_threshold(calibrated, validation.labels, recipe.classes),
        "accuracy": (probabilities.argmax(dim=1) == labels).double().mean().item(),
        "calibration_error": calibrate.calibration_error(probabilities, labels),
        "validation_accuracy": run.progress.best,
        "best_epoch": run.progress.best_epoch,
        "seed": recipe.seed,
        "recipe": recipe.to_dict(),
        "seconds": sum(line["seconds"] for line in run.progress.history),
        "history": run.progress.history,
    }


def load_matching(path: Path, recipe: Recipe) -> tuple[nn.Module, dict[str, Any]]:
    """Load a checkpoint to begin with. Raises CheckpointRefusedError where it is of another network."""
    model, metadata = checkpoint.load(path)
    if metadata["arch"] != recipe.arch or tuple(metadata["classes"]) != recipe.classes:
        raise checkpoint.CheckpointRefusedError(
            f"{path} is a {metadata['arch']} of {len(metadata['classes'])} classes, not the {recipe.arch} of "
            f"{len(recipe.classes)} to be trained: name another file, or leave --from out"
        )
    return model, metadata


def load_data(
    recipe: Recipe, mnist: Path, extra: tuple[tuple[Path, float], ...], without: tuple[str, ...]
) -> tuple[list[Dataset], Dataset]:
    """Return the datasets to train on, MNIST first, and one of all that is held out for validation."""
    images, labels = data.read_mnist(mnist, "train")
    kept, held = data.split(labels, VALIDATION_SHARE, seed=0)
    datasets, parts = [Dataset("MNIST", images[kept], labels[kept])], [(images[held], labels[held])]
    for path, weight in extra:
        dataset = load_dataset(path, weight, without)
        known = dataset.labels < len(recipe.classes)
        images, labels = dataset.crops[known], dataset.labels[known]
        if not len(labels):
            raise data.DataError(f"{path} holds no picture of the classes {', '.join(recipe.classes)}")
        kept, held = data.last_tenth(labels)
        datasets.append(Dataset(dataset.name, images[kept], labels[kept], weight))
        parts.append((images[held], labels[held]))
    if recipe.negatives and len(recipe.classes) > 10:
        rng = np.random.default_rng(2**31)  # a stream that no epoch draws from
        count = min(VALIDATION_NEGATIVES, recipe.negatives)
        drawn = torch.from_numpy(negatives.draw(count, parts[0][0].numpy(), parts[0][1].numpy(), rng))
        parts.append((drawn, torch.full((len(drawn),), 10)))
    return datasets, Dataset("validation", torch.cat([c for c, _ in parts]), torch.cat([y for _, y in parts]))


def draw_curves(history: list[dict[str, float]], path: Path) -> None:
    """Draw loss and validation accuracy over the epochs into a PNG, whole or not at all."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = [line["epoch"] for line in history]
    # Markers, as one epoch alone draws no line.
    left.plot(epochs, [line["loss"] for line in history], marker="o", label="training, augmented")
    left.plot(epochs, [line["validation_loss"] for line in history], marker="o", label="validation")
    left.set(xlabel="epoch", ylabel="cross-entropy", yscale="log")
    left.legend()
    right.plot(epochs, [100 * line["validation_accuracy"] for line in history], marker="o", label="validation")
    right.set(xlabel="epoch", ylabel="accuracy, %")
    right.legend()
    for axis in (left, right):
        axis.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    save_figure(figure, path)


def find_device(name: str) -> torch.device:
    """Return the device of that name, "auto", "cpu" or "cuda[:N]". Raises ValueError where it cannot be had."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and "LOCAL_RANK" in os.environ:
        name = f"cuda:{os.environ['LOCAL_RANK']}"
    if name != "cpu" and not torch.cuda.is_available():
        raise ValueError(f"--device {name} cannot be had: torch finds no CUDA here; use --device cpu")
    return torch.device(name)


def device_name(device: torch.device) -> str:
    """Return the product name of a GPU, or "CPU"."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def typed_command() -> str:
    """Return the command that was typed, to be typed again, but for where its files went."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    program = "train-digits" if world == 1 else f"torchrun --nproc-per-node {world} -m training.train_digits"
    words = sys.argv[1:]
    if "--out" in words:
        place = words.index("--out")
        words = words[:place] + words[place + 2 :]
    return shlex.join([*program.split(), *words])
