"""Read with two networks: one fine-tuned to the user's hand, and the one it came from."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.reading.classifier import Classified, Classifier
from realtime.reading.finder import Finder
from realtime.reading.memory import Memory, load_examples, load_kept
from realtime.reading.model_files import (
    default_model,
    finder_model,
    finetuned_model,
    kept_features,
    memory_file,
    row_model,
)
from realtime.reading.remembering import Remembering
from realtime.reading.row_reader import RowReader

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
        return self.classify(batch).probabilities

    def classify(self, batch: NDArray[np.uint8]) -> Classified:
        """Classify crops as `__call__` does, and tell which network was believed; what the fine-tuned one says was
        learned from the user where the base network says something else, or is not sure."""
        given, features = self.base.see(batch)
        tuned, base = self._spread(self.tuned, self.tuned(batch)), self._spread(self.base, given)
        sure, other = tuned.max(axis=1, initial=0), base.max(axis=1, initial=0)
        believed = (sure >= self.fallback) | (sure >= other)
        learned = believed & ((tuned.argmax(axis=1) != base.argmax(axis=1)) | (other < self.fallback))
        probabilities, models = np.where(believed[:, None], tuned, base), np.where(believed, FINE_TUNED, BASE)
        return Classified(probabilities, models, learned, features)

    def _spread(self, network: Classifier, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Lay a network's columns out as those of `classes`."""
        spread = np.zeros((len(probabilities), len(self.classes)), np.float32)
        spread[:, [self.classes.index(name) for name in network.classes]] = probabilities
        return spread


@dataclass(frozen=True)
class Networks:
    """All networks that reading needs: one finds digits, one or two name a single one, one reads lines."""

    finder: Finder
    classifier: Classifier | Ensemble | Remembering
    rows: RowReader

    @property
    def _all(self) -> tuple[Finder, Classifier | Ensemble | Remembering, RowReader]:
        return self.finder, self.classifier, self.rows

    @property
    def device(self) -> str:
        """The device that really runs, "cpu" or "cuda:N"; where they differ, those of all three."""
        return ", ".join(dict.fromkeys(network.device for network in self._all))

    @property
    def cpu_reason(self) -> str | None:
        """Why "auto" took the CPU, None where it did not."""
        return next((network.cpu_reason for network in self._all if network.cpu_reason), None)

    @property
    def path(self) -> Path:
        """The file of the digit network."""
        return self.classifier.path


def load_networks(model: Path | str | None, base_model: Path | str | None, fallback: float, device: str) -> Networks:
    """Load the networks asked for; without any, the base one with what was learned from the user, in its place.

    That is a fine-tuned network, and a memory.
    """
    classifier = _load_classifier(model, base_model, fallback, device)
    named = model is not None or base_model is not None
    return Networks(
        Finder(finder_model(), device),
        classifier if named else _with_memory(classifier),
        RowReader(row_model(), device),
    )


def _with_memory(network: Classifier | Ensemble) -> Classifier | Ensemble | Remembering:
    """Lay the user's memory beside networks that read by default, if the base one tells what it is made of."""
    base, kept = network.base if isinstance(network, Ensemble) else network, load_kept(kept_features())
    if kept is None or kept.network != base.metadata.get("checkpoint_sha256"):
        return network
    examples, features = load_examples(memory_file(), kept.network)
    if features is None and examples:
        features = base.see(np.array([example.crop[None] for example in examples]))[1]
    return Remembering(network, base, Memory(kept, examples, features))


def _load_classifier(
    model: Path | str | None, base_model: Path | str | None, fallback: float, device: str
) -> Classifier | Ensemble:
    """Load the one or two networks that are asked for; without any, a fine-tuned one that lies in its place."""
    tuned = model if model is not None or base_model is not None else finetuned_model()
    if base_model is None and (model is not None or tuned is None):
        return Classifier(model or default_model(), device)
    return Ensemble(
        Classifier(tuned or default_model(), device), Classifier(base_model or default_model(), device), fallback
    )
