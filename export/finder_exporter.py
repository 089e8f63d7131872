"""Calibrate a finder on held-out scenes, prove its file equal to the checkpoint, and put it in place."""

from pathlib import Path

import cv2
import torch

from export import finder_graph, graph
from realtime.commands.console import note
from realtime.reading.classifier import Classifier
from realtime.reading.finder import Finder
from realtime.reading.model_files import default_model, sha256
from training import checkpoint
from training.finder_network import FinderNetwork
from training.finder_odds import fit, samples
from training.finder_scenes import validation

ALONE = (1.0, 0.0, 0.0)  # without data: the finder's score says what is a digit
# Of classifier and finder in naming a digit. Rows read on 72 drawn pages of another maker: 1 and 0 read 202 of 216,
# 1 and 0.25 202, 1 and 0.5 199; 0.4 and 0.8, which fit held-out scenes best, 177.
SHARES = (1.0, 0.25)


def export(source: Path, target: Path, data: Path | None, scenes: int) -> None:
    """Convert, calibrate, check, and only then put in place. Raises ParityError, CheckpointRefusedError."""
    cv2.setNumThreads(1)
    content = checkpoint.read(source)
    model, metadata = FinderNetwork(), content.get("metadata")
    if not isinstance(metadata, dict) or not {"finder_version", "threshold"} <= metadata.keys():
        raise checkpoint.CheckpointRefusedError(f"{source} is no checkpoint of train-finder: name another file")
    checkpoint.load_weights(source, model, content.get("state"))
    bytes_ = finder_graph.Bytes(model.eval())
    with graph.unproved(target) as temporary:
        told = metadata, sha256(source)
        made = finder_graph.convert(bytes_, finder_graph.describe(*told, ALONE, SHARES))
        graph.write(made, temporary)
        if data is not None:
            odds = calibrate(Finder(temporary, "cpu"), data, scenes)
            graph.label(made, finder_graph.describe(*told, odds, SHARES))
            graph.write(made, temporary)
        with torch.no_grad():
            difference = finder_graph.check(temporary, bytes_)
        temporary.replace(target)
    note(f"{target}: differs from {source} by at most {difference} of 255")


def calibrate(finder: Finder, data: Path, scenes: int) -> tuple[float, ...]:
    """Return the odds of a digit fitted on so many held-out scenes."""
    told, true = samples(finder, Classifier(default_model(), "cpu"), validation(data, scenes))
    odds = fit(told, true)
    note(f"odds {', '.join(f'{odd:.3f}' for odd in odds)}, by {len(true)} found, {true.sum()} of them digits")
    return odds
