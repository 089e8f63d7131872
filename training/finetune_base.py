"""Prepare all of a fine-tuning that does not depend on the user's pictures: the base network and its own data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from realtime.reading import crops
from realtime.reading.classifier import Classifier
from realtime.reading.model_files import default_model, sha256
from training import calibrate, checkpoint, data, finetune
from training.fetch import mnist_folder
from training.gates import Compared
from training.model import CLASSES
from training.sources import Source
from training.train_digits import HELD_OUT, KEPT

VALIDATION, JUNK = 2000, 300  # crops that temperature and threshold are fitted on


@dataclass(frozen=True)
class FinetuneBase:
    """The network to begin with, the one that cuts digits out, and base data: `test`, `valid`, `junk` as early layers
    see them, with the labels of the first two."""

    init: Path
    base: nn.Module
    told: dict[str, Any]
    cutter: Classifier
    rehearsal: finetune.Rehearsal
    test: tuple[Tensor, Tensor]
    valid: tuple[Tensor, Tensor]
    junk: Tensor


def prepare(init: Path, mnist: Path | None, plan: finetune.Plan) -> FinetuneBase:
    """Load the network to begin with and the base data. Raises CheckpointRefusedError and DataError."""
    base, told = checkpoint.load(init)
    if told["arch"] != "digitcnn" or tuple(told["classes"]) != CLASSES:
        raise checkpoint.CheckpointRefusedError(
            f"{init} is a {told['arch']} of {len(told['classes'])} classes; fine-tuning starts from a digitcnn of "
            f"{len(CLASSES)}: name another with --init, or leave it out"
        )
    try:
        folder = mnist or mnist_folder()
    except data.DataError as error:
        raise data.DataError(f"fine-tuning rehearses MNIST, lest it forget other hands: {error}") from None
    images, labels = data.read_mnist(folder, "train")
    kept, held = data.split(labels, HELD_OUT, seed=0)  # as train-digits splits it
    held = held[:: max(1, len(held) // VALIDATION)]
    digits = Source("MNIST", images[kept], labels[kept])
    drawn = finetune.drawn_junk(digits, 2 * JUNK, (2**31,))
    early, _ = finetune.parts(base, plan.freeze)
    test, test_labels = data.read_mnist(folder, "test")
    none = torch.full((JUNK,), len(CLASSES) - 1)
    return FinetuneBase(
        init,
        base,
        told,
        Classifier(default_model(), "cpu"),
        finetune.rehearse(base, digits, plan),
        (finetune.run(early, test), test_labels),
        (finetune.run(early, torch.cat([images[held], drawn[JUNK:]])), torch.cat([labels[held], none])),
        finetune.run(early, drawn[:JUNK]),
    )


def measure(ground: FinetuneBase, model: nn.Module, plan: finetune.Plan) -> tuple[dict[str, Any], Compared, Compared]:
    """Calibrate a fine-tuned network; return its metadata, and both networks on the test set and on drawn non-digits.

    Temperature and threshold are fitted on validation digits and non-digits, as train-digits does.
    """
    (_, late), (_, base) = (finetune.parts(m, plan.freeze) for m in (model, ground.base))
    seen, labels = ground.valid
    logits = finetune.run(late, seen)
    temperature = calibrate.fit_temperature(logits, labels)
    sure = calibrate.digit_scores(torch.softmax(logits / temperature, dim=1), CLASSES)

    def both(seen: Tensor, labels: Tensor) -> Compared:
        before, after = (
            torch.softmax(finetune.run(m, seen) / t, dim=1)
            for m, t in ((base, float(ground.told["temperature"])), (late, temperature))
        )
        return Compared(labels, before, after)

    test = both(*ground.test)
    metadata = {
        "arch": ground.told["arch"],
        "classes": list(CLASSES),
        "crop_version": crops.VERSION,
        "temperature": temperature,
        "threshold": torch.quantile(sure[labels < 10], 1 - KEPT).item(),
        "accuracy": test.right(test.after).double().mean().item(),
        "calibration_error": calibrate.calibration_error(test.after, test.labels),
        "fine_tuned_from": sha256(ground.init),
        "freeze": plan.freeze,
        "rate": plan.rate,
        "seed": plan.seed,
    }
    return metadata, test, both(ground.junk, torch.full((JUNK,), len(CLASSES) - 1))
