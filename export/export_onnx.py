"""Write the ONNX file of a checkpoint, once it is proved equal: `export-onnx models/best.pth`.

The shipped model: largest difference to torch over batches of 0, 1, 2, 7 and 64 crops 7e-7, 1.6 MB, 4 s on two cores.
--int8 and --fp16 write cheaper graphs, held against the fp32 one on real and drawn crops: `parity.prove`.
"""

import contextlib
import io
import logging
import sys
import warnings
from collections.abc import Iterator
from os import getpid
from pathlib import Path

import click
import onnx

from export import graph, parity, precision
from realtime.commands.console import SOURCE_UNAVAILABLE, console_command, note
from realtime.reading.classifier import Classifier
from realtime.reading.model_files import sha256
from realtime.reading.runtime import ModelRefusedError
from training import checkpoint
from training.data import DataError


def export(source: Path, target: Path) -> float:
    """Write `target` from the checkpoint `source` and return the largest difference found.

    Raises CheckpointRefusedError for the checkpoint, ParityError or ValueError for the graph, OSError where the file
    cannot be written. Whatever is raised, `target` stays as it was.
    """
    reader, proto = _converted(source)
    with _unfinished(target) as temporary:
        graph.write(proto, temporary)
        difference = parity.check(temporary, reader)
        temporary.replace(target)
    return difference


def export_cheaper(source: Path, target: Path, kind: str, shown: tuple[Path, ...]) -> parity.Report:
    """Write `target` in "int8" or "fp16" and tell how it fares beside fp32; int8 is calibrated on half of `shown`.

    shown: labelled pictures as `precision.load` takes them. Raises as `export` does, and DataError for what is shown.
    """
    crops, labels = precision.load(shown)
    reader, proto = _converted(source)
    seen = len(crops) // 2
    made = precision.int8(proto, crops[:seen]) if kind == "int8" else precision.fp16(proto)
    graph.check(made)
    with _unfinished(target) as temporary, _unfinished(target.with_name(f"{target.name}.fp32")) as whole:
        graph.write(proto, whole)
        parity.check(whole, reader)
        graph.write(made, temporary)
        told = parity.prove(Classifier(whole, "cpu"), Classifier(temporary, "cpu"), crops[seen:], labels[seen:])
        temporary.replace(target)
    return told


def _converted(source: Path) -> tuple[graph.Reader, onnx.ModelProto]:
    """Return the network of a checkpoint and its graph in fp32."""
    model, metadata = checkpoint.load(source)
    reader = graph.Reader(model, float(metadata["temperature"])).eval()
    return reader, _quietly(reader, graph.describe(metadata, sha256(source)))


@contextlib.contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """Give a name beside `target` for a file that is not yet proved; whatever is left of it goes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{getpid()}.tmp")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _quietly(reader: graph.Reader, metadata: dict[str, str]) -> onnx.ModelProto:
    """Convert without the exporter's own chatter on stdout, in the log and as warnings."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return graph.convert(reader, metadata)


@console_command
@click.argument("checkpoint_file", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The ONNX file; beside the checkpoint if left out, NAME-int8.onnx or NAME-fp16.onnx.",
)
@click.option("--int8", is_flag=True, help="8 bits, for CPUs; needs --calibrate.")
@click.option("--fp16", is_flag=True, help="16 bits, for GPUs.")
@click.option(
    "--calibrate",
    "shown",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Labelled digits to calibrate and prove on: folders 0 to 9, npz, MNIST's folder; may be given again.",
)
def main(checkpoint_file: Path, output: Path | None, int8: bool, fp16: bool, shown: tuple[Path, ...]) -> None:
    """Export CHECKPOINT_FILE, a .pth of train-digits, to ONNX, and prove both equal.

    A cheaper graph is written only if it reads pictures that it was not calibrated on as the fp32 one does.
    """
    if int8 and fp16:
        raise click.UsageError("--int8 and --fp16 are two files: export twice")
    kind = "int8" if int8 else "fp16" if fp16 else None
    if int8 and not shown:
        raise click.UsageError("--int8 needs pictures to calibrate on: --calibrate FOLDER")
    if shown and kind is None:
        raise click.UsageError("--calibrate goes with --int8 or --fp16")
    name = checkpoint_file.stem + (f"-{kind}" if kind else "")
    target = output or checkpoint_file.parent / f"{name}.onnx"
    try:
        if kind is None:
            told = f"largest difference {export(checkpoint_file, target):.1e}"
        else:
            told = _told(export_cheaper(checkpoint_file, target, kind, shown))
    except checkpoint.CheckpointRefusedError as error:
        _fail(str(error), 4)
    except (parity.ParityError, ModelRefusedError) as error:
        _fail(f"{target} not written, parity failed: {error}", 1)
    except DataError as error:
        _fail(f"{target} not written: {error}", SOURCE_UNAVAILABLE)
    except (ValueError, OSError) as error:
        _fail(f"{target} not written: {error}", 1)
    note(f"{target}  {target.stat().st_size} bytes, {told}")


def _told(report: parity.Report) -> str:
    """Say how a cheaper graph fares beside fp32."""
    lines = [
        f"largest difference {report.difference:.1e} to fp32, the same class for {100 * report.equal:.2f} % of "
        f"{report.count} crops"
    ]
    if report.accuracy:
        before, after = (100 * share for share in report.accuracy)
        lines.append(f"of the labelled ones it reads {after:.2f} % right, fp32 {before:.2f} %")
    times = ", ".join(f"{ratio:.2f} at batch {batch}" for batch, ratio in report.ratios.items())
    return "\n".join([*lines, f"time on this CPU, one thread, as a ratio to fp32: {times}"])


def _fail(message: str, code: int) -> None:
    note(f"error: {message}")
    sys.exit(code)


if __name__ == "__main__":
    main()
