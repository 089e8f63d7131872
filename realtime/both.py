"""Read with two networks: one fine-tuned to the user's hand, and the one it came from."""

from collections import OrderedDict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.classifier import Classifier, default_model

FALLBACK = 0.6  # the fine-tuned network is believed where it is at least this sure
FINE_TUNED, BASE = "fine-tuned", "base"
REMEMBERED = 4096  # rows of which it is known who said them: some frames of the fullest page


class Both:
    """Two classifiers behind the call of one: `both(crops)` gives probabilities, one batch through each network.

    The fine-tuned one is believed where its calibrated confidence reaches `fallback`, else the surer of the two.
    `classes`, `device` and `fallback_reason` are as a Classifier's; `who` tells which of them spoke.
    """

    def __init__(self, tuned: Classifier, base: Classifier, fallback: float = FALLBACK) -> None:
        self.tuned, self.base, self.threshold = tuned, base, fallback
        self.device, self.fallback, self.path = tuned.device, tuned.fallback, tuned.path
        self.classes = max(tuned.classes, base.classes, key=len)
        self._said: OrderedDict[bytes, str] = OrderedDict()

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classify crops (N, 1, 28, 28) uint8 as (N, C) float32, rows sum to 1. Raises ValueError for other arrays."""
        tuned, base = (self._spread(network, network(batch)) for network in (self.tuned, self.base))
        sure, other = tuned.max(axis=1, initial=0), base.max(axis=1, initial=0)
        believed = (sure >= self.threshold) | (sure >= other)
        merged = np.where(believed[:, None], tuned, base)
        for row, is_tuned in zip(merged, believed, strict=True):
            self._said[row[:10].tobytes()] = FINE_TUNED if is_tuned else BASE
        while len(self._said) > max(REMEMBERED, 4 * len(merged)):
            self._said.popitem(last=False)
        return merged

    def who(self, probabilities: NDArray[np.float32]) -> str:
        """Return which network gave these probabilities of the ten digits, (10,) float32; empty if neither did."""
        return self._said.get(np.asarray(probabilities, np.float32).tobytes(), "")

    def _spread(self, network: Classifier, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Lay a network's columns out as those of `classes`."""
        spread = np.zeros((len(probabilities), len(self.classes)), np.float32)
        spread[:, [self.classes.index(name) for name in network.classes]] = probabilities
        return spread


def finetuned_model() -> Path | None:
    """Return the fine-tuned model that lies in its place: models/ of this folder, or beside the default model."""
    places = (Path("models/finetuned.onnx"), default_model().with_name("finetuned.onnx"))
    return next((path for path in places if path.is_file()), None)
