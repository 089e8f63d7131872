"""Measure a shipped network through the very classifier and crops of live reading: digits kept, non-digits refused.

`measure-digits --data MNIST --source digits/semeion.npz --reject clutter` prints a line for each: accuracy, share kept
at the threshold, calibration error; for what is no digit the share accepted and the AUROC against MNIST's test digits.
"""

import json
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor

from realtime.commands.console import console_command, exit_codes, note
from realtime.commands.options import device_option, open_classifier
from realtime.reading.classifier import NOT_A_DIGIT, Classifier
from training import calibrate, data
from training.fetch import mnist_folder
from training.sources import Source, load

BATCH = 500


@console_command
@click.option("--model", type=click.Path(path_type=Path), help="ONNX file by export-onnx.  [default: bundled]")
@device_option
@click.option("--data", "folder", type=click.Path(path_type=Path), help="Folder with MNIST's files.  [default: fetch]")
@click.option(
    "--source", "sources", multiple=True, type=click.Path(path_type=Path), help="Labelled digits: npz, folder."
)
@click.option("--reject", "rejects", multiple=True, type=click.Path(path_type=Path), help="What is no digit.")
@click.option("--only", multiple=True, metavar="PATTERN", help="Labels or clips of --reject to take.  [default: all]")
@click.option(
    "--threshold", type=click.FloatRange(0, 1), help="Least sureness that is accepted.  [default: the model's]"
)
@click.option("--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="Write all figures as JSON.")
def main(
    model: Path | None,
    device: str,
    folder: Path | None,
    sources: tuple[Path, ...],
    rejects: tuple[Path, ...],
    only: tuple[str, ...],
    threshold: float | None,
    json_path: Path | None,
) -> None:
    """Measure a network on MNIST's test set, on other digits, and on what is no digit."""
    with exit_codes():
        classifier = open_classifier(model, device)
        if threshold is None:
            threshold = float(classifier.metadata.get("threshold", "0.5"))
        crops, labels = data.read_mnist(folder or mnist_folder(), "test")
        mnist = Source("MNIST test", crops, labels)
        figures: dict[str, object] = {"threshold": threshold, "sources": [], "rejects": []}
        scores = calibrate.digit_scores(predict(classifier, mnist.crops), classifier.classes)
        click.echo(f"threshold {threshold:.3f}")
        for source in (mnist, *(load(path) for path in sources)):
            figures["sources"].append(_digits(classifier, source, threshold))
        for source in (load(path, only=only) for path in rejects):
            figures["rejects"].append(_rejects(classifier, source, threshold, scores))
        if json_path is not None:
            json_path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def predict(classifier: Classifier, crops: Tensor) -> Tensor:
    """Return probabilities (N, C) of crops (N, 1, 28, 28) uint8."""
    return torch.from_numpy(np.concatenate([classifier(part.numpy()) for part in crops.split(BATCH)]))


def _digits(classifier: Classifier, source: Source, threshold: float) -> dict[str, object]:
    """Tell how digits fare; a picture in which none was found counts as misread. Other labels are passed over."""
    members = source.labels < 10
    labels, probabilities = source.labels[members], predict(classifier, source.crops[members])
    right = probabilities.argmax(dim=1) == labels
    confusion = torch.zeros((10, len(classifier.classes)), dtype=torch.int64)
    confusion.index_put_((labels, probabilities.argmax(dim=1)), torch.ones_like(labels), accumulate=True)
    kept = calibrate.digit_scores(probabilities, classifier.classes) >= threshold
    count = len(labels) + source.lost
    told = {
        "name": source.name,
        "count": count,
        "lost": source.lost,
        "accuracy": right.sum().item() / count,
        "kept": kept.sum().item() / count,
        "kept_accuracy": (right & kept).sum().item() / max(1, kept.sum().item()),
        "calibration_error": calibrate.calibration_error(probabilities, labels),
        "confusion": confusion.tolist(),
    }
    click.echo(
        f"{source.name:24} {count:6} digits   {100 * told['accuracy']:6.2f} % right {100 * told['kept']:6.2f} % kept, "
        f"of them {100 * told['kept_accuracy']:.2f} % right   calibration error {told['calibration_error']:.4f}"
    )
    return told


def _rejects(classifier: Classifier, source: Source, threshold: float, digits: Tensor) -> dict[str, object]:
    """Tell how what is no digit fares; labels of digits are passed over."""
    if NOT_A_DIGIT not in classifier.classes:
        note(f"{classifier.path.name} has no class {NOT_A_DIGIT!r}: it can refuse by sureness alone")
    scores = calibrate.digit_scores(predict(classifier, source.crops[source.labels >= 10]), classifier.classes)
    told = {
        "name": source.name,
        "count": len(scores),
        "accepted": (scores >= threshold).double().mean().item(),
        "auroc": calibrate.auroc(digits, scores),
    }
    click.echo(
        f"{source.name:24} {len(scores):6} others {100 * told['accepted']:6.2f} % accepted   AUROC {told['auroc']:.4f}"
    )
    return told


if __name__ == "__main__":
    main()
