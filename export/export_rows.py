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
@overwrite_option
def main(checkpoint_file: Path, output: Path | None, overwrite: bool) -> None:
    """Export CHECKPOINT_FILE, a .pth of train-rows, to ONNX, and prove both equal."""
    target = output or checkpoint_file.with_suffix(".onnx")
    refuse_overwriting([Output("--output", target, "model")], [checkpoint_file], overwrite)
    require("torch", "onnx", "onnxscript")
    from export import row_exporter

    with exit_codes():
        difference = row_exporter.export(checkpoint_file, target)
        note(f"{target}  {target.stat().st_size} bytes, largest difference {difference:.1e}")


if __name__ == "__main__":
    main()
