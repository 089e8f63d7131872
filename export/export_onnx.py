"""Write the ONNX file of a checkpoint, once it is proved equal: `export-onnx models/best.pth`.

The shipped model: largest difference to torch over batches of 0, 1, 2, 7 and 64 crops 7e-7, 1.6 MB, 4 s on two cores.
"""

import contextlib
import io
import logging
import sys
import warnings
from os import getpid
from pathlib import Path

import click

from export import graph, parity
from realtime.classifier import ModelRefusedError, sha256
from training import checkpoint


def export(source: Path, target: Path) -> float:
    """Write `target` from the checkpoint `source` and return the largest difference found.

    Raises CheckpointRefusedError for the checkpoint, ParityError or ValueError for the graph, OSError where the file
    cannot be written. Whatever is raised, `target` stays as it was.
    """
    model, metadata = checkpoint.load(source)
    reader = graph.Reader(model, float(metadata["temperature"])).eval()
    proto = _quietly(reader, graph.describe(metadata, sha256(source)))
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{getpid()}.tmp")
    try:
        graph.write(proto, temporary)
        difference = parity.check(temporary, reader)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return difference


def _quietly(reader: graph.Reader, metadata: dict[str, str]) -> "graph.onnx.ModelProto":
    """Convert without the exporter's own chatter on stdout, in the log and as warnings."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return graph.convert(reader, metadata)


@click.command()
@click.argument("checkpoint_file", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The ONNX file; beside the checkpoint if left out.",
)
def main(checkpoint_file: Path, output: Path | None) -> None:
    """Export CHECKPOINT_FILE, a .pth of train-digits, to ONNX, and prove both equal."""
    target = output or checkpoint_file.parent / f"{checkpoint_file.stem}.onnx"
    try:
        difference = export(checkpoint_file, target)
    except checkpoint.CheckpointRefusedError as error:
        _fail(str(error), 4)
    except (parity.ParityError, ModelRefusedError) as error:
        _fail(f"{target} not written, parity failed: {error}", 1)
    except (ValueError, OSError) as error:
        _fail(f"{target} not written: {error}", 1)
    click.echo(f"{target}  {target.stat().st_size} bytes, largest difference {difference:.1e}", err=True)


def _fail(message: str, code: int) -> None:
    click.echo(f"error: {message}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
