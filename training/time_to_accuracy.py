"""Train one network in two ways and hold it against the test set after each epoch, to tell which is there sooner."""

import time

import torch
from torch import Tensor
from torch.nn import functional

from realtime.commands.console import note
from training import train
from training.datasets import Dataset
from training.model import build, scaled
from training.recipe import DIGITS, Recipe
from training.run import start_run

Curve = list[tuple[float, float]]  # seconds of training so far and test accuracy, after each epoch


def train_as_usual(
    digits: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor], seed: int, mark: float, most: int
) -> Curve:
    """Train as tutorials do until the test accuracy passes the mark, percent, for `most` epochs at most."""
    torch.manual_seed(seed)
    model = build("digitcnn", 10)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    crops, labels = digits
    curve: Curve = []
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
        curve.append((seconds, train.accuracy(model, *test)))
        note(f"usual, seed {seed}: {100 * curve[-1][1]:.2f} % after {seconds:.0f} s")
    return curve


def train_by_one_cycle(digits: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor], seed: int, epochs: int) -> Curve:
    """Train by one short cycle of the learning rate."""
    recipe = Recipe(classes=DIGITS, epochs=epochs, augment="none", average=0.99, rate=6e-3, seed=seed)
    run = start_run(recipe, torch.device("cpu"))
    validation = Dataset("validation", digits[0][:1000], digits[1][:1000])
    curve: Curve = []
    seconds = 0.0
    for epoch in range(1, epochs + 1):
        began = time.perf_counter()
        train.fit(run, recipe, [Dataset("MNIST", *digits)], validation, None, until=epoch)
        seconds += time.perf_counter() - began
        curve.append((seconds, train.accuracy(run.averaged, *test)))
    return curve
