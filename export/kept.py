"""Keep features of digits beside a network, by which a memory sees what it must not read otherwise.

MNIST's training digits as the network reads them, 3,000 of 54,999: some drawn by chance, and those it is least sure of.
Only what it reads right is kept. Pictures are not: from 256 numbers of a byte each no digit can be seen again.
"""

from pathlib import Path

import numpy as np

from realtime.outputs.files import write_whole
from realtime.reading.classifier import Classifier
from realtime.reading.memory import kept_to_bytes, normalized
from training import data
from training.recipe import VALIDATION_SHARE

DRAWN, UNSURE = 1500, 1500  # digits drawn by chance, and those of the least margin


def kept_path(model: Path) -> Path:
    """Return where the features beside a network lie."""
    return model.with_name(f"{model.stem}-kept.npz")


def write_kept(model: Path, mnist: Path) -> int:
    """Write the features beside a network and return how many digits they are of. Raises DataError, OutputError."""
    images, labels = data.read_mnist(mnist, "train")
    trained, _ = data.split(labels, VALIDATION_SHARE, seed=0)
    network = Classifier(model, "cpu")
    truth = labels[trained].numpy()
    given, features = network.see(images[trained].numpy())
    if not features.shape[1]:
        raise data.DataError(f"{model} gives no features: export it again")
    right = np.flatnonzero(given.argmax(axis=1) == truth)
    if not len(right):
        raise data.DataError(f"{model} reads none of {mnist}'s digits right: train it first")
    top = np.sort(given[right], axis=1)
    unsure = right[np.argsort(top[:, -1] - top[:, -2], kind="stable")[:UNSURE]]
    drawn = np.random.default_rng(0).permutation(np.setdiff1d(right, unsure))[:DRAWN]
    chosen = np.concatenate([unsure, drawn])
    network_sha = network.metadata["checkpoint_sha256"]
    content = kept_to_bytes(normalized(features[chosen]), truth[chosen].astype(np.uint8), network_sha)
    write_whole(kept_path(model), content)
    return len(chosen)
