"""Measure what fine-tuning gives: digits of each folder, drawn anew several times, before and after.

`python -m training.benchmark_finetuning FOLDER... --data MNIST`: of each folder of folders 0 to 9, so many pictures
of a digit are trained on and the others read; pictures of the same ink stay on one side. `--glyph` measures a shape of
a digit that nobody writes; `--swap 0.1` swaps a tenth of the labels, and counts which of them are named.

Of three writers' photos, three pictures a digit trained on and seven read, five draws: 100, 100 and 97.43 % right
before, 100, 100 and 97.71 % after; base set -0.03 points in the mean, -0.07 at worst. A new 4 of ten samples: none of
200 right before, all 200 after in each of five draws, other digits of the base set -0.06 points (at worst -0.07).
"""

import statistics
from pathlib import Path

import click
import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from realtime.commands.console import console_command, exit_codes, note
from realtime.reading import crops
from realtime.reading.model_files import default_model
from training import finetune
from training.corrections import SAME_INK, Correction, gather, groups
from training.data import DataError
from training.finetune_base import FinetuneBase, measure, prepare
from training.sources import Source
from training.suspects import suspicious

UNSEEN = 200  # glyphs to read
# A 4 as nobody writes it: like an epsilon. Corners of one stroke, of 64 by 64.
GLYPH, STANDS_FOR = ((46, 8), (20, 14), (18, 24), (38, 31), (18, 38), (16, 52), (46, 56)), 4


@console_command
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--data", "mnist", type=click.Path(path_type=Path), help="Folder with MNIST's files.  [default: fetch]")
@click.option("--per-digit", type=click.IntRange(1), default=3, show_default=True, help="Pictures to train on.")
@click.option("--groups", "by_group", is_flag=True, help="Split each digit's groups of the same ink in halves instead.")
@click.option(
    "--same-ink", type=click.FloatRange(0, 1), default=SAME_INK, show_default=True, help="Correlation of one ink."
)
@click.option("--swap", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="Share of swapped labels.")
@click.option("--glyph", type=click.IntRange(1), help="Measure a new shape of the 4 with so many samples.")
@click.option("--draws", type=click.IntRange(1), default=5, show_default=True)
@click.option("--freeze", type=click.IntRange(0, 3), default=3, show_default=True)
def main(
    folders: tuple[Path, ...],
    mnist: Path | None,
    per_digit: int,
    by_group: bool,
    same_ink: float,
    swap: float,
    glyph: int | None,
    draws: int,
    freeze: int,
) -> None:
    """Fine-tune on some pictures of each of FOLDERS, read the others, and print a table."""
    with exit_codes():
        plan = finetune.Plan(freeze)
        ground = prepare(default_model().with_suffix(".pth"), mnist, plan)
        click.echo("| what | draw | trained | read | right before | right after | base set, points |")
        click.echo("|---|---|---|---|---|---|---|")
        for folder in folders:
            found, left_out = gather(folder, ground.cutter)
            if not found:
                raise DataError(f"{folder} holds no picture that can be used: name folders of folders 0 to 9")
            note(f"{folder.name}: {len(found)} pictures, {len(left_out)} left out")
            together = groups(found, same_ink)
            outcomes = []
            for draw in range(draws):
                rng = np.random.default_rng(draw)
                chosen = _halves(found, together, rng) if by_group else _some(found, together, per_digit, rng)
                outcomes.append(_outcome(ground, plan, folder.name, draw, found, together, chosen, swap, rng))
            _sum_up(folder.name, outcomes)
        if glyph:
            for draw in range(draws):
                _new_glyph(ground, plan, glyph, draw)


def draw_glyphs(count: int, rng: np.random.Generator) -> torch.Tensor:
    """Draw so many crops (count, 1, 28, 28) of the new glyph, each by another pen and a little askew."""
    patches = []
    for _ in range(count):
        turn = cv2.getRotationMatrix2D((32, 32), rng.normal(0, 6), rng.uniform(0.8, 1))
        points = np.array(GLYPH) + rng.normal(0, 1.6, (len(GLYPH), 2))
        points = points @ turn[:, :2].T + turn[:, 2]
        for _ in range(2):  # corners cut (Chaikin)
            a, b = points[:-1], points[1:]
            inner = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
            points = np.concatenate([points[:1], inner, points[-1:]])
        patch = np.zeros((64, 64), np.uint8)
        pen = int(rng.integers(3, 7))
        cv2.polylines(patch, [np.round(points * 8).astype(np.int32)], False, 255, pen, cv2.LINE_AA, 3)
        patches.append(patch)
    return torch.from_numpy(crops.stack(patches))


