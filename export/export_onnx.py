"""Write the ONNX file of a checkpoint, once it is proved equal: `export-onnx models/best.pth`.

The shipped model: largest difference to torch over batches of 0, 1, 2, 7 and 64 crops 7e-7, 1.6 MB, 4 s on two cores.
--int8 and --fp16 write graphs of less precision, held against the fp32 one on real and drawn crops.
"""

import sys
from pathlib import Path

import click

from realtime.commands.console import FAILED, MODEL_REFUSED, SOURCE_UNAVAILABLE, console_command, exit_codes, note
from realtime.commands.options import overwrite_option, refuse_overwriting
from realtime.outputs.guard import Output
from realtime.reading.runtime import ModelRefusedError
from realtime.sources.frame import SourceError
from training.requirements import require

KEEP_HELP = "Folder with MNIST's files, of which features are kept beside the file: a memory needs them."


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
    "calibration",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Labelled digits to calibrate and prove on: folders 0 to 9, npz, MNIST's folder; may be given again.",
)
@click.option(
    "--data",
    "mnist",
    type=click.Path(path_type=Path),
    help="Folder with MNIST's files, to see how another program's network reads them.  [default: typed digits]",
)
@click.option("--keep", type=click.Path(path_type=Path), help=KEEP_HELP)
@overwrite_option
def main(
    checkpoint_file: Path,
    output: Path | None,
    int8: bool,
    fp16: bool,
    calibration: tuple[Path, ...],
    mnist: Path | None,
    keep: Path | None,
    overwrite: bool,
) -> None:
    """Export CHECKPOINT_FILE, a .pth of train-digits, to ONNX, and prove both equal.

    The weights of another program are taken if they are of this very architecture, whatever its layers are called.
    A graph of less precision is written only if it reads pictures that it was not calibrated on as the fp32 one does.
    """
    kind = _check_precision(int8, fp16, bool(calibration))
    if keep is not None and kind is not None:
        raise click.UsageError("--keep goes with the fp32 graph alone: only that has features")
    require("torch", "onnx", "onnxscript")
    from export import exporter
    from export.parity import ParityError
    from training.checkpoint import CheckpointRefusedError

    name = checkpoint_file.stem + (f"-{kind}" if kind else "")
    target = output or checkpoint_file.parent / f"{name}.onnx"
    beside = target.with_name(f"{target.stem}-kept.npz")
    kept = [Output("--keep", beside, "checkpoint")] if keep is not None else []
    refuse_overwriting([Output("--output", target, "model"), *kept], [checkpoint_file, *calibration], overwrite)
    try:
        if kind is None:
            outcome = f"largest difference {exporter.export_checkpoint(checkpoint_file, target, mnist):.1e}"
        else:
            outcome = exporter.export_reduced(checkpoint_file, target, kind, calibration).describe()
    except CheckpointRefusedError as error:
        _fail(str(error), MODEL_REFUSED)
    except (ParityError, ModelRefusedError) as error:
        _fail(f"{target} not written, parity failed: {error}", FAILED)
    except SourceError as error:
        _fail(f"{target} not written: {error}", SOURCE_UNAVAILABLE)
    except (ValueError, OSError) as error:
        _fail(f"{target} not written: {error}", FAILED)
    else:
        note(f"{target}  {target.stat().st_size} bytes, {outcome}")
        if keep is not None:
            from export.kept import write_kept

            with exit_codes():
                note(f"{beside}  features of {write_kept(target, keep)} digits, {beside.stat().st_size} bytes")


def _check_precision(int8: bool, fp16: bool, calibrated: bool) -> str | None:
    """Return which precision is asked for, None for fp32. Raises UsageError for what does not go together."""
    if int8 and fp16:
        raise click.UsageError("--int8 and --fp16 are two files: export twice")
    if int8 and not calibrated:
        raise click.UsageError("--int8 needs pictures to calibrate on: --calibrate FOLDER")
    if calibrated and not (int8 or fp16):
        raise click.UsageError("--calibrate goes with --int8 or --fp16")
    return "int8" if int8 else "fp16" if fp16 else None


def _fail(message: str, code: int) -> None:
    note(f"error: {message}")
    sys.exit(code)


if __name__ == "__main__":
    main()
