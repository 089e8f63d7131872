"""Prepare all of a fine-tuning that does not depend on the user's pictures: the base network and its own data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from realtime.reading import crops
from realtime.reading.ensemble import FALLBACK, Networks, load_networks
from realtime.reading.model_files import default_model, sha256
from training import calibrate, checkpoint, data, finetune, finetune_cache
from training.acceptance import Comparison
from training.datasets import Dataset
from training.fetch import mnist_folder
from training.recipe import CLASSES, VALIDATION_SHARE, FinetuneRecipe

# MNIST digits and drawn non-digits that temperature and threshold are fitted on; as many non-digits judge a promotion.
# Set by hand, for a few seconds of one core.
VALIDATION_DIGITS = 2000
NEGATIVES = 300


@dataclass(frozen=True)
class FinetuneBase:
    """What every fine-tuning begins with.

    model: the network of the checkpoint, with its metadata. networks: the shipped ones, which find the digit of a
    user's picture. test, validation: features that the frozen layers give, with labels. negatives: features of drawn
    non-digits.
    """

    checkpoint_path: Path
    model: nn.Module
    metadata: dict[str, Any]
    networks: Networks
    rehearsal: finetune.Rehearsal
    test: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    negatives: Tensor


def load_base(path: Path, mnist: Path | None, recipe: FinetuneRecipe) -> FinetuneBase:
    """Load the checkpoint to begin with and the base data, fetched where `mnist` is None, kept from an earlier run.

    Raises CheckpointRefusedError and DataError.
    """
    model, metadata = checkpoint.load(path)
    if metadata["arch"] != "digitcnn" or tuple(metadata["classes"]) != CLASSES:
        raise checkpoint.CheckpointRefusedError(
            f"{path} is a {metadata['arch']} of {len(metadata['classes'])} classes; fine-tuning starts from a digitcnn "
            f"of {len(CLASSES)}: name another with --init, or leave it out"
        )
    try:
        folder = mnist or mnist_folder()
    except data.DataError as error:
        raise data.DataError(f"fine-tuning rehearses MNIST, lest it forget other hands: {error}") from None
    key = finetune_cache.key_of(path, folder, recipe.freeze, recipe.seed)
    kept = finetune_cache.kept(key, lambda: _compute(model, folder, recipe))
    return FinetuneBase(
        path,
        model,
        metadata,
        load_networks(default_model(), None, FALLBACK, "cpu"),
        finetune.Rehearsal(*(kept[name] for name in ("crops", "features", "targets"))),
        (kept["test"], kept["test_labels"]),
        (kept["validation"], kept["validation_labels"]),
        kept["negatives"],
    )


def _compute(model: nn.Module, folder: Path, recipe: FinetuneRecipe) -> finetune_cache.Tensors:
    """Draw what is rehearsed and measured, and compute what the frozen layers give for it. Raises DataError."""
    images, labels = data.read_mnist(folder, "train")
    kept, held = data.split(labels, VALIDATION_SHARE, seed=0)  # as train-digits splits it
    held = held[:: max(1, len(held) // VALIDATION_DIGITS)]
    digits = Dataset("MNIST", images[kept], labels[kept])
    drawn = finetune.draw_negatives(digits, 2 * NEGATIVES, (2**31,))
    frozen, _ = finetune.split_network(model, recipe.freeze)
    test, test_labels = data.read_mnist(folder, "test")
    validation = torch.cat([images[held], drawn[NEGATIVES:]])
    validation_labels = torch.cat([labels[held], torch.full((NEGATIVES,), len(CLASSES) - 1)])
    rehearsal = finetune.make_rehearsal(model, digits, recipe)
    return {
        "crops": rehearsal.crops,
        "features": rehearsal.features,
        "targets": rehearsal.targets,
        "test": finetune.forward_batches(frozen, test),
        "test_labels": test_labels,
        "validation": finetune.forward_batches(frozen, validation),
        "validation_labels": validation_labels,
        "negatives": finetune.forward_batches(frozen, drawn[:NEGATIVES]),
    }


def evaluate(
    base: FinetuneBase, model: nn.Module, recipe: FinetuneRecipe
) -> tuple[dict[str, Any], Comparison, Comparison]:
    """Calibrate a fine-tuned network; return its metadata, and both networks on the test set and on drawn non-digits.

    Temperature and threshold are fitted on validation digits and non-digits, as train-digits does.
    """
    (_, tuned), (_, original) = (finetune.split_network(m, recipe.freeze) for m in (model, base.model))
    features, labels = base.validation
    logits = finetune.forward_batches(tuned, features)
    temperature = calibrate.fit_temperature(logits, labels)
    calibrated = torch.softmax(logits / temperature, dim=1)

    def compare(features: Tensor, labels: Tensor) -> Comparison:
        before, after = (
            torch.softmax(finetune.forward_batches(m, features) / t, dim=1)
            for m, t in ((original, float(base.metadata["temperature"])), (tuned, temperature))
        )
        return Comparison(labels, before, after)

    test = compare(*base.test)
    metadata = {
        "arch": base.metadata["arch"],
        "classes": list(CLASSES),
        "crop_version": crops.VERSION,
        "temperature": temperature,
        "threshold": calibrate.fit_threshold(calibrated, labels, CLASSES),
        "accuracy": test.correct(test.after).double().mean().item(),
        "calibration_error": calibrate.calibration_error(test.after, test.labels),
        "fine_tuned_from": sha256(base.checkpoint_path),
        "freeze": recipe.freeze,
        "rate": recipe.rate,
        "seed": recipe.seed,
    }
    return metadata, test, compare(base.negatives, torch.full((NEGATIVES,), len(CLASSES) - 1))
