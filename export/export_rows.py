"""Write the ONNX file of the row network, once it is proved equal: `export-rows runs/rows/best.pth`."""

from pathlib import Path

import click

from realtime.commands.console import console_command, exit_codes, note
from realtime.commands.options import overwrite_option, refuse_overwriting
from realtime.outputs.guard import Output
from training.requirements import require


@console_command
@click.argument("checkpoint_file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="ONNX file; beside if left out.")
@click.option(
    "--int8",
    "data",
    type=click.Path(path_type=Path, exists=True),
    help="8 bits, for CPUs, calibrated on lines drawn from this folder, that of train-rows.",
)
@overwrite_option
def main(checkpoint_file: Path, output: Path | None, data: Path | None, overwrite: bool) -> None:
    """Export CHECKPOINT_FILE, a .pth of train-rows, to ONNX, and prove both equal.

    A graph of 8 bits is written only if it reads drawn lines that it was not calibrated on as well as fp32 does.
    """
    target = output or checkpoint_file.with_name(f"{checkpoint_file.stem}{'-int8' if data else ''}.onnx")
    refuse_overwriting([Output("--output", target, "model")], filter(None, [checkpoint_file, data]), overwrite)
    require("torch", "onnx", "onnxscript")
    from export import row_exporter

    with exit_codes():
        if data is None:
            told = f"largest difference {row_exporter.export(checkpoint_file, target):.1e}"
        else:
            before, after = row_exporter.export_int8(checkpoint_file, target, data)
            told = f"reads {100 * after:.1f} % of drawn lines exactly, fp32 {100 * before:.1f} %"
        note(f"{target}  {target.stat().st_size} bytes, {told}")


if __name__ == "__main__":
    main()
