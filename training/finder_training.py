"""Train the finder on drawn scenes: its recipe, its steps, and what is kept of a run."""

import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from realtime.commands.console import note
from realtime.reading.finder import MAPS, VERSION
from realtime.reading.looks import CONTOUR
from training import checkpoint
from training.finder_network import FinderNetwork
from training.finder_scenes import SHOWN, batches, validation
from training.finder_scores import Counts, cheapest, count, scores
from training.scenes.truth import NONE, OPEN, Scene, picture

HELD = 160  # scenes of the validation
EVERY = 420.0  # seconds between two validations, each of which is kept
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


@dataclass
class Run:
    """All that changes while training: the network, its average, the optimizer, and where they stand."""

    model: FinderNetwork
    average: FinderNetwork
    optimizer: torch.optim.Optimizer
    progress: Progress


def train(
    data: Path, minutes: float, batch: int, rate: float, seed: int, out: Path, begin: Path | None, resume: bool
) -> None:
    """Run a recipe, from weights to begin with or from where the run in `out` was left."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    recipe = {"minutes": minutes, "batch": batch, "rate": rate, "seed": seed, "from": begin.name if begin else ""}
    run = _resume(out / "last.pth", rate) if resume else _start(rate, begin)
    fit(run, data, recipe, out)


def _start(rate: float, begin: Path | None) -> Run:
    """Return a fresh run, of given weights where there are any."""
    model, average = FinderNetwork(), FinderNetwork()
    if begin is not None:
        checkpoint.load_weights(begin, model, checkpoint.read(begin).get("state"))
    average.load_state_dict(model.state_dict())
    for network in (model, average):
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Run(model, average, torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.02), Progress())


def _resume(path: Path, rate: float) -> Run:
    """Return the run that was left in `path`."""
    kept, run = checkpoint.read(path), _start(rate, None)
    checkpoint.load_weights(path, run.model, kept.get("model"))
    checkpoint.load_weights(path, run.average, kept.get("state"))
    try:
        run.optimizer.load_state_dict(kept["optimizer"])
        run.progress = Progress(**kept["progress"])
    except checkpoint.BROKEN:
        raise checkpoint.CheckpointRefusedError(f"{path} is no run of train-finder: leave --resume out") from None
    return run


def fit(run: Run, data: Path, recipe: dict[str, Any], out: Path) -> None:
    """Run a recipe to its end; every validation leaves `last.pth`, and `best.pth` where it is the best yet."""
    progress, scenes = run.progress, validation(data, HELD)
    length, began = 60 * recipe["minutes"], time.perf_counter() - progress.seconds
    source = batches(data, recipe["batch"], recipe["seed"], progress.scenes)
    validated, losses = progress.seconds, []
    with tqdm(total=round(length), initial=round(progress.seconds), unit="s", mininterval=10) as bar:
        while progress.seconds < length:
            for group in run.optimizer.param_groups:
                group["lr"] = recipe["rate"] * _schedule(progress.seconds / length)
            losses.append(step(run.model, run.optimizer, next(source)))
            progress.step += 1
            progress.scenes += recipe["batch"] // SHOWN
            _follow(run.average, run.model, min(AVERAGE, 1 - 1 / (progress.step / 4 + 2)))
            progress.seconds = time.perf_counter() - began
            bar.n = round(min(progress.seconds, length))
            bar.set_postfix(step=progress.step, loss=f"{np.mean(losses[-50:]):.3f}", refresh=False)
            bar.update(0)
            if progress.seconds - validated >= EVERY or progress.seconds >= length:
                validated = progress.seconds
                _validate(run, scenes, recipe, float(np.mean(losses)), out)
                losses.clear()


def _validate(run: Run, scenes: list[Scene], recipe: dict[str, Any], loss: float, out: Path) -> None:
    """Score the average of the weights, write the run as `last.pth`, and as `best.pth` where it is the best yet."""
    counts, threshold = validate(run.average, scenes, out / "errors.png")
    progress = run.progress
    line = {"seconds": progress.seconds, "step": progress.step, "loss": loss}
    progress.history.append({**line, **asdict(counts)})
    told = f"{progress.seconds / 60:.1f} min, {progress.step} steps, {progress.scenes} scenes, loss {loss:.3f}"
    note(f"\n{told}: {counts}")
    metadata = {"finder_version": VERSION, "maps": list(MAPS), "threshold": threshold, "recipe": recipe,
                "counts": asdict(counts), "steps": progress.step, "scenes": progress.scenes,
                "seconds": progress.seconds}  # fmt: skip
    content = {"state": run.average.state_dict(), "metadata": metadata}
    better, progress.best = counts.score > progress.best, max(progress.best, counts.score)
    whole = {"model": run.model.state_dict(), "optimizer": run.optimizer.state_dict(), "progress": asdict(progress)}
    checkpoint.write(out / "last.pth", content | whole)
    if better:
        checkpoint.write(out / "best.pth", content)


def step(model: nn.Module, optimizer: torch.optim.Optimizer, batch: list[Tensor]) -> float:
    """Take one step and return the loss."""
    images, maps, weights, classes = batch
    model.train()
    with torch.autocast("cpu", torch.bfloat16):
        logits, names = model(planes(images))
    loss = loss_of(logits.float(), names.float(), maps, weights, classes)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    return float(loss.detach())


def planes(images: Tensor) -> Tensor:
    """Return images (N, H, W, 3) uint8 as (N, 3, H, W) float32 in channels-last order."""
    return images.permute(0, 3, 1, 2).float()


def loss_of(logits: Tensor, names: Tensor, maps: Tensor, weights: Tensor, classes: Tensor) -> Tensor:
    """Return cross-entropy and Dice of the maps, weighed by pixel, and cross-entropy of the classes at the cores."""
    known = (weights < 128).float()
    core = torch.where(weights >= 128, weights.float() - 128, weights.float()) / 16
    inked = (core > 0) * known
    weight = torch.stack([core, inked, inked * (maps[:, 2] != OPEN)], dim=1)
    truth = maps.float() / 255
    entropy = functional.binary_cross_entropy_with_logits(logits, truth, weight, reduction="none").mean(dim=(0, 2, 3))
    chance = torch.sigmoid(logits) * weight
    both, sum_ = (chance * truth).sum(dim=(0, 2, 3)), (chance + truth * weight).sum(dim=(0, 2, 3))
    dice = 1 - (2 * both + 1) / (sum_ + 1)
    labels = classes.long()
    naming = functional.cross_entropy(names, labels, ignore_index=NONE, reduction="sum") / (labels != NONE).sum().clamp(
        min=1
    )
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
def read(model: nn.Module, scene: Scene) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the maps (3, H/2, W/2) as probabilities and the classes (10, H/4, W/4) as logits of one scene."""
    model.eval()
    logits, names = model(planes(torch.from_numpy(scene.image)[None]).contiguous(memory_format=torch.channels_last))
    return torch.sigmoid(logits)[0].numpy(), names[0].numpy()


