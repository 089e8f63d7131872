"""Time to 99.3 % of MNIST's test set: this project's training against the usual recipe, in one run on one machine.

`python -m training.benchmark_training --data FOLDER`. Usual: Adam 1e-3, batch 64, constant rate, no augmentation, the
network as PyTorch lays it out. Ours: one cycle of few epochs, batch 128, channels last, averaged weights. Both are held
against the test set after each epoch, for here it is the time to a mark that is measured; nothing is chosen by it.
Measured on two x86-64 cores with other work beside it, seeds 0, 1 and 2: ours passed the mark in 73, 145 and 93 s (the
second of 3 epochs each time), the usual recipe in 523, 970 and 273 s (8, 7 and 3 epochs); the medians are 5.6 times
apart.
"""

import json
import statistics
import time
from pathlib import Path

import click
import torch
from torch import Tensor, nn
from torch.nn import functional

from realtime.commands.console import console_command, exit_codes, note
from training import data, train
from training.fetch import mnist_folder
from training.model import DIGITS, build, scaled
from training.run import Recipe, start
from training.sources import Source


@console_command
@click.option("--data", "folder", type=click.Path(path_type=Path), help="Folder with MNIST's files.  [default: fetch]")
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--mark", type=click.FloatRange(0, 100), default=99.3, show_default=True, help="Test accuracy, percent.")
@click.option("--epochs", type=click.IntRange(1), default=3, show_default=True, help="Of our cycle.")
@click.option(
    "--most", type=click.IntRange(1), default=20, show_default=True, help="Epochs of the usual recipe at most."
)
@click.option("--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="Write all figures as JSON.")
def main(folder: Path | None, seeds: int, mark: float, epochs: int, most: int, json_path: Path | None) -> None:
    """Train both ways with each seed and tell when each passed the mark."""
    with exit_codes():
        mnist = folder or mnist_folder()
        digits, test = data.read_mnist(mnist, "train"), data.read_mnist(mnist, "test")
        times: dict[str, list[float]] = {"usual": [], "ours": []}
        click.echo(
            "| seed | recipe | seconds to the mark | epochs | accuracy after each epoch, % |\n|---|---|---|---|---|"
        )
        for seed in range(seeds):
            for name, curve in (
                ("ours", ours(digits, test, seed, epochs)),
                ("usual", usual(digits, test, seed, mark, most)),
            ):
                reached = next((s for s, accuracy in curve if 100 * accuracy >= mark), float("inf"))
                times[name].append(reached)
                shown = " ".join(f"{100 * accuracy:.2f}" for _, accuracy in curve)
                click.echo(f"| {seed} | {name} | {reached:.0f} | {len(curve)} | {shown} |")
        middle = {name: statistics.median(values) for name, values in times.items()}
        click.echo(
            f"\nmedian: ours {middle['ours']:.0f} s, usual {middle['usual']:.0f} s, "
            f"{middle['usual'] / middle['ours']:.1f} times as fast"
        )
        if json_path is not None:
            json_path.write_text(json.dumps({"mark": mark, "seconds": times}, indent=1) + "\n", encoding="utf-8")


def usual(
    digits: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor], seed: int, mark: float, most: int
) -> list[tuple[float, float]]:
    """Train by the usual recipe up to the mark; return seconds of training so far and test accuracy, epoch by epoch."""
    torch.manual_seed(seed)
    model = build("digitcnn", 10)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    crops, labels = digits
    curve: list[tuple[float, float]] = []
    seconds = 0.0
    while len(curve) < most and not (curve and 100 * curve[-1][1] >= mark):
        began = time.perf_counter()
        model.train()
        for indices in torch.randperm(len(labels)).split(64):
            loss = functional.cross_entropy(model(scaled(crops[indices])), labels[indices])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        seconds += time.perf_counter() - began
        curve.append((seconds, _accuracy(model, test)))
        note(f"usual, seed {seed}: {100 * curve[-1][1]:.2f} % after {seconds:.0f} s")
    return curve


def ours(
    digits: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor], seed: int, epochs: int
) -> list[tuple[float, float]]:
    """Train by one short cycle; return seconds of training so far and test accuracy, epoch by epoch."""
    recipe = Recipe(classes=DIGITS, epochs=epochs, augment="none", average=0.99, rate=6e-3, seed=seed)
    run = start(recipe, torch.device("cpu"))
    few = Source("validation", digits[0][:1000], digits[1][:1000])
    curve: list[tuple[float, float]] = []
    seconds = 0.0
    for epoch in range(1, epochs + 1):
        began = time.perf_counter()
        train.fit(run, recipe, [Source("MNIST", *digits)], few, None, until=epoch)
        seconds += time.perf_counter() - began
        curve.append((seconds, _accuracy(run.averaged, test)))
    return curve


def _accuracy(model: nn.Module, test: tuple[Tensor, Tensor]) -> float:
    return (train.predict(model, test[0]).argmax(dim=1) == test[1]).double().mean().item()


if __name__ == "__main__":
    main()
