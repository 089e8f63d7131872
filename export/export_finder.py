"""Calibrate, prove and write the finder: `export-finder --data FOLDER runs/finder/best.pth models/finder.onnx`."""

from pathlib import Path

import click
import cv2
import torch

from export import finder_graph, graph
from realtime.commands.console import console_command, exit_codes, note
from realtime.reading.classifier import Classifier
from realtime.reading.finder import Finder
from realtime.reading.model_files import default_model, sha256
from training import checkpoint
from training.finder_network import FinderNetwork
from training.finder_odds import fit, samples
from training.finder_scenes import validation

SCENES = 300  # held out, on which a digit's odds are fitted
ALONE = (1.0, 0.0, 0.0)  # without data: the finder's score says what is a digit
# Of classifier and finder in naming a digit. Rows read on 72 drawn pages of another maker: 1 and 0 read 202 of 216,
# 1 and 0.25 202, 1 and 0.5 199; 0.4 and 0.8, which fit held-out scenes best, 177.
SHARES = (1.0, 0.25)


@console_command
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path, exists=True), help="Folder of the sources, to calibrate on.")
@click.option("--scenes", type=click.IntRange(1), default=SCENES, show_default=True, help="How many to calibrate on.")
def main(source: Path, target: Path, data: Path | None, scenes: int) -> None:
    """Export a finder's checkpoint SOURCE to TARGET; it only appears there when it says what the checkpoint says.

    With --data it is calibrated on scenes of hands held out, together with the classifier that ships.
    """
    with exit_codes():
        cv2.setNumThreads(1)
        export(source, target, data, scenes)


def export(source: Path, target: Path, data: Path | None = None, scenes: int = SCENES) -> None:
    """Convert, calibrate, check, and only then put in place. Raises ParityError, CheckpointRefusedError."""
    content = checkpoint.read(source)
    model = FinderNetwork()
    model.load_state_dict(content["state"])
    bytes_ = finder_graph.Bytes(model.eval())
    temporary = target.with_name(target.name + ".tmp")
    try:
        told = content["metadata"], sha256(source)
        made = finder_graph.convert(bytes_, finder_graph.describe(*told, ALONE, SHARES))
        graph.write(made, temporary)
        if data is not None:
            odds = calibrate(Finder(temporary, "cpu"), data, scenes)
            finder_graph.relabel(made, finder_graph.describe(*told, odds, SHARES))
            graph.write(made, temporary)
        with torch.no_grad():
            difference = finder_graph.check(temporary, bytes_)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    note(f"{target}: differs from {source} by at most {difference} of 255")


def calibrate(finder: Finder, data: Path, scenes: int) -> tuple[float, ...]:
    """Return the odds of a digit fitted on so many held-out scenes."""
    told, true = samples(finder, Classifier(default_model(), "cpu"), validation(data, scenes))
    odds = fit(told, true)
    note(f"odds {', '.join(f'{odd:.3f}' for odd in odds)}, by {len(true)} found, {true.sum()} of them digits")
    return odds


if __name__ == "__main__":
    main()
