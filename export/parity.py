"""Prove that an ONNX file says what its checkpoint says, by the very classifier that users run."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from export.graph import Reader
from realtime.classifier import Classifier
from realtime.crops import SIDE, stack

BATCHES = (0, 1, 2, 7, 64)
LARGEST_DIFFERENCE = 1e-5
TIE = 2 * LARGEST_DIFFERENCE  # two classes closer than this are a tie, and either may come first


class ParityError(ValueError):
    """An ONNX file that does not say what its checkpoint says."""


def check(path: Path, reader: Reader) -> float:
    """Compare the file with the network at each batch size and return the largest difference. Raises ParityError."""
    classifier = Classifier(path, "cpu")
    rng = np.random.default_rng(0)
    return max(compare(classifier, reader, _pictures(rng, count)) for count in BATCHES)


def compare(classifier: Classifier, reader: Reader, batch: NDArray[np.uint8]) -> float:
    """Return the largest difference of two networks on crops (N, 1, 28, 28) uint8. Raises ParityError."""
    count = len(batch)
    with torch.no_grad():
        expected = reader(torch.from_numpy(batch)).numpy()
    given = classifier(batch)
    if given.shape != expected.shape:
        raise ParityError(f"batch {count}: the file gives {given.shape}, the checkpoint {expected.shape}")
    if not count:
        return 0.0
    if not np.isfinite(given).all():
        raise ParityError(f"batch {count}: the file gives values that are not finite")
    difference = float(np.abs(given - expected).max())
    if difference > LARGEST_DIFFERENCE:
        raise ParityError(f"batch {count}: probabilities differ by {difference:.2g}, at most {LARGEST_DIFFERENCE:g}")
    top = np.sort(expected, axis=1)
    clear = top[:, -1] - top[:, -2] > TIE
    if (given.argmax(axis=1) != expected.argmax(axis=1))[clear].any():
        raise ParityError(f"batch {count}: the file and the checkpoint disagree on a class")
    return difference


def _pictures(rng: np.random.Generator, count: int) -> NDArray[np.uint8]:
    """Return crops of strokes, of noise, blank and full: no data needed, and no corner of the input left out."""
    patches = [np.zeros((SIDE, SIDE), np.uint8), np.full((SIDE, SIDE), 255, np.uint8)]
    patches += [_stroke(rng) for _ in range(count)]
    crops = stack(patches)[:count]
    crops[3::4] = rng.integers(0, 256, crops[3::4].shape, np.uint8)
    return crops


def _stroke(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a thick random walk, (40, 40) uint8."""
    patch = np.zeros((40, 40), np.uint8)
    spots = np.clip(20 + np.cumsum(rng.integers(-3, 4, (30, 2)), axis=0), 2, 37)
    for y, x in spots:
        patch[y - 2 : y + 2, x - 2 : x + 2] = 255
    return patch
