"""Fine-tune to a user's hand: `finetune-digits FOLDER`, with pictures in folders 0 to 9 and not-a-digit.

It stands here and not with training, because what it promotes is an exported and proven file.
"""

import os
import sys
from contextlib import nullcontext
from pathlib import Path

import click

from realtime.commands.console import FAILED, FloatRange, console_command, exit_codes
from realtime.commands.options import overwrite_option, refuse_overwriting
from realtime.outputs.guard import Kind, outputs_in
from realtime.reading.model_files import default_model, user_folder
from training.recipe import FinetuneRecipe
from training.requirements import require

PROMOTED: dict[str, Kind] = {
    **dict.fromkeys(("finetuned.pth", "finetuned-before.pth", "finetuned-new.pth"), "checkpoint"),
    **dict.fromkeys(("finetuned.onnx", "finetuned-before.onnx", "finetuned-new.onnx"), "model"),
}
REPORTED: dict[str, Kind] = {
    "report.md": "report",
    **dict.fromkeys(("samples.png", "history.png", "confusion.png"), "picture"),
}

OUT_HELP = "Folder of the network.  [default: this user's data folder, where reading looks for it]"


@console_command
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--init", type=click.Path(path_type=Path), help="Checkpoint to start from.  [default: bundled best.pth]")
@click.option("--data", "mnist", type=click.Path(path_type=Path), help="Folder with MNIST's files.  [default: fetch]")
@click.option("--out", "models", type=click.Path(path_type=Path), help=OUT_HELP)
@click.option("--report", type=click.Path(path_type=Path), default=Path("runs/finetune"), show_default=True)
@click.option(
    "--freeze", type=click.IntRange(0, 3), default=3, show_default=True, help="Blocks of convolutions left untouched."
)
@click.option("--rate", type=FloatRange(0, min_open=True), default=1e-3, show_default=True, help="Highest rate.")
@click.option(
    "--margin",
    type=FloatRange(0, 100),
    default=0.10,
    show_default=True,
    help="Points of accuracy that the base test set may lose.",
)
@click.option("--trust", is_flag=True, help="Train on labels that look wrong too.")
@click.option("--suspects", is_flag=True, help="Only name the pictures whose labels look wrong.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--watch", is_flag=True, help="Stay, and fine-tune again when new corrections lie there.")
@overwrite_option
def main(
    folder: Path,
    init: Path | None,
    mnist: Path | None,
    models: Path | None,
    report: Path,
    freeze: int,
    rate: float,
    margin: float,
    trust: bool,
    suspects: bool,
    seed: int,
    watch: bool,
    overwrite: bool,
) -> None:
    """Fine-tune the network to the pictures in FOLDER, and promote it if it reads them better and forgets nobody.

    FOLDER holds folders 0 to 9 and not-a-digit, as recognize-camera --collect fills them; they are made if missing.
    """
    parent = os.getppid()  # before all else takes its seconds, in which it may go
    models = models or user_folder()
    written = [*outputs_in("--out", models, PROMOTED), *outputs_in("--report", report, REPORTED)]
    read = filter(None, [folder, init, mnist, *(default_model().with_suffix(kind) for kind in (".pth", ".onnx"))])
    refuse_overwriting(written, read, overwrite)
    require("torch", "onnx", "onnxscript")
    import torch

    from export import finetuning
    from training.run import alone_in

    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) - 1))  # one core stays for the live window
    settings = finetuning.Settings(folder, models, report, FinetuneRecipe(freeze, rate, seed), margin, trust)
    if suspects:
        with exit_codes():
            finetuning.name_suspects(settings, init, mnist)
        return
    with exit_codes(), alone_in(models), alone_in(report) if report != models else nullcontext():
        if watch:
            finetuning.watch(settings, init, mnist, parent)
        elif not finetuning.finetune_once(settings, init, mnist):
            sys.exit(FAILED)


if __name__ == "__main__":
    main()
