"""Train the finder on drawn scenes: `train-finder --data FOLDER --minutes 90`.

Learning rate and averaging follow the minutes given, so that a run ends well on any machine; a seed fixes the scenes.
"""

import json
import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from realtime.commands.console import exit_codes, note
from realtime.reading.finder import MAPS, VERSION
from training import checkpoint
from training.finder_network import FinderNetwork
from training.finder_scenes import SHOWN, batches, validation
from training.finder_scores import Counts, count
from training.scenes.draw import NONE, Scene, picture

HELD = 160  # scenes of the validation
EVERY = 240.0  # seconds between two validations, each of which is kept
THRESHOLD = 0.4  # of the core while training; the shipped one is calibrated
AVERAGE = 0.998  # of the weights over steps
NAMING = 0.2  # share of the classes in the loss


@dataclass
class Progress:
    """Where a run stands."""

    step: int = 0
    scenes: int = 0  # drawn so far
    seconds: float = 0.0  # of training so far
    best: float = -1.0
    history: list[dict[str, float]] = field(default_factory=list)


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of the sources.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), default=120.0, show_default=True)
@click.option("--batch", type=click.IntRange(2), default=16, show_default=True)
@click.option("--rate", type=click.FloatRange(0, min_open=True), default=4e-3, show_default=True, help="Highest rate.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/finder"), show_default=True)
@click.option("--from", "begin", type=click.Path(path_type=Path), help="Weights to train further.  [default: none]")
@click.option("--resume", is_flag=True, help="Go on where the run in --out was left.")
def main(
    data: Path, minutes: float, batch: int, rate: float, seed: int, out: Path, begin: Path | None, resume: bool
) -> None:
    """Train, hold against scenes of hands held out every four minutes, and keep the best."""
    with exit_codes():
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
        recipe = {"minutes": minutes, "batch": batch, "rate": rate, "seed": seed, "from": str(begin or "")}
        fit(data, recipe, out, begin, resume)


