"""Hold a training run, and keep it so that a kill costs at most an epoch."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from realtime.outputs.files import make_folder
from realtime.outputs.lock import only_writer
from training import checkpoint
from training.model import build, to_channels_last
from training.recipe import Recipe


@dataclass
class Progress:
    """How far a run has come: whole epochs, the best validation accuracy and its epoch, and the metrics of each."""

    epoch: int = 0
    best: float = -1.0
    best_epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass
class Run:
    """All that changes while training: the network, its moving average, the optimizer, progress, the best weights."""

    model: nn.Module
    averaged: nn.Module
    optimizer: torch.optim.Optimizer
    progress: Progress
    best: dict[str, Tensor]


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder while the block lasts. Raises OutputError that names the process in it."""
    make_folder(folder)
    with only_writer(folder / ".run.lock"):
        yield


def start_run(recipe: Recipe, device: torch.device, weights: dict[str, Tensor] | None = None) -> Run:
    """Return a fresh run on a device, from seeded or given weights; channels last takes half the time on CPUs."""
    torch.manual_seed(recipe.seed)
    model, averaged = (build(recipe.arch, len(recipe.classes)) for _ in range(2))
    if weights is not None:
        model.load_state_dict(weights)
    averaged.load_state_dict(model.state_dict())
    model, averaged = (to_channels_last(m.to(device)) for m in (model, averaged))
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay)
    return Run(model, averaged.eval(), optimizer, Progress(), {})


def resume_run(path: Path, recipe: Recipe, device: torch.device) -> Run:
    """Return the run that `save_run` left in `path`. Raises CheckpointRefusedError where it is another recipe's."""
    content = checkpoint.read(path)
    if content.get("recipe") != recipe.to_dict():
        raise checkpoint.CheckpointRefusedError(
            f"{path} was left by another recipe: give the same options as then, or leave --resume out"
        )
    run = start_run(recipe, device)
    checkpoint.load_weights(path, run.model, content.get("model"))
    checkpoint.load_weights(path, run.averaged, content.get("averaged"))
    try:
        run.optimizer.load_state_dict(content["optimizer"])
        return Run(run.model, run.averaged, run.optimizer, Progress(**content["progress"]), content["best"])
    except checkpoint.BROKEN:
        raise checkpoint.CheckpointRefusedError(f"{path} is no run of train-digits: leave --resume out") from None


def save_run(run: Run, recipe: Recipe, folder: Path) -> None:
    """Write the resumable checkpoint `last.pth` and `metrics.jsonl`, each whole or not at all."""
    content = {
        "recipe": recipe.to_dict(),
        "model": run.model.state_dict(),
        "averaged": run.averaged.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "progress": asdict(run.progress),
        "best": run.best,
    }
    checkpoint.write(folder / "last.pth", content)
    temporary = folder / "metrics.jsonl.tmp"
    temporary.write_text("".join(json.dumps(line) + "\n" for line in run.progress.history), encoding="utf-8")
    temporary.replace(folder / "metrics.jsonl")
