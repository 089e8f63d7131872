"""Train the CNN and the MLP alike, and measure and draw how each bears digits that are shifted, rotated and scaled."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from matplotlib import image
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional

from training import data, train
from training.augment import augment_camera, augment_hand
from training.datasets import Dataset
from training.fetch import mnist_folder
from training.figures import save_figure
from training.model import DigitCNN, parameters, scaled
from training.recipe import DIGITS, Recipe
from training.run import start_run

NAMES = {"digitcnn": "CNN", "mlp": "MLP, flattened"}
SAMPLES = 8  # augmented pictures of a digit on the sheet, by either augmentation


@dataclass(frozen=True)
class Movement:
    """A way to move digits: its title, the sizes tried, and what gives the moves (shift, turn, scale) of a size."""

    title: str
    sizes: tuple[float, ...]
    moves: Callable[[float], list[tuple[tuple[float, float], float, float]]]


MOVEMENTS = (
    Movement(
        "shift, pixels",
        (0, 1, 2, 3, 4, 5, 6),
        lambda size: [(way, 0, 1) for way in ((size, 0), (-size, 0), (0, size), (0, -size))],
    ),
    Movement("turn, degrees", (0, 10, 20, 30, 40), lambda size: [((0, 0), size, 1), ((0, 0), -size, 1)]),
    Movement("scale", (0.6, 0.8, 1.0, 1.2, 1.4), lambda size: [((0, 0), 0, size)]),
)


def compare_networks(folder: Path | None, out: Path, epochs: int, count: int | None, test_count: int, seed: int) -> str:
    """Train both networks, write the report and its pictures into `out`, and return the report in Markdown.

    folder: MNIST's files, None to fetch them. count: digits to train on, None for all. test_count: digits to move.
    """
    mnist = folder or mnist_folder()
    crops, labels = data.read_mnist(mnist, "train")
    kept, held = data.split(labels, 1 / 12, seed=0)
    kept = kept[: count or len(kept)]
    test, test_labels = data.read_mnist(mnist, "test")
    digits, validation = Dataset("MNIST", crops[kept], labels[kept]), Dataset("validation", crops[held], labels[held])
    table = "| network | parameters | training, s | ms a crop | test accuracy, % |\n|---|---|---|---|---|\n"
    curves, networks = {}, {}
    for arch, name in NAMES.items():
        model, seconds = _train(arch, epochs, seed, digits, validation)
        accuracy = 100 * train.accuracy(model, test, test_labels)
        table += (
            f"| {name} | {parameters(model):,} | {seconds:.0f} | {_milliseconds(model, test):.3f} | {accuracy:.2f} |\n"
        )
        moved = scaled(test[:test_count])
        curves[arch] = [
            [_accuracy_when_moved(model, moved, test_labels[:test_count], movement, size) for size in movement.sizes]
            for movement in MOVEMENTS
        ]
        networks[arch] = model
    for place, movement in enumerate(MOVEMENTS):
        table += f"\n| {movement.title} | {' | '.join(f'{size:g}' for size in movement.sizes)} |\n"
        table += f"|{'---|' * (len(movement.sizes) + 1)}\n"
        for arch, name in NAMES.items():
            table += f"| {name} | {' | '.join(f'{100 * accuracy:.1f}' for accuracy in curves[arch][place])} |\n"
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.md").write_text(table, encoding="utf-8")
    _draw_curves(curves, out / "moved.png")
    _draw_features(cast(DigitCNN, networks["digitcnn"]), scaled(test[:1]), out / "features.png")
    _draw_augmented(crops[kept], labels[kept], out / "augmented.png")
    return table


def move(pictures: Tensor, shift: tuple[float, float] = (0, 0), turn: float = 0, scale: float = 1) -> Tensor:
    """Return pictures (N, 1, 28, 28) float shifted by x, y pixels, turned by degrees and scaled."""
    angle, side = np.deg2rad(turn), pictures.shape[-1]
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    matrix = torch.tensor([[cos, sin, -2 * shift[0] / side], [-sin, cos, -2 * shift[1] / side]], dtype=pictures.dtype)
    grid = functional.affine_grid(matrix.expand(len(pictures), 2, 3), list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, align_corners=False)


def _accuracy_when_moved(model: nn.Module, pictures: Tensor, labels: Tensor, movement: Movement, size: float) -> float:
    """Return the accuracy on pictures (N, 1, 28, 28) float moved by one size, the mean over its directions."""
    moves = movement.moves(size)
    accuracies = []
    with torch.no_grad():
        for shift, turn, scale in moves if size else moves[:1]:
            batches = move(pictures, shift, turn, scale).split(1000)
            chosen = torch.cat([model(batch).argmax(dim=1) for batch in batches])
            accuracies.append((chosen == labels).double().mean().item())
    return float(np.mean(accuracies))


def _train(arch: str, epochs: int, seed: int, digits: Dataset, validation: Dataset) -> tuple[nn.Module, float]:
    """Train one network without augmentation; return it with the seconds it took."""
    recipe = Recipe(arch=arch, classes=DIGITS, epochs=epochs, augment="none", seed=seed)
    run = start_run(recipe, torch.device("cpu"))
    began = time.perf_counter()
    train.fit(run, recipe, [digits], validation, None)
    seconds = time.perf_counter() - began
    run.averaged.load_state_dict(run.best)
    return run.averaged, seconds


def _milliseconds(model: nn.Module, crops: Tensor) -> float:
    """Return the time of one crop in a batch of 64, ms, the median of 20."""
    batch, times = crops[:64], []
    for _ in range(20):
        began = time.perf_counter()
        train.predict(model, batch)
        times.append(time.perf_counter() - began)
    return 1000 * float(np.median(times)) / len(batch)


def _draw_curves(curves: dict[str, list[list[float]]], path: Path) -> None:
    """Draw the accuracy of both networks over the sizes of each movement."""
    figure = Figure(figsize=(13, 4), layout="constrained")
    axes = figure.subplots(1, 3, sharey=True)
    for place, (axis, movement) in enumerate(zip(axes, MOVEMENTS, strict=True)):
        for arch, name in NAMES.items():
            axis.plot(movement.sizes, [100 * a for a in curves[arch][place]], marker="o", label=name)
        axis.set_xlabel(movement.title)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("test accuracy, %")
    axes[0].legend()
    save_figure(figure, path)


def _draw_features(model: DigitCNN, picture: Tensor, path: Path) -> None:
    """Draw the first layer's 32 filters and, below, what each of them gives for a digit (1, 1, 28, 28) float."""
    convolution = cast(nn.Conv2d, model.features[0])
    filters = convolution.weight.detach()[:, 0]
    with torch.no_grad():
        maps = model.features[:3](picture)[0]
    figure = Figure(figsize=(16, 5.4), layout="constrained")
    axes = figure.subplots(5, 16)
    for axis in axes.flat:
        axis.set_axis_off()
    axes[0, 0].imshow(picture[0, 0].numpy(), cmap="gray")
    axes[0, 0].set_title("digit", fontsize=9)
    limit = filters.abs().max().item()
    for i in range(len(filters)):
        axes[1 + i // 16, i % 16].imshow(filters[i].numpy(), cmap="RdBu", vmin=-limit, vmax=limit)
        axes[3 + i // 16, i % 16].imshow(maps[i].numpy(), cmap="gray")
    axes[1, 0].set_title("filters", fontsize=9)
    axes[3, 0].set_title("what they see", fontsize=9)
    save_figure(figure, path)


def _draw_augmented(crops: Tensor, labels: Tensor, path: Path) -> None:
    """Draw a row of each digit: one picture as it is, then as other hands write it, and as cameras see that."""
    firsts = torch.cat([crops[labels == digit][:1] for digit in range(len(DIGITS))])
    generator = torch.Generator().manual_seed(0)
    augmented = [augment(firsts, generator, 0) for augment in (augment_hand, augment_camera) for _ in range(SAMPLES)]
    sheet = torch.cat([torch.cat(list(column[:, 0]), dim=0) for column in (firsts, *augmented)], dim=1)
    image.imsave(path, sheet.repeat_interleave(2, dim=0).repeat_interleave(2, dim=1).numpy(), cmap="gray_r")
