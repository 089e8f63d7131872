"""Fit how sure it is that something found is a digit, from what finder and classifier say, on held-out scenes."""

import numpy as np
from numpy.typing import NDArray

from realtime.reading.classifier import Classifier
from realtime.reading.finder import Finder
from realtime.reading.found import Found, evidence, find
from training.scenes.truth import Scene

RIDGE = 1e-2  # keeps the fit finite where the scenes are parted without an error


def samples(
    finder: Finder, classifier: Classifier, scenes: list[Scene]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the evidence for all that is found on scenes, (N, 2), and whether it is a digit, (N,)."""
    told, true = [], []
    for scene in scenes:
        found = find(scene.image, finder, classifier)
        digit, known = _truth(found, scene)
        told.append(evidence(found.scores, found.junk)[known])
        true.append(digit[known])
    return np.concatenate(told), np.concatenate(true)


def fit(told: NDArray[np.float64], true: NDArray[np.bool_], ridge: float = RIDGE) -> tuple[float, ...]:
    """Return weights and offset of a logistic regression of `true` (N,) on evidence (N, K), by Newton's method."""
    x = np.column_stack([told, np.ones(len(told))])
    weights = np.zeros(x.shape[1])
    for _ in range(25):
        chance = 1 / (1 + np.exp(-x @ weights))
        slope = x.T @ (true - chance) - ridge * weights
        bend = (x * (chance * (1 - chance))[:, None]).T @ x + ridge * np.eye(len(weights))
        weights = weights + np.linalg.solve(bend, slope)
    return tuple(float(w) for w in weights)


def _truth(found: Found, scene: Scene) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell of each that was found whether a digit's core is there, and whether anybody can tell."""
    count = len(found.cores)
    digit, known = np.zeros(count, bool), np.zeros(count, bool)
    for k, core in enumerate(found.cores):
        spot = scene.spot(core)
        digit[k] = bool((scene.cores[spot] > 0).any())
        known[k] = scene.cores[spot].size > 0 and (scene.weight[spot] > 0).mean() > 0.5
    return digit, known
