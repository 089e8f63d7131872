"""Measure and calibrate a network's confidence: temperature, expected calibration error, AUROC, digit scores."""

import torch
from torch import Tensor
from torch.nn import functional

from realtime.reading.classifier import NOT_A_DIGIT

KEPT_SHARE = 0.995  # of the validation digits that the threshold of a checkpoint keeps; set by hand


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """Return the temperature that gives logits (N, C) the least cross-entropy against labels (N,), within 0.25 to 4."""
    candidates = torch.logspace(-2, 2, 401, base=2, dtype=torch.float64)
    losses = [functional.cross_entropy(logits.double() / t, labels).item() for t in candidates]
    return float(candidates[int(torch.tensor(losses).argmin())])


def fit_threshold(probabilities: Tensor, labels: Tensor, classes: tuple[str, ...]) -> float:
    """Return the digit score that KEPT_SHARE of the digits among probabilities (N, C) with labels (N,) reach."""
    return torch.quantile(digit_scores(probabilities, classes)[labels < 10], 1 - KEPT_SHARE).item()


def calibration_error(probabilities: Tensor, labels: Tensor, bins: int = 15) -> float:
    """Return the expected calibration error of probabilities (N, C): confidence against accuracy in equal bins."""
    confidence, chosen = probabilities.double().max(dim=1)
    right = (chosen == labels).double()
    place = (confidence * bins).long().clamp(max=bins - 1)
    error = 0.0
    for b in range(bins):
        members = place == b
        if members.any():
            gap = abs(confidence[members].mean().item() - right[members].mean().item())
            error += members.double().mean().item() * gap
    return error


def auroc(positive: Tensor, negative: Tensor) -> float:
    """Return the chance that one of `positive` (N,) scores above one of `negative` (M,), ties counted half."""
    scores = torch.cat([positive, negative]).double()
    values, inverse, counts = scores.unique(return_inverse=True, return_counts=True)
    last = counts.cumsum(0).double()
    ranks = (last - (counts.double() - 1) / 2)[inverse]
    n, m = len(positive), len(negative)
    return ((ranks[:n].sum() - n * (n + 1) / 2) / (n * m)).item()


def digit_scores(probabilities: Tensor, classes: tuple[str, ...]) -> Tensor:
    """Return how much each row of probabilities (N, C) speaks for some one digit: the likeliest digit's share, (N,)."""
    return probabilities[:, : 10 if NOT_A_DIGIT in classes else len(classes)].max(dim=1).values