def _some(
    found: list[Correction], together: NDArray[np.intp], each: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Choose so many pictures of each digit, each of another group, (N,) bool."""
    chosen = np.zeros(len(found), bool)
    for label in sorted({c.label for c in found}):
        members = rng.permutation([i for i, c in enumerate(found) if c.label == label])
        firsts = {int(together[i]): int(i) for i in members[::-1]}
        chosen[[firsts[g] for g in dict.fromkeys(together[members].tolist())][:each]] = True
    return chosen


def _halves(found: list[Correction], together: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Choose the pictures of half of each digit's groups, (N,) bool."""
    chosen = np.zeros(len(found), bool)
    for label in sorted({c.label for c in found}):
        mine = rng.permutation(sorted({int(g) for g, c in zip(together, found, strict=True) if c.label == label}))
        chosen |= np.isin(together, mine[: len(mine) // 2])
    return chosen


def _outcome(
    ground: FinetuneBase,
    plan: finetune.Plan,
    name: str,
    draw: int,
    found: list[Correction],
    together: NDArray[np.intp],
    chosen: NDArray[np.bool_],
    swap: float,
    rng: np.random.Generator,
) -> tuple[int, int, int, float]:
    """Fine-tune on the chosen pictures and read those that share no group with them; print and return what came."""
    images = torch.from_numpy(np.stack([c.crop for c in found])[:, None])
    labels = torch.tensor([c.label for c in found])
    read = torch.from_numpy(~np.isin(together, together[chosen]))
    given, kept, named = labels.clone(), torch.from_numpy(chosen), ""
    if swap:
        wrong = rng.permutation(np.flatnonzero(chosen))[: round(swap * chosen.sum())]
        given[wrong] = (labels[wrong] + torch.from_numpy(rng.integers(1, 10, len(wrong)))) % 10
        mine = np.flatnonzero(chosen)
        user = Source("yours", images[mine], given[mine])
        doubted = {int(mine[i]) for i, _ in suspicious(ground.base, user, together[mine], ground.rehearsal)}
        kept = kept & ~torch.tensor([i in doubted for i in range(len(found))])
        hits = len(doubted & set(wrong.tolist()))
        named = f", {hits} of {len(wrong)} swapped named, {len(doubted) - hits} others"
    model, _ = finetune.tune(ground.base, Source("yours", images[kept], given[kept]), ground.rehearsal, plan)
    before, after = (_right(m, images[read], labels[read]) for m in (ground.base, model))
    points = _base_points(ground, model, plan)
    click.echo(
        f"| {name} | {draw} | {int(kept.sum())}{named} | {int(read.sum())} | {before} | {after} | {points:+.2f} |"
    )
    return int(read.sum()), before, after, points


def _sum_up(name: str, outcomes: list[tuple[int, int, int, float]]) -> None:
    """Print the means over the draws."""
    count, before, after = (sum(o[k] for o in outcomes) for k in range(3))
    worst = min(o[3] for o in outcomes)
    click.echo(
        f"| {name} | all | | {count} | {100 * before / count:.2f} % | {100 * after / count:.2f} % | "
        f"{statistics.mean(o[3] for o in outcomes):+.2f}, worst {worst:+.2f} |"
    )


def _new_glyph(ground: FinetuneBase, plan: finetune.Plan, count: int, draw: int) -> None:
    """Fine-tune on some samples of the new glyph, and read others; other digits are the test set's."""
    samples, unseen = (draw_glyphs(n, np.random.default_rng((draw, n))) for n in (count, UNSEEN))
    label = torch.full((UNSEEN,), STANDS_FOR)
    model, _ = finetune.tune(ground.base, Source("yours", samples, label[:count]), ground.rehearsal, plan)
    before, after = (_right(m, unseen, label) for m in (ground.base, model))
    points = _base_points(ground, model, plan, without=STANDS_FOR)
    click.echo(f"| glyph | {draw} | {count} | {UNSEEN} | {before} | {after} | {points:+.2f} (other digits) |")


def _base_points(ground: FinetuneBase, model: nn.Module, plan: finetune.Plan, without: int = -1) -> float:
    """Return by how many points the accuracy on the base test set has changed, but for the digit `without`."""
    _, base, _ = measure(ground, model, plan)
    part = base.part(base.labels != without)
    return 100 * (part.fixed.sum().item() - part.broken.sum().item()) / len(part.labels)


def _right(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> int:
    return int((finetune.run(model, images).argmax(dim=1) == labels).sum())


if __name__ == "__main__":
    main()
