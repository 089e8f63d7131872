"""Prove and write the finder's ONNX file: `export-finder runs/finder/best.pth models/finder.onnx`."""

from pathlib import Path

import click
import torch

from export import finder_graph, graph
from realtime.commands.console import console_command, exit_codes, note
from realtime.reading.model_files import sha256
from training import checkpoint
from training.finder_network import FinderNetwork


@console_command
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
def main(source: Path, target: Path) -> None:
    """Export a finder's checkpoint SOURCE to TARGET; it only appears there when it says what the checkpoint says."""
    with exit_codes():
        export(source, target)


def export(source: Path, target: Path) -> None:
    """Convert, check, and only then put in place. Raises ParityError, CheckpointRefusedError."""
    content = checkpoint.read(source)
    model = FinderNetwork()
    model.load_state_dict(content["state"])
    bytes_ = finder_graph.Bytes(model.eval())
    with torch.no_grad():
        made = finder_graph.convert(bytes_, finder_graph.describe(content["metadata"], sha256(source)))
    temporary = target.with_name(target.name + ".tmp")
    graph.write(made, temporary)
    try:
        difference = finder_graph.check(temporary, bytes_)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    note(f"{target}: differs from {source} by at most {difference} of 255")


if __name__ == "__main__":
    main()
