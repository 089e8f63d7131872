"""Measure a classifier on crops: accuracy, refusals and calibration on digits, acceptance and AUROC on non-digits."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from realtime.commands.console import note
from realtime.reading.classifier import NOT_A_DIGIT, Classifier
from training import calibrate
from training.datasets import Dataset

BATCH = 500  # crops that are classified at once; more need more memory only


def predict(classifier: Classifier, crops: Tensor) -> Tensor:
    """Return probabilities (N, C) of crops (N, 1, 28, 28) uint8."""
    return torch.from_numpy(np.concatenate([classifier(batch.numpy()) for batch in crops.split(BATCH)]))


def score(classifier: Classifier, dataset: Dataset) -> Tensor:
    """Return how much each crop of a dataset speaks for some one digit, (N,)."""
    return calibrate.digit_scores(predict(classifier, dataset.crops), classifier.classes)


def measure_digits(classifier: Classifier, dataset: Dataset, threshold: float) -> dict[str, Any]:
    """Return how digits fare; a picture in which none was found counts as misread. Other labels are passed over."""
    members = dataset.labels < 10
    labels, probabilities = dataset.labels[members], predict(classifier, dataset.crops[members])
    right = probabilities.argmax(dim=1) == labels
    confusion = torch.zeros((10, len(classifier.classes)), dtype=torch.int64)
    confusion.index_put_((labels, probabilities.argmax(dim=1)), torch.ones_like(labels), accumulate=True)
    kept = calibrate.digit_scores(probabilities, classifier.classes) >= threshold
    count = len(labels) + dataset.missed
    return {
        "name": dataset.name,
        "count": count,
        "lost": dataset.missed,
        "accuracy": right.sum().item() / count,
        "kept": kept.sum().item() / count,
        "kept_accuracy": (right & kept).sum().item() / max(1, kept.sum().item()),
        "calibration_error": calibrate.calibration_error(probabilities, labels),
        "confusion": confusion.tolist(),
    }


def describe_digits(figures: dict[str, Any]) -> str:
    """Return the figures of `measure_digits` as a line."""
    percent = {name: 100 * figures[name] for name in ("accuracy", "kept", "kept_accuracy")}
    return (
        f"{figures['name']:24} {figures['count']:6} digits   {percent['accuracy']:6.2f} % right "
        f"{percent['kept']:6.2f} % kept, of them {percent['kept_accuracy']:.2f} % right   "
        f"calibration error {figures['calibration_error']:.4f}"
    )


def measure_negatives(classifier: Classifier, dataset: Dataset, threshold: float, digits: Tensor) -> dict[str, Any]:
    """Return how what is no digit fares beside the scores of digits (N,); labels of digits are passed over."""
    if NOT_A_DIGIT not in classifier.classes:
        note(f"{classifier.path.name} has no class {NOT_A_DIGIT!r}: it can refuse by sureness alone")
    crops = dataset.crops[dataset.labels >= 10]
    scores = calibrate.digit_scores(predict(classifier, crops), classifier.classes)
    return {
        "name": dataset.name,
        "count": len(scores),
        "accepted": (scores >= threshold).double().mean().item(),
        "auroc": calibrate.auroc(digits, scores),
    }


def describe_negatives(figures: dict[str, Any]) -> str:
    """Return the figures of `measure_negatives` as a line."""
    return (
        f"{figures['name']:24} {figures['count']:6} others {100 * figures['accepted']:6.2f} % accepted   "
        f"AUROC {figures['auroc']:.4f}"
    )
