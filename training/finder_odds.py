"""Fit what finder and classifier weigh: how sure it is that something is a digit, and which; on held-out scenes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.reading.classifier import Classifier
from realtime.reading.finder import OUTPUT, Finder
from realtime.reading.found import Found, evidence, find, mixed
from training.scenes.truth import Scene

RIDGE = 1e-2  # keeps the fit finite where the scenes are parted without an error
STEPS = np.linspace(0, 3, 31)  # shares that are tried


@dataclass(frozen=True)
class Samples:
    """What both networks say of N things found on scenes, as in `Found`, and the digits that they are, -1 for none."""

    told: NDArray[np.float64]
    classified: NDArray[np.float32]
    named: NDArray[np.float32]
    labels: NDArray[np.int64]


def samples(finder: Finder, classifier: Classifier, scenes: list[Scene]) -> Samples:
    """Return all that is found on scenes and of which anybody can tell what it is."""
    parts = []
    for scene in scenes:
        found = find(scene.image, finder, classifier)
        labels, known = _truth(found, scene)
        told = evidence(found.scores, found.junk)
        parts.append([array[known] for array in (told, found.classified, found.named, labels)])
    return Samples(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def fit(told: NDArray[np.float64], true: NDArray[np.bool_]) -> tuple[float, ...]:
    """Return weights and offset of a logistic regression of `true` (N,) on evidence (N, K), by Newton's method."""
    x = np.column_stack([told, np.ones(len(told))])
    weights = np.zeros(x.shape[1])
    for _ in range(25):
        chance = 1 / (1 + np.exp(-x @ weights))
        slope = x.T @ (true - chance) - RIDGE * weights
        bend = (x * (chance * (1 - chance))[:, None]).T @ x + RIDGE * np.eye(len(weights))
        weights = weights + np.linalg.solve(bend, slope)
    return tuple(float(w) for w in weights)


def share(drawn: Samples) -> tuple[float, float]:
    """Return the shares of classifier and finder in naming a digit by which the true ones are likeliest."""
    digits = drawn.labels >= 0
    labels = drawn.labels[digits]
    likelihood = {}
    for a in STEPS.tolist():
        for b in STEPS.tolist():
            chances = mixed(drawn.classified[digits], drawn.named[digits], (a, b))
            likelihood[a, b] = float(np.log(chances[np.arange(len(labels)), labels] + 1e-6).sum())
    return max(likelihood, key=lambda pair: likelihood[pair])


def _truth(found: Found, scene: Scene) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return of each that was found the digit whose core is there, -1 for none, and whether anybody can tell."""
    half, count = scene.cores.shape[0], len(found.cores)
    labels, known = np.full(count, -1), np.zeros(count, bool)
    for k, (x, y, w, h) in enumerate((found.cores / OUTPUT).tolist()):
        spot = np.s_[max(int(y), 0) : min(int(y + h) + 1, half), max(int(x), 0) : min(int(x + w) + 1, half)]
        cores = scene.cores[spot]
        if (cores > 0).any():
            labels[k] = scene.digits[int(np.bincount(cores[cores > 0]).argmax()) - 1].label
        known[k] = cores.size > 0 and (scene.weight[spot] > 0).mean() > 0.5
    return labels, known