def validate(model: nn.Module, scenes: list[Scene], sheet: Path) -> tuple[Counts, float]:
    """Score the scenes, and draw those that went worst; return with the counts the threshold that costs least."""
    total = Counts()
    worst: list[tuple[int, Scene, NDArray[np.float32]]] = []
    scored: list[tuple[float, bool]] = []
    for scene in scenes:
        maps, names = read(model, scene)
        counts = count(scene, maps[0], names, CONTOUR / 255)
        scored += scores(scene, maps[0], CONTOUR / 255)
        total += counts
        worst.append((counts.digits - counts.found + counts.false, scene, maps))
    worst.sort(key=lambda one: -one[0])
    tiles = [_tile(scene, maps) for _, scene, maps in worst[:16]]
    sheet.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(sheet), np.vstack([np.hstack(tiles[i : i + 2]) for i in range(0, len(tiles), 2)]))
    return total, cheapest(scored)


def _tile(scene: Scene, maps: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return a scene, its truth, and what was read of it side by side."""
    read_ = (np.stack([maps[1], maps[2], maps[0]], axis=2) * 255).astype(np.uint8)
    side = scene.image.shape[0]
    return np.hstack([picture(scene), cv2.resize(read_, (side, side), interpolation=cv2.INTER_NEAREST)])
