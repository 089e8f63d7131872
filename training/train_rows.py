"""Train the row network on strips that are drawn on the way: `train-rows --data FOLDER --minutes 100`."""

import copy
import math
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from realtime.commands.console import console_command, exit_codes, note
from realtime.reading import strips
from training import checkpoint
from training.drawn import BATCH, Batch, Drawn, drawing, encode, held_out, pad
from training.row_network import CLASSES, KIND, STEP, RowNetwork, load, scaled

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


@dataclass(frozen=True)
class Score:
    """How strips are read: share exact, errors per symbol, share with fewer digits than written."""

    exact: float
    errors: float
    shorter: float


@console_command
@click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path, exists=True),
    required=True,
    help="Folder with strokes/, mnist/ ...",
)
@click.option("--minutes", type=click.FloatRange(0, min_open=True), default=100, show_default=True)
@click.option("--rate", type=click.FloatRange(0, min_open=True), default=3e-3, show_default=True, help="Highest rate.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that draw.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads that train.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/rows"), show_default=True)
@click.option("--from", "begin", type=click.Path(path_type=Path), help="Checkpoint to train further.  [default: none]")
@click.option("--resume", "go_on", is_flag=True, help="Go on where the run in --out was left.")
def main(
    folder: Path,
    minutes: float,
    rate: float,
    workers: int,
    threads: int,
    seed: int,
    out: Path,
    begin: Path | None,
    go_on: bool,
) -> None:
    """Train on drawn strips and keep the weights that read those of held-out writers best."""
    torch.set_num_threads(threads)
    with exit_codes():
        run = start(rate, seed, begin)
        if go_on and (out / "last.pth").is_file():
            restore(run, checkpoint.read(out / "last.pth"))
        valid = held_out(folder, VALIDATION)
        note(f"row network, {sum(p.numel() for p in run.model.parameters())} parameters, {len(valid)} strips held out")
        if run.spent < minutes * 60:
            with drawing(folder, seed + run.step, workers) as drawn:
                fit(run, drawn, valid, minutes * 60, rate, out)
        finish(out / "best.pth", valid)


def finish(path: Path, valid: list[Drawn]) -> None:
    """Calibrate the best weights on the strips held out, and write them again with their temperature."""
    network, metadata = load(path)
    logits, texts = predict(network, valid), [text for _, text in valid]
    metadata["temperature"] = fit_temperature(logits, texts)
    metadata["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}"
    checkpoint.write(path, {"state": network.state_dict(), "metadata": metadata})
    told = metadata["validation"]
    note(f"{path}: exact {100 * told['exact']:.2f} % of those held out, temperature {metadata['temperature']:.2f}")


def fit_temperature(logits: list[Tensor], texts: list[str]) -> float:
    """Return the temperature at which logits (T, C) of strips say best what is written on them."""
    order = sorted(range(len(logits)), key=lambda k: len(logits[k]))
    parts = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]

    def loss(temperature: float) -> float:
        total = 0.0
        for part in parts:
            padded = nn.utils.rnn.pad_sequence([logits[k] for k in part], batch_first=True)
            steps = torch.tensor([len(logits[k]) for k in part])
            total += ctc(padded, [texts[k] for k in part], temperature, steps).item() * len(part)
        return total

    return min((float(t) for t in np.geomspace(0.5, 3, 28)), key=loss)


def start(rate: float, seed: int, begin: Path | None = None) -> Run:
    """Return a fresh run, from seeded weights or those of a checkpoint."""
    torch.manual_seed(seed)
    model = RowNetwork()
    if begin is not None:
        model.load_state_dict(checkpoint.read(begin)["state"])
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=WEIGHT_DECAY)
    return Run(model, copy.deepcopy(model).eval(), optimizer)


def restore(run: Run, content: dict[str, Any]) -> None:
    """Put a run where it was left."""
    run.model.load_state_dict(content["model"])
    run.averaged.load_state_dict(content["averaged"])
    run.optimizer.load_state_dict(content["optimizer"])
    run.spent, run.step, run.best = content["spent"], content["step"], content["best"]
    run.history = content["history"]


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


def ctc(logits: Tensor, texts: list[str], temperature: float = 1.0, steps: Tensor | None = None) -> Tensor:
    """Return the CTC loss of logits (N, T, C), the first `steps` (N,) of each, for what is written, per symbol."""
    targets, lengths = (torch.from_numpy(part) for part in encode(texts))
    logs = torch.log_softmax(logits / temperature, dim=2).transpose(0, 1)
    steps = torch.full((len(texts),), logs.shape[0], dtype=torch.int64) if steps is None else steps
    total = functional.ctc_loss(logs, targets, steps, lengths, reduction="sum", zero_infinity=True)
    return total / max(int(lengths.sum()), 1)


def predict(model: nn.Module, drawn: list[Drawn]) -> list[Tensor]:
    """Return the logits (T, C) of each strip, in full precision."""
    model.eval()
    order = sorted(range(len(drawn)), key=lambda k: drawn[k][0].shape[1])
    logits: list[Tensor] = [torch.empty(0)] * len(drawn)
    with torch.no_grad():
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            given = model(scaled(torch.from_numpy(pad([drawn[k][0] for k in part]))))
            for k, row in zip(part, given, strict=True):
                logits[k] = row[: -(-drawn[k][0].shape[1] // STEP)].clone()
    return logits


def greedy(logits: Tensor) -> str:
    """Return the text of logits (T, C): the best class of each step, repeats once, blanks left out."""
    best = logits.argmax(dim=1)
    kept = best[(best != 0) & (best != functional.pad(best[:-1], (1, 0)))]
    return "".join(CLASSES[k] for k in kept.tolist())


def score(read: list[str], written: list[str]) -> Score:
    """Compare what is read with what is written."""
    exact = np.mean([a == b for a, b in zip(read, written, strict=True)])
    errors = sum(distance(a, b) for a, b in zip(read, written, strict=True)) / max(sum(map(len, written)), 1)
    shorter = np.mean([_digits(a) < _digits(b) for a, b in zip(read, written, strict=True)])
    return Score(float(exact), float(errors), float(shorter))


def _digits(text: str) -> int:
    return sum(c.isdigit() for c in text)


def distance(a: str, b: str) -> int:
    """Return how many symbols must be changed, added or taken to make one text of the other."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def _look(run: Run, valid: list[Drawn], loss: float, rate: float, seconds: float, out: Path) -> None:
    """Read the strips held out, and keep the run, and its averaged weights if they are the best so far."""
    told = score([greedy(row) for row in predict(run.averaged, valid)], [text for _, text in valid])
    line = {"seconds": run.spent, "step": float(run.step), "loss": loss, "rate": rate, **asdict(told)}
    run.history.append(line)
    tqdm.write(
        f"{run.spent / 60:.1f} min  step {run.step}  loss {loss:.4f}  exact {100 * told.exact:.2f} %  "
        f"errors {100 * told.errors:.2f} %  shorter {100 * told.shorter:.2f} %"
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


if __name__ == "__main__":
    main()
