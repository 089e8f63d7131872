"""Prove that an ONNX file says what its checkpoint says, by the very classifier that users run."""

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray

from export.graph import CalibratedNetwork
from realtime.reading.classifier import Classifier
from realtime.reading.crops import SIDE, stack

BATCHES = (0, 1, 2, 7, 64)  # sizes that are compared: none, one, and others that no graph could have frozen
LARGEST_DIFFERENCE = 1e-5  # of a probability between torch and ONNX Runtime; 7e-7 was measured with what ships
TIE = 2 * LARGEST_DIFFERENCE  # two classes closer than this are a tie, and either may come first
DRAWN = 500  # pictures drawn beside those given to `check_reduced`
TIMED_BATCHES, TIMED_ROUNDS = (1, 8, 32), 41  # batch sizes whose time is reported, and how often both take turns


class ParityError(ValueError):
    """An ONNX file that does not say what its checkpoint says."""


@dataclass(frozen=True)
class Tolerance:
    """How far a graph of less precision may be from the fp32 one: least share of equal classes, largest difference."""

    equal: float
    difference: float


# Measured with the shipped network on MNIST's test set: int8 0.9998 and 0.04, fp16 1 and 0.001. What is to be refused:
# sums that overflow (`precision.int8`) 0.998 and 0.54, ranges seen on a single digit 0.9997 and 0.24.
TOLERANCES = {"int8": Tolerance(0.998, 0.15), "fp16": Tolerance(0.999, 0.01)}


@dataclass(frozen=True)
class PrecisionReport:
    """What a graph of less precision does on `count` crops beside fp32: share of equal classes, largest difference.

    accuracy: of fp32 and of the reduced one on the labelled crops, empty without any. ratios: of time, by batch size.
    """

    count: int
    equal: float
    difference: float
    accuracy: list[float]
    ratios: dict[int, float]

    def describe(self) -> str:
        """Return the report as lines of text."""
        lines = [
            f"largest difference {self.difference:.1e} to fp32, the same class for {100 * self.equal:.2f} % of "
            f"{self.count} crops"
        ]
        if self.accuracy:
            before, after = (100 * share for share in self.accuracy)
            lines.append(f"of the labelled ones it reads {after:.2f} % right, fp32 {before:.2f} %")
        times = ", ".join(f"{ratio:.2f} at batch {batch}" for batch, ratio in self.ratios.items())
        return "\n".join([*lines, f"time on this CPU, one thread, as a ratio to fp32: {times}"])


def check(path: Path, network: CalibratedNetwork) -> float:
    """Compare the file with the network at each batch size and return the largest difference. Raises ParityError."""
    classifier = Classifier(path, "cpu")
    rng = np.random.default_rng(0)
    return max(compare(classifier, network, _pictures(rng, count)) for count in BATCHES)


def compare(classifier: Classifier, network: CalibratedNetwork, batch: NDArray[np.uint8]) -> float:
    """Return the largest difference of two networks on crops (N, 1, 28, 28) uint8. Raises ParityError."""
    count = len(batch)
    with torch.no_grad():
        expected, features = (part.numpy() for part in network(torch.from_numpy(batch)))
    actual, seen = classifier.see(batch)
    if actual.shape != expected.shape:
        raise ParityError(f"batch {count}: the file gives {actual.shape}, the checkpoint {expected.shape}")
    if not count:
        return 0.0
    if not np.isfinite(actual).all():
        raise ParityError(f"batch {count}: the file gives values that are not finite")
    difference = float(np.abs(actual - expected).max())
    if difference > LARGEST_DIFFERENCE:
        raise ParityError(f"batch {count}: probabilities differ by {difference:.2g}, at most {LARGEST_DIFFERENCE:g}")
    if seen.size and np.abs(seen - features).max() > LARGEST_DIFFERENCE * max(1.0, float(features.max())):
        raise ParityError(f"batch {count}: features differ by {np.abs(seen - features).max():.2g}")
    top = np.sort(expected, axis=1)
    clear = top[:, -1] - top[:, -2] > TIE
    if (actual.argmax(axis=1) != expected.argmax(axis=1))[clear].any():
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


def check_reduced(
    fp32: Classifier, reduced: Classifier, crops: NDArray[np.uint8], labels: NDArray[np.int64]
) -> PrecisionReport:
    """Hold a graph of less precision against the fp32 one it was made from, and tell how it fares. Raises ParityError.

    crops (N, 1, 28, 28) uint8 and labels (N,) of pictures that it was not calibrated on, N may be 0; drawn strokes,
    noise and blanks are held against both as well, for a calibration on poor pictures would prove itself.
    """
    kind = reduced.metadata["precision"]
    tolerance = TOLERANCES[kind]
    pictures = np.concatenate([crops, _pictures(np.random.default_rng(0), DRAWN)])
    parts = np.split(pictures, np.cumsum(BATCHES))  # the last one holds all the others
    expected, actual = (np.concatenate([classifier(part) for part in parts]) for classifier in (fp32, reduced))
    if actual.shape != expected.shape or not np.isfinite(actual).all():
        raise ParityError(f"{kind} gives {actual.shape} for {expected.shape}, or values that are not finite")
    equal = float((actual.argmax(axis=1) == expected.argmax(axis=1)).mean())
    difference = float(np.abs(actual - expected).max())
    if equal < tolerance.equal or difference > tolerance.difference:
        raise ParityError(
            f"{kind} reads {100 * equal:.2f} % of {len(pictures)} crops as fp32 does, probabilities differ by "
            f"{difference:.2g}; at least {100 * tolerance.equal:g} % and at most {tolerance.difference:g} are wanted"
            + (": calibrate on more pictures of digits" if kind == "int8" else "")
        )
    right = [float((p[: len(crops)].argmax(axis=1) == labels).mean()) for p in (expected, actual) if len(crops)]
    return PrecisionReport(len(pictures), equal, difference, right, _times(fp32, reduced, pictures))


def _times(fp32: Classifier, reduced: Classifier, crops: NDArray[np.uint8]) -> dict[int, float]:
    """Return by batch size the time of a reduced graph as a ratio to the fp32 one, the median over turns of both."""
    ratios: dict[int, float] = {}
    for batch in TIMED_BATCHES:
        turns = [[_seconds(classifier, crops[:batch]) for classifier in (fp32, reduced)] for _ in range(TIMED_ROUNDS)]
        ratios[batch] = float(np.median([after / before for before, after in turns]))
    return ratios


def _seconds(classifier: Classifier, batch: NDArray[np.uint8]) -> float:
    start = perf_counter()
    classifier(batch)
    return perf_counter() - start
