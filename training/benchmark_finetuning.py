"""Measure what fine-tuning gives: digits of each folder, drawn anew several times, before and after.

`python -m training.benchmark_finetuning FOLDER... --data MNIST`: of each folder of folders 0 to 9, so many pictures
of a digit are trained on and the others read; pictures of the same ink stay on one side. `--glyph` measures a shape of
a digit that nobody writes; `--swap 0.1` swaps a tenth of the labels, and counts which of them are named.
`--memory DATA` measures the memory of corrections, on writers that nothing was trained on: training/README.md.

Of three writers' photos, three pictures a digit trained on and seven read, five draws: 100, 100 and 97.43 % right
before, 100, 100 and 97.71 % after; base set -0.03 points in the mean, -0.07 at worst. A new 4 of ten samples: none of
200 right before, all 200 after in each of five draws, other digits of the base set -0.05 points (at worst -0.08).
Three corrections of each digit remembered: of 55 writers of Chars74K 24 errors before and 4 after, of 59 of UNIPEN 386
and 301.
"""

from pathlib import Path

import click

from realtime.commands.console import FloatRange, console_command, exit_codes
from realtime.reading.model_files import default_model
from training.recipe import FinetuneRecipe
from training.requirements import require


@console_command
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--data", "mnist", type=click.Path(path_type=Path), help="Folder with MNIST's files.  [default: fetch]")
@click.option("--per-digit", type=click.IntRange(1), default=3, show_default=True, help="Pictures to train on.")
@click.option("--groups", "by_group", is_flag=True, help="Split each digit's groups of the same ink in halves instead.")
@click.option("--swap", type=FloatRange(0, 1), default=0.0, show_default=True, help="Share of swapped labels.")
@click.option("--glyph", type=click.IntRange(1), help="Measure a new shape of the 4 with so many samples.")
@click.option("--draws", type=click.IntRange(1), default=5, show_default=True)
@click.option("--memory", type=click.Path(path_type=Path), help="Measure the memory on the writers in this folder.")
@click.option("--freeze", type=click.IntRange(0, 3), default=3, show_default=True)
def main(
    folders: tuple[Path, ...],
    mnist: Path | None,
    per_digit: int,
    by_group: bool,
    swap: float,
    glyph: int | None,
    draws: int,
    memory: Path | None,
    freeze: int,
) -> None:
    """Fine-tune on some pictures of each of FOLDERS, read the others, and print a table."""
    require("torch")
    from training import finetune_trials
    from training.finetune_base import load_base

    with exit_codes():
        recipe = FinetuneRecipe(freeze)
        base = load_base(default_model().with_suffix(".pth"), mnist, recipe)
        if memory is not None:
            from training import memory_tables

            for line in memory_tables.lines(memory, mnist, base, recipe, draws):
                click.echo(line)
            return
        click.echo("| what | draw | trained | read | right before | right after | base set, points |")
        click.echo("|---|---|---|---|---|---|---|")
        for folder in folders:
            for line in finetune_trials.try_folder(folder, base, recipe, None if by_group else per_digit, swap, draws):
                click.echo(line)
        for draw in range(draws if glyph else 0):
            click.echo(finetune_trials.try_glyph(base, recipe, glyph or 0, draw))


if __name__ == "__main__":
    main()
