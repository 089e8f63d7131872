"""Train the row network on strips that are drawn on the way, keep its best weights, and go on with a run."""

import copy
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from realtime.commands.console import note
from realtime.reading import strips
from training import checkpoint
from training.drawn import Batch, Drawn, drawing, held_out
from training.row_network import CLASSES, KIND, RowNetwork, scaled
from training.row_scoring import Score, ctc, finish, greedy, predict, score

WARM_UP = 300  # steps
WEIGHT_DECAY = 0.02
AVERAGE = 0.9985  # of the weights over steps, for what is kept
CLIP = 5.0  # largest norm of a step's gradient
VALIDATION = 1000  # strips of writers held out
LOOK = 300.0  # seconds of training between two looks at them


@dataclass
class Run:
    """All that changes while training, and what the run is to be."""

    model: RowNetwork
    averaged: RowNetwork
    optimizer: torch.optim.Optimizer
    spent: float = 0.0  # seconds
    step: int = 0
    best: float = -1.0
    history: list[dict[str, float]] = field(default_factory=list)


def train(
    folder: Path, seconds: float, rate: float, workers: int, seed: int, out: Path, begin: Path | None, go_on: bool
) -> None:
    """Train on strips drawn from `folder`, and keep in `out` the run and its weights that read held-out writers best.

    seconds: of training, those before the run was left among them. begin: a checkpoint to train further. go_on: with
    the run in `out`, where there is one.
    """
    run = start(rate, seed, begin)
    if go_on and (out / "last.pth").is_file():
        restore(run, out / "last.pth")
    valid = held_out(folder, VALIDATION)
    note(f"row network, {sum(p.numel() for p in run.model.parameters())} parameters, {len(valid)} strips held out")
    if run.spent < seconds:
        with drawing(folder, seed + run.step, workers) as drawn:
            fit(run, drawn, valid, seconds, rate, out)
    finish(out / "best.pth", valid)


def start(rate: float, seed: int, begin: Path | None = None) -> Run:
    """Return a fresh run, from seeded weights or those of a checkpoint."""
    torch.manual_seed(seed)
    model = RowNetwork()
    if begin is not None:
        checkpoint.load_weights(begin, model, checkpoint.read(begin).get("state"))
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=WEIGHT_DECAY)
    return Run(model, copy.deepcopy(model).eval(), optimizer)


def restore(run: Run, path: Path) -> None:
    """Put a run where it was left. Raises CheckpointRefusedError where the file holds none."""
    content = checkpoint.read(path)
    checkpoint.load_weights(path, run.model, content.get("model"))
    checkpoint.load_weights(path, run.averaged, content.get("averaged"))
    try:
        run.optimizer.load_state_dict(content["optimizer"])
        run.spent, run.step, run.best = content["spent"], content["step"], content["best"]
        run.history = content["history"]
    except checkpoint.BROKEN:
        raise checkpoint.CheckpointRefusedError(f"{path} is no run of train-rows: leave --resume out") from None


def fit(run: Run, drawn: Iterator[Batch], valid: list[Drawn], seconds: float, rate: float, out: Path) -> None:
    """Train until `seconds` are spent, the rate falling to zero with them."""
    bar = tqdm(total=round(seconds), initial=round(run.spent), unit="s", mininterval=30, desc="train-rows")
    looked, losses = run.spent, []
    while run.spent < seconds:
        began = time.perf_counter()
        batch = next(drawn)
        share = min(1.0, (run.step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * min(run.spent / seconds, 1)))
        for group in run.optimizer.param_groups:
            group["lr"] = rate * share
        losses.append(step(run, batch))
        took = time.perf_counter() - began
        run.spent += took
        bar.update(round(run.spent) - bar.n)
        if run.spent - looked >= LOOK or run.spent >= seconds:
            looked = run.spent
            _look(run, valid, float(np.mean(losses)), rate * share, seconds, out)
            losses = []
    bar.close()


def step(run: Run, batch: Batch) -> float:
    """Take one step and return its loss per symbol."""
    pixels, texts = batch
    run.model.train()
    loss = ctc(forward(run.model, torch.from_numpy(pixels)), texts)
    run.optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(run.model.parameters(), CLIP)
    run.optimizer.step()
    run.step += 1
    keep = min(AVERAGE, (1 + run.step) / (10 + run.step))
    with torch.no_grad():
        for old, new in zip(run.averaged.state_dict().values(), run.model.state_dict().values(), strict=True):
            if old.is_floating_point():
                old.lerp_(new, 1 - keep)
            else:
                old.copy_(new)
    return loss.item()


def forward(model: nn.Module, pixels: Tensor) -> Tensor:
    """Return logits (N, T, C) float32 of strips (N, 1, 32, W) uint8, reckoned in bfloat16, twice as fast on CPUs."""
    with torch.autocast("cpu", torch.bfloat16):
        logits: Tensor = model(scaled(pixels))
    return logits.float()


def _look(run: Run, valid: list[Drawn], loss: float, rate: float, seconds: float, out: Path) -> None:
    """Read the strips held out, and keep the run, and its averaged weights if they are the best so far."""
    told = score([greedy(row) for row in predict(run.averaged, valid)], [text for _, text in valid])
    line = {"seconds": run.spent, "step": float(run.step), "loss": loss, "rate": rate, **asdict(told)}
    run.history.append(line)
    tqdm.write(
        f"{run.spent / 60:.1f} min  step {run.step}  loss {loss:.4f}  exact {100 * told.exact:.2f} %  "
        f"errors {100 * told.errors:.2f} %  shorter {100 * told.shorter:.2f} %  parted {100 * told.parted:.1f} %"
    )
    if told.exact >= run.best:
        run.best = told.exact
        save(out / "best.pth", run, told)
    content = {
        **{"model": run.model.state_dict(), "averaged": run.averaged.state_dict()},
        **{"optimizer": run.optimizer.state_dict(), "spent": run.spent, "step": run.step, "best": run.best},
        "history": run.history,
    }
    checkpoint.write(out / "last.pth", content)


def save(path: Path, run: Run, told: Score) -> None:
    """Write the averaged weights with what they need to be read again."""
    metadata = {
        **{"kind": KIND, "classes": list(CLASSES), "strip_version": strips.VERSION, "temperature": 1.0},
        **{"validation": asdict(told), "step": run.step, "seconds": run.spent, "torch": str(torch.__version__)},
    }
    state = {name: tensor.clone() for name, tensor in run.averaged.state_dict().items()}
    checkpoint.write(path, {"state": state, "metadata": metadata})
