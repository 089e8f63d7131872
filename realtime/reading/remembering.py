"""Read with a memory of what the user named beside the networks."""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from realtime.reading.classifier import Classified, Classifier
from realtime.reading.memory import SURE, Features, Memory

REMEMBERED = "memory"  # what `Digit.model` says of a digit that was remembered
FLOOR = 1e-6  # the least that a network's probability is taken for


class Network(Protocol):
    """A Classifier, or an Ensemble."""

    classes: tuple[str, ...]
    device: str
    cpu_reason: str | None
    path: Path

    def classify(self, batch: NDArray[np.uint8]) -> Classified:
        """Classify crops, and tell where it comes from."""
        ...


class Remembering:
    """A network and a memory behind the call of one; `memory` may be replaced between two calls.

    network: what reads. base: the network that ships, or the one beside a fine-tuned one, whose features are
    remembered. `classes`, `device`, `cpu_reason` and `path` are as the network's.
    """

    def __init__(self, network: Network, base: Classifier, memory: Memory) -> None:
        self.network, self.base, self.memory = network, base, memory
        self.classes, self.device, self.cpu_reason, self.path = (
            network.classes, network.device, network.cpu_reason, network.path,
        )  # fmt: skip

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classify crops (N, 1, 28, 28) uint8 as (N, C) float32, rows sum to 1. Raises ValueError for other arrays."""
        return self.classify(batch).probabilities

    def classify(self, batch: NDArray[np.uint8]) -> Classified:
        """Classify crops as `__call__` does; where the memory is sure, its word is learned from the user."""
        return remind(self.network.classify(batch), self.memory)

    def see(self, crop: NDArray[np.uint8]) -> Features:
        """Return the features (F,) of one crop (28, 28) uint8."""
        return self.base.see(crop[None, None])[1][0]


def remind(told: Classified, memory: Memory) -> Classified:
    """Return what networks say of crops with what is remembered beside it."""
    if not len(told.probabilities) or not memory.examples:
        return told
    evidence = memory.evidence(told.features, told.probabilities.shape[1])
    logs = np.log(np.maximum(told.probabilities, FLOOR)) + evidence
    chances = np.exp(logs - logs.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    sure = (evidence.max(axis=1) >= SURE) & (evidence.argmax(axis=1) == chances.argmax(axis=1))
    models = np.where(sure, REMEMBERED, told.models)
    return Classified(chances.astype(np.float32), models, told.learned | sure, told.features)