def fit(data: Path, recipe: dict[str, Any], out: Path, begin: Path | None, resume: bool) -> None:
    """Run a recipe to its end; every validation leaves `last.pth`, and `best.pth` where it is the best yet."""
    model, average = (FinderNetwork().to(memory_format=torch.channels_last) for _ in range(2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe["rate"], weight_decay=0.02)
    progress, out = Progress(), Path(out)
    if resume:
        kept = checkpoint.read(out / "last.pth")
        model.load_state_dict(kept["model"])
        average.load_state_dict(kept["state"])
        optimizer.load_state_dict(kept["optimizer"])
        progress = Progress(**kept["progress"])
    elif begin is not None:
        model.load_state_dict(checkpoint.read(begin)["state"])
        average.load_state_dict(model.state_dict())
    scenes = validation(data, HELD)
    length, began = 60 * recipe["minutes"], time.perf_counter() - progress.seconds
    source = batches(data, recipe["batch"], recipe["seed"], progress.scenes)
    validated, losses = progress.seconds, []
    with tqdm(total=round(length), initial=round(progress.seconds), unit="s", mininterval=5) as bar:
        while progress.seconds < length:
            for group in optimizer.param_groups:
                group["lr"] = recipe["rate"] * _schedule(progress.seconds / length)
            loss = step(model, optimizer, next(source))
            losses.append(loss)
            progress.step += 1
            progress.scenes += recipe["batch"] // SHOWN
            _follow(average, model, min(AVERAGE, 1 - 1 / (progress.step / 4 + 2)))
            progress.seconds = time.perf_counter() - began
            bar.n = round(min(progress.seconds, length))
            bar.set_postfix(step=progress.step, loss=f"{np.mean(losses[-50:]):.3f}", refresh=False)
            bar.update(0)
            if progress.seconds - validated >= EVERY or progress.seconds >= length:
                validated = progress.seconds
                counts = validate(average, scenes, out / "errors.png")
                progress.history.append({"seconds": progress.seconds, "step": progress.step, "loss": float(np.mean(losses)), **asdict(counts)})
                losses.clear()
                note(f"\n{progress.seconds / 60:.1f} min, {progress.step} steps, {progress.scenes} scenes, loss {progress.history[-1]['loss']:.3f}: {counts}")
                _keep(out, model, average, optimizer, progress, recipe, counts)


def step(model: nn.Module, optimizer: torch.optim.Optimizer, batch: list[Tensor]) -> float:
    """Take one step and return the loss."""
    images, maps, weights, classes = batch
    model.train()
    with torch.autocast("cpu", torch.bfloat16):
        logits, names = model(planes(images))
    loss = loss_of(logits.float(), names.float(), maps.float() / 255, weights, classes)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    return float(loss.detach())


def planes(images: Tensor) -> Tensor:
    """Return images (N, H, W, 3) uint8 as (N, 3, H, W) float32 in channels-last order."""
    return images.permute(0, 3, 1, 2).float()


def loss_of(logits: Tensor, names: Tensor, maps: Tensor, weights: Tensor, classes: Tensor) -> Tensor:
    """Return cross-entropy and Dice of the maps, weighed pixel by pixel, and cross-entropy of the classes at the cores."""
    known = (weights < 128).float()
    core = torch.where(weights >= 128, weights.float() - 128, weights.float()) / 16
    weight = torch.stack([core, *[(core > 0) * known] * (len(MAPS) - 1)], dim=1)
    entropy = functional.binary_cross_entropy_with_logits(logits, maps, weight, reduction="none").mean(dim=(0, 2, 3))
    chance = torch.sigmoid(logits) * weight
    both, sum_ = (chance * maps).sum(dim=(0, 2, 3)), (chance + maps * weight).sum(dim=(0, 2, 3))
    dice = 1 - (2 * both + 1) / (sum_ + 1)
    labels = classes.long()
    naming = functional.cross_entropy(names, labels, ignore_index=NONE, reduction="sum") / (labels != NONE).sum().clamp(min=1)
    shares = torch.tensor([2.0, 1.0, 0.5])
    return (shares * (4 * entropy + 0.5 * dice)).sum() + NAMING * naming


def _schedule(at: float) -> float:
    """Return the share of the highest rate at a share of the run: up over its first fiftieth, then a cosine down."""
    return min(1.0, at / 0.02 + 0.02) * (0.5 + 0.5 * math.cos(math.pi * min(at, 1.0)))


@torch.no_grad()
def _follow(average: nn.Module, model: nn.Module, keep: float) -> None:
    """Let the average follow the weights; what counts batches is copied."""
    for kept, new in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(new, 1 - keep)
        else:
            kept.copy_(new)


@torch.no_grad()
def read(model: nn.Module, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Return the maps (3, H/2, W/2) as probabilities and the classes (10, H/4, W/4) as logits of one scene."""
    model.eval()
    logits, names = model(planes(torch.from_numpy(scene.image)[None]).contiguous(memory_format=torch.channels_last))
    return torch.sigmoid(logits)[0].numpy(), names[0].numpy()


def validate(model: nn.Module, scenes: list[Scene], sheet: Path) -> Counts:
    """Score the scenes, and draw those that went worst beside truth and reading."""
    total, worst = Counts(), []
    for scene in scenes:
        maps, names = read(model, scene)
        counts = count(scene, maps[0], names, THRESHOLD)
        total += counts
        worst.append((counts.digits - counts.found + counts.false, scene, maps))
    worst.sort(key=lambda one: -one[0])
    tiles = [_tile(scene, maps) for _, scene, maps in worst[:16]]
    sheet.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(sheet), np.vstack([np.hstack(tiles[i : i + 2]) for i in range(0, len(tiles), 2)]))
    return total


def _tile(scene: Scene, maps: np.ndarray) -> np.ndarray:
    """Return a scene, its truth, and what was read of it side by side."""
    read_ = (np.stack([maps[1], maps[2], maps[0]], axis=2) * 255).astype(np.uint8)
    side = scene.image.shape[0]
    return np.hstack([picture(scene), cv2.resize(read_, (side, side), interpolation=cv2.INTER_NEAREST)])


def _keep(
    out: Path, model: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer, progress: Progress,
    recipe: dict[str, Any], counts: Counts,
) -> None:  # fmt: skip
    """Write the run as `last.pth`, and as `best.pth` where it is the best yet."""
    best = counts.score > progress.best
    progress.best = max(progress.best, counts.score)
    metadata = {"finder_version": VERSION, "maps": list(MAPS), "recipe": recipe, "counts": asdict(counts),
                "steps": progress.step, "scenes": progress.scenes, "seconds": progress.seconds,
                "threshold": THRESHOLD}  # fmt: skip
    content = {"state": average.state_dict(), "metadata": metadata}
    whole = {**content, "model": model.state_dict(), "optimizer": optimizer.state_dict(), "progress": asdict(progress)}
    checkpoint.write(out / "last.pth", whole)
    if best:
        checkpoint.write(out / "best.pth", content)
    (out / "history.json").write_text(json.dumps(progress.history))


if __name__ == "__main__":
    main()
