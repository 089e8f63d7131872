"""Calibrate, prove and write the finder: `export-finder --data FOLDER runs/finder/best.pth models/finder.onnx`."""

from pathlib import Path

import click

from realtime.commands.console import console_command, exit_codes
from realtime.commands.options import overwrite_option, refuse_overwriting
from realtime.outputs.guard import Output
from training.requirements import require

SCENES = 300  # held out, on which a digit's odds are fitted


@console_command
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path, exists=True), help="Folder of the sources, to calibrate on.")
@click.option("--scenes", type=click.IntRange(1), default=SCENES, show_default=True, help="How many to calibrate on.")
@overwrite_option
def main(source: Path, target: Path, data: Path | None, scenes: int, overwrite: bool) -> None:
    """Export a finder's checkpoint SOURCE to TARGET; it only appears there when it says what the checkpoint says.

    With --data it is calibrated on scenes of hands held out, together with the classifier that ships.
    """
    refuse_overwriting([Output("TARGET", target, "model")], [source], overwrite)
    require("torch", "onnx", "onnxscript")
    from export import finder_exporter

    with exit_codes():
        finder_exporter.export(source, target, data, scenes)


if __name__ == "__main__":
    main()
