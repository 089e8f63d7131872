"""Blend a network that was trained further with the one it came from: `python -m training.blend OLD NEW SHARE OUT`.

Weights between the two keep most of what was learned anew and lose less of what was known before (Wortsman et al.,
"Robust fine-tuning of zero-shot models", CVPR 2022). The shipped weights: 0.8 of the way for digits,
0.7 for lines (held-out strips read exactly: 39.6 % before, 43.0 % after, 43.8 % between).
"""

from pathlib import Path

import click

from realtime.commands.console import FloatRange, console_command, exit_codes, note
from realtime.commands.options import overwrite_option, refuse_overwriting
from realtime.outputs.guard import Output
from training.requirements import require


@console_command
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.argument("share", type=FloatRange(0, 1))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path, exists=True), help="MNIST, to tell a digit network's accuracy.")
@overwrite_option
def main(old: Path, new: Path, share: float, out: Path, data: Path | None, overwrite: bool) -> None:
    """Write to OUT the weights that lie SHARE of the way from OLD to NEW, checkpoints of one kind of network."""
    refuse_overwriting([Output("OUT", out, "checkpoint")], [old, new, *([data] if data else [])], overwrite)
    require("torch")
    import torch

    from training import checkpoint

    with exit_codes():
        before, content = checkpoint.read(old)["state"], checkpoint.read(new)
        after = content["state"]
        if {name: part.shape for name, part in before.items()} != {name: part.shape for name, part in after.items()}:
            raise ValueError(f"{old} and {new} are not the same network: name two of one training")
        content["state"] = {
            name: torch.lerp(before[name], part, share) if part.is_floating_point() else part
            for name, part in after.items()
        }
        metadata = content["metadata"] | {"blended": share}
        checkpoint.write(out, {"state": content["state"], "metadata": metadata})
        if data is not None:
            measure(out, data)


def measure(path: Path, data: Path) -> None:
    """Tell a digit network's accuracy on MNIST's test set, and keep it in its checkpoint."""
    import torch

    from training import calibrate, checkpoint, train
    from training.data import read_mnist

    network, metadata = checkpoint.load(path)
    crops, labels = read_mnist(data, "test")
    chances = torch.softmax(train.predict(network, crops) / float(metadata["temperature"]), dim=1)
    right = (chances.argmax(dim=1) == labels).double().mean().item()
    error = calibrate.calibration_error(chances, labels)
    checkpoint.save(path, network, metadata | {"accuracy": right, "calibration_error": error})
    note(f"{path}: test {100 * right:.2f} %, calibration error {error:.4f}")


if __name__ == "__main__":
    main()
