"""Read with two networks: one fine-tuned to the user's hand, and the one it came from."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.reading.classifier import Classifier
from realtime.reading.model_files import default_model, finetuned_model

FALLBACK = 0.6  # probability from which on the fine-tuned network alone is believed; set by hand
FINE_TUNED, BASE = "fine-tuned", "base"  # what `Digit.model` calls the two networks


class Ensemble:
    """Two classifiers behind the call of one: `ensemble(crops)` gives probabilities, one batch through each network.

    The fine-tuned one is believed where its calibrated confidence reaches `fallback`, else the surer of the two.
    `classes`, `device`, `cpu_reason` and `path` are as a Classifier's.
    """

    def __init__(self, tuned: Classifier, base: Classifier, fallback: float = FALLBACK) -> None:
        self.tuned, self.base, self.fallback = tuned, base, fallback
        self.device, self.cpu_reason, self.path = tuned.device, tuned.cpu_reason, tuned.path
        self.classes = max(tuned.classes, base.classes, key=len)

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classify crops (N, 1, 28, 28) uint8 as (N, C) float32, rows sum to 1. Raises ValueError for other arrays."""
        return self.classify(batch)[0]

    def classify(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
        """Classify crops as `__call__` does; return with it which network was believed for each, (N,)."""
        tuned, base = (self._spread(network, network(batch)) for network in (self.tuned, self.base))
        sure, other = tuned.max(axis=1, initial=0), base.max(axis=1, initial=0)
        believed = (sure >= self.fallback) | (sure >= other)
        return np.where(believed[:, None], tuned, base), np.where(believed, FINE_TUNED, BASE)

    def _spread(self, network: Classifier, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Lay a network's columns out as those of `classes`."""
        spread = np.zeros((len(probabilities), len(self.classes)), np.float32)
        spread[:, [self.classes.index(name) for name in network.classes]] = probabilities
        return spread


def load_networks(
    model: Path | str | None, base_model: Path | str | None, fallback: float, device: str
) -> Classifier | Ensemble:
    """Load the one or two networks that are asked for; without any, a fine-tuned one that lies in its place."""
    tuned = model if model is not None or base_model is not None else finetuned_model()
    if base_model is None and (model is not None or tuned is None):
        return Classifier(model or default_model(), device)
    return Ensemble(
        Classifier(tuned or default_model(), device), Classifier(base_model or default_model(), device), fallback
    )
