"""Measure a shipped network through the very classifier and crops of live reading: digits kept, non-digits refused.

`measure-digits --data MNIST --source digits/semeion.npz --reject clutter` prints a line for each: accuracy, share kept
at the threshold, calibration error; for what is no digit the share accepted and the AUROC against MNIST's test digits.
"""

from pathlib import Path

import click

from realtime.commands.console import FloatRange, console_command, exit_codes
from realtime.commands.options import device_option, open_classifier, overwrite_option, refuse_overwriting
from realtime.outputs.files import save_json
from realtime.outputs.guard import Output
from training.requirements import require


@console_command
@click.option("--model", type=click.Path(path_type=Path), help="ONNX file by export-onnx.  [default: bundled]")
@device_option
@click.option("--data", "folder", type=click.Path(path_type=Path), help="Folder with MNIST's files.  [default: fetch]")
@click.option(
    "--source", "sources", multiple=True, type=click.Path(path_type=Path), help="Labelled digits: npz, folder."
)
@click.option("--reject", "rejects", multiple=True, type=click.Path(path_type=Path), help="What is no digit.")
@click.option("--only", multiple=True, metavar="PATTERN", help="Labels or clips of --reject to take.  [default: all]")
@click.option("--threshold", type=FloatRange(0, 1), help="Least sureness that is accepted.  [default: the model's]")
@click.option("--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="Write all figures as JSON.")
@overwrite_option
def main(
    model: Path | None,
    device: str,
    folder: Path | None,
    sources: tuple[Path, ...],
    rejects: tuple[Path, ...],
    only: tuple[str, ...],
    threshold: float | None,
    json_path: Path | None,
    overwrite: bool,
) -> None:
    """Measure a network on MNIST's test set, on other digits, and on what is no digit."""
    if json_path is not None:
        read = [*sources, *rejects, *filter(None, [model, folder])]
        refuse_overwriting([Output("--json", json_path, "figures")], read, overwrite)
    require("torch")
    from training import classifier_metrics, data
    from training.datasets import Dataset, load_dataset
    from training.fetch import mnist_folder

    with exit_codes():
        classifier = open_classifier(model, device)
        if threshold is None:
            threshold = float(classifier.metadata.get("threshold", "0.5"))
        mnist = Dataset("MNIST test", *data.read_mnist(folder or mnist_folder(), "test"))
        scores = classifier_metrics.score(classifier, mnist)
        click.echo(f"threshold {threshold:.3f}")
        accepted, rejected = [], []
        for dataset in (mnist, *(load_dataset(path) for path in sources)):
            accepted.append(classifier_metrics.measure_digits(classifier, dataset, threshold))
            click.echo(classifier_metrics.describe_digits(accepted[-1]))
        for dataset in (load_dataset(path, only=only) for path in rejects):
            rejected.append(classifier_metrics.measure_negatives(classifier, dataset, threshold, scores))
            click.echo(classifier_metrics.describe_negatives(rejected[-1]))
        if json_path is not None:
            save_json(json_path, {"threshold": threshold, "sources": accepted, "rejects": rejected})


if __name__ == "__main__":
    main()
