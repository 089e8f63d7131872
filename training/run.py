"""What a run is made of, and how it is kept so that a kill costs at most an epoch."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training import checkpoint
from training.model import CLASSES, build


@dataclass(frozen=True)
class Recipe:
    """What makes a run what it is; two runs of one recipe, data and machine give the same weights."""

    arch: str = "digitcnn"
    classes: tuple[str, ...] = CLASSES
    epochs: int = 20
    batch: int = 128
    rate: float = 4e-3
    weight_decay: float = 0.02
    negatives: int = 6500  # drawn anew each epoch
    forms: int = 0  # digits in rarer forms, drawn anew each epoch
    augment: str = "camera"  # or "hand": bent but not damaged, or "none"
    settle: float = 0.25  # share of the epochs, the last, in which augmentation is mild, for the nearest to true digits
    average: float = 0.998  # of the weights over steps, for what is kept
    patience: int = 0  # epochs without a better validation after which to stop; 0 never stops
    seed: int = 0


@dataclass
class Progress:
    """Where a run stands, kept in the resumable checkpoint."""

    epoch: int = 0
    best: float = -1.0
    best_epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass
class Run:
    """All that changes while training: the network, its average, the optimizer, progress, and the best weights."""

    model: nn.Module
    averaged: nn.Module
    optimizer: torch.optim.Optimizer
    progress: Progress
    best: dict[str, Tensor]


def start(recipe: Recipe, device: torch.device, weights: dict[str, Tensor] | None = None) -> Run:
    """Return a fresh run: a network with seeded or given weights, channels last (twice as fast on CPUs)."""
    torch.manual_seed(recipe.seed)
    model, averaged = (build(recipe.arch, len(recipe.classes)) for _ in range(2))
    if weights is not None:
        model.load_state_dict(weights)
    averaged.load_state_dict(model.state_dict())
    model, averaged = (m.to(device, memory_format=torch.channels_last) for m in (model, averaged))
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay)
    return Run(model, averaged.eval(), optimizer, Progress(), {})


def resume(path: Path, recipe: Recipe, device: torch.device) -> Run:
    """Return the run that was left in `path`. Raises CheckpointRefusedError where it is another recipe's."""
    content = checkpoint.read(path)
    if content.get("recipe") != plain(recipe):
        raise checkpoint.CheckpointRefusedError(
            f"{path} was left by another recipe: give the same options as then, or leave --resume out"
        )
    run = start(recipe, device)
    run.model.load_state_dict(content["model"])
    run.averaged.load_state_dict(content["averaged"])
    run.optimizer.load_state_dict(content["optimizer"])
    return Run(run.model, run.averaged, run.optimizer, Progress(**content["progress"]), content["best"])


def plain(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as plain values."""
    return asdict(recipe) | {"classes": list(recipe.classes)}


def keep(run: Run, recipe: Recipe, folder: Path) -> None:
    """Write the resumable checkpoint `last.pth` and `metrics.jsonl`, each whole or not at all."""
    content = {
        "recipe": plain(recipe),
        "model": run.model.state_dict(),
        "averaged": run.averaged.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "progress": asdict(run.progress),
        "best": run.best,
    }
    checkpoint.write(folder / "last.pth", content)
    lines = "".join(json.dumps(line) + "\n" for line in run.progress.history)
    temporary = folder / "metrics.jsonl.tmp"
    temporary.write_text(lines, encoding="utf-8")
    temporary.replace(folder / "metrics.jsonl")
