"""Try fine-tuning on part of a folder's pictures, or on samples of a new glyph; read the others before and after."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from realtime.commands.console import note
from realtime.reading import crops
from training import finetune
from training.corrections import Correction, group_pictures, read_corrections
from training.data import DataError
from training.datasets import Dataset
from training.finetune_base import FinetuneBase, evaluate
from training.label_errors import find_label_errors
from training.recipe import FinetuneRecipe
from training.strokes import blank, smooth, stroke

TEST_GLYPHS = 200  # drawn to be read
# A 4 as nobody writes it, like an epsilon: the corners of its stroke on a patch of 64 x 64 pixels.
GLYPH, GLYPH_DIGIT = ((46, 8), (20, 14), (18, 24), (38, 31), (18, 38), (16, 52), (46, 56)), 4


@dataclass(frozen=True)
class Trial:
    """The outcome of one draw: pictures read, right before and after, and points that the base test set gained."""

    count: int
    before: int
    after: int
    points: float


def try_folder(
    folder: Path, base: FinetuneBase, recipe: FinetuneRecipe, per_digit: int | None, swap: float, draws: int
) -> Iterator[str]:
    """Yield a line of the table for each draw, and one for all.

    per_digit: pictures of each digit to train on; None takes those of half of each digit's groups of the same ink.
    swap: the share of labels that is swapped. Raises DataError for a folder without usable pictures.
    """
    found, left_out = read_corrections(folder, base.classifier)
    if not found:
        raise DataError(f"{folder} holds no picture that can be used: name folders of folders 0 to 9")
    note(f"{folder.name}: {len(found)} pictures, {len(left_out)} left out")
    groups = group_pictures(found)
    trials = []
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        chosen = _choose_halves(found, groups, rng) if per_digit is None else _choose(found, groups, per_digit, rng)
        trial, trained = _run_trial(base, recipe, found, groups, chosen, swap, rng)
        trials.append(trial)
        cells = (folder.name, draw, trained, trial.count, trial.before, trial.after, f"{trial.points:+.2f}")
        yield f"| {' | '.join(map(str, cells))} |"
    count, before, after = (sum(getattr(t, name) for t in trials) for name in ("count", "before", "after"))
    points = [trial.points for trial in trials]
    yield (
        f"| {folder.name} | all | | {count} | {100 * before / count:.2f} % | {100 * after / count:.2f} % | "
        f"{statistics.mean(points):+.2f}, worst {min(points):+.2f} |"
    )


def try_glyph(base: FinetuneBase, recipe: FinetuneRecipe, count: int, draw: int) -> str:
    """Fine-tune on some samples of the new glyph, read others, and return the line of the table."""
    samples, unseen = (draw_glyphs(n, np.random.default_rng((draw, n))) for n in (count, TEST_GLYPHS))
    labels = torch.full((TEST_GLYPHS,), GLYPH_DIGIT)
    user = Dataset("yours", samples, labels[:count])
    model, _ = finetune.finetune_network(base.model, user, base.rehearsal, recipe)
    before, after = (_count_right(m, unseen, labels) for m in (base.model, model))
    points = _points_gained(base, model, recipe, without=GLYPH_DIGIT)
    return f"| glyph | {draw} | {count} | {TEST_GLYPHS} | {before} | {after} | {points:+.2f} (other digits) |"


def draw_glyphs(count: int, rng: np.random.Generator) -> torch.Tensor:
    """Draw so many crops (count, 1, 28, 28) of the new glyph, each by another pen and a little askew."""
    patches = []
    for _ in range(count):
        turn = cv2.getRotationMatrix2D((32, 32), rng.normal(0, 6), rng.uniform(0.8, 1))
        points = np.array(GLYPH) + rng.normal(0, 1.6, (len(GLYPH), 2))
        patches.append(blank())
        stroke(patches[-1], smooth(points @ turn[:, :2].T + turn[:, 2]), int(rng.integers(3, 7)))
    return torch.from_numpy(crops.stack(patches))


def _choose(
    found: list[Correction], groups: NDArray[np.intp], per_digit: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Choose so many pictures of each digit, each of another group, (N,) bool."""
    chosen = np.zeros(len(found), bool)
    for label in sorted({c.label for c in found}):
        members = rng.permutation([i for i, c in enumerate(found) if c.label == label])
        firsts = {int(groups[i]): int(i) for i in members[::-1]}
        chosen[[firsts[g] for g in dict.fromkeys(groups[members].tolist())][:per_digit]] = True
    return chosen


def _choose_halves(found: list[Correction], groups: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Choose the pictures of half of each digit's groups, (N,) bool."""
    chosen = np.zeros(len(found), bool)
    for label in sorted({c.label for c in found}):
        own = rng.permutation(sorted({int(g) for g, c in zip(groups, found, strict=True) if c.label == label}))
        chosen |= np.isin(groups, own[: len(own) // 2])
    return chosen


def _run_trial(
    base: FinetuneBase,
    recipe: FinetuneRecipe,
    found: list[Correction],
    groups: NDArray[np.intp],
    chosen: NDArray[np.bool_],
    swap: float,
    rng: np.random.Generator,
) -> tuple[Trial, str]:
    """Fine-tune on the chosen pictures, read those that share no group with them, and say what was trained on."""
    images = torch.from_numpy(np.stack([c.crop for c in found])[:, None])
    labels = torch.tensor([c.label for c in found])
    test = torch.from_numpy(~np.isin(groups, groups[chosen]))
    given, kept, named = labels.clone(), torch.from_numpy(chosen), ""
    if swap:
        swapped = rng.permutation(np.flatnonzero(chosen))[: round(swap * chosen.sum())]
        given[swapped] = (labels[swapped] + torch.from_numpy(rng.integers(1, 10, len(swapped)))) % 10
        members = np.flatnonzero(chosen)
        user = Dataset("yours", images[members], given[members])
        errors = find_label_errors(base.model, user, groups[members], base.rehearsal)
        doubted = {int(members[i]) for i, _ in errors}
        kept = kept & ~torch.tensor([i in doubted for i in range(len(found))])
        hits = len(doubted & set(swapped.tolist()))
        named = f", {hits} of {len(swapped)} swapped named, {len(doubted) - hits} others"
    user = Dataset("yours", images[kept], given[kept])
    model, _ = finetune.finetune_network(base.model, user, base.rehearsal, recipe)
    before, after = (_count_right(m, images[test], labels[test]) for m in (base.model, model))
    trial = Trial(int(test.sum()), before, after, _points_gained(base, model, recipe))
    return trial, f"{int(kept.sum())}{named}"


def _points_gained(base: FinetuneBase, model: nn.Module, recipe: FinetuneRecipe, without: int = -1) -> float:
    """Return by how many points the accuracy on the base test set has changed, but for the digit `without`."""
    _, test, _ = evaluate(base, model, recipe)
    others = test.subset(test.labels != without)
    return 100 * (others.fixed.sum().item() - others.broken.sum().item()) / len(others.labels)


def _count_right(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> int:
    return int((finetune.forward_batches(model, images).argmax(dim=1) == labels).sum())
