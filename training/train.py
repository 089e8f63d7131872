"""Train a network: one tensor on the device, an epoch is a permutation, one cycle of the rate, the best epoch kept."""

import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from training import allographs, negatives
from training.augment import UNCHANGED, augment_camera, augment_hand
from training.datasets import Dataset
from training.model import scaled
from training.recipe import Recipe
from training.run import Progress, Run, save_run

WARM_UP = 0.2  # share of the steps in which the rate rises; set by hand
EVALUATION_BATCH = 1000  # crops that go through the network at once without gradients; more need more memory only
# In the last epochs augmentation is mild, for the network to end nearest to true digits: the shares left unchanged and
# undamaged with `augment_camera`, and the share left unchanged with `augment_hand`. Set by hand.
MILD_CAMERA = (0.4, 0.5)
MILD_HAND = 0.2


def fit(
    run: Run,
    recipe: Recipe,
    datasets: list[Dataset],
    validation: Dataset,
    folder: Path | None,
    until: int | None = None,
) -> None:
    """Train up to the recipe's last epoch, or `until` an earlier one.

    `folder` keeps a resumable checkpoint and the metrics of each epoch; None keeps nothing.
    Under torchrun each process takes its share of every batch, and all end with the same weights.
    """
    device = next(run.model.parameters()).device
    rank, world = _rank_and_world_size()
    stepped = DistributedDataParallel(run.model) if world > 1 else run.model
    crops, labels = (torch.cat([getattr(s, name) for s in datasets]).to(device) for name in ("crops", "labels"))
    validation_crops = validation.crops.to(device)
    progress = run.progress
    while progress.epoch < (until or recipe.epochs) and not _out_of_patience(progress, recipe):
        began = time.perf_counter()
        loss = _train_epoch(run, stepped, recipe, datasets, crops, labels, rank, world)
        logits = predict(run.averaged, validation_crops)
        progress.epoch += 1
        line = {
            "epoch": progress.epoch,
            "loss": loss,
            "validation_loss": functional.cross_entropy(logits, validation.labels).item(),
            "validation_accuracy": (logits.argmax(dim=1) == validation.labels).double().mean().item(),
            "seconds": time.perf_counter() - began,
        }
        progress.history.append(line)
        if line["validation_accuracy"] >= progress.best:
            progress.best, progress.best_epoch = line["validation_accuracy"], progress.epoch
            run.best = {name: tensor.detach().cpu().clone() for name, tensor in run.averaged.state_dict().items()}
        if rank == 0:
            tqdm.write(
                f"epoch {progress.epoch}/{recipe.epochs}  loss {loss:.4f}  validation "
                f"{100 * line['validation_accuracy']:.2f} %  {line['seconds']:.0f} s",
                file=sys.stderr,
            )
            if folder is not None:
                save_run(run, recipe, folder)


def predict(model: nn.Module, crops: Tensor) -> Tensor:
    """Return logits (N, C) float32 on the CPU of crops (N, 1, 28, 28) uint8."""
    model.eval()
    with torch.no_grad():
        parts = [model(scaled(part)).float().cpu() for part in crops.split(EVALUATION_BATCH)]
    return torch.cat(parts)


def accuracy(model: nn.Module, crops: Tensor, labels: Tensor) -> float:
    """Return the share of crops (N, 1, 28, 28) uint8 that a network reads as labelled."""
    return (predict(model, crops).argmax(dim=1) == labels).double().mean().item()


def one_cycle(step: int, steps: int) -> float:
    """Return the share of the highest rate at a step: a cosine up to it, then a cosine down to nothing."""
    rise = max(1.0, WARM_UP * steps)
    if step < rise:
        return 0.04 + 0.96 * (1 - math.cos(math.pi * step / rise)) / 2
    return (1 + math.cos(math.pi * (step - rise) / max(1.0, steps - rise))) / 2


def shuffle_weighted(datasets: list[Dataset], generator: torch.Generator) -> Tensor:
    """Return the indices of an epoch, (M,) int64, shuffled: each picture as often as the weight of its dataset says."""
    first, parts = 0, []
    for dataset in datasets:
        count, target = len(dataset.labels), round(len(dataset.labels) * dataset.weight)
        turns = [torch.randperm(count, generator=generator) for _ in range(-(-target // max(count, 1)))]
        parts.append(first + torch.cat(turns)[:target] if turns else torch.empty(0, dtype=torch.int64))
        first += count
    indices = torch.cat(parts)
    return indices[torch.randperm(len(indices), generator=generator)]


def _train_epoch(
    run: Run,
    stepped: nn.Module,
    recipe: Recipe,
    datasets: list[Dataset],
    crops: Tensor,
    labels: Tensor,
    rank: int,
    world: int,
) -> float:
    """Show the network each picture as often as its weight says; return the mean loss."""
    epoch = run.progress.epoch
    # All chance of an epoch comes from its own seed, so a resumed run goes on as an unbroken one.
    shared = torch.Generator().manual_seed(1_000_003 * recipe.seed + epoch)
    own = torch.Generator().manual_seed((1_000_003 * recipe.seed + epoch) * 64 + rank)
    torch.manual_seed((1_000_003 * recipe.seed + epoch) * 64 + rank)
    crops, labels, datasets = _add_drawn(recipe, datasets, crops, labels, epoch)
    batches = list(_batches(shuffle_weighted(datasets, shared), recipe.batch, rank, world))
    steps, total = recipe.epochs * len(batches), torch.zeros((), device=crops.device)
    run.model.train()
    for number, indices in enumerate(
        tqdm(batches, desc=f"epoch {epoch + 1}", disable=True if rank else None, leave=False)
    ):
        step = epoch * len(batches) + number
        for group in run.optimizer.param_groups:
            group["lr"] = recipe.rate * one_cycle(step, steps)
        total += _train_step(run, stepped, recipe, crops[indices], labels[indices], own)
        update_average(run.averaged, run.model, min(recipe.average, (1 + step) / (10 + step)))
    if world > 1:
        _broadcast_state(run)
    return total.item() / max(1, len(batches))


def _train_step(
    run: Run, stepped: nn.Module, recipe: Recipe, crops: Tensor, labels: Tensor, own: torch.Generator
) -> Tensor:
    """Learn from one batch; return its loss."""
    mild = run.progress.epoch >= recipe.epochs * (1 - recipe.mild)
    if recipe.augment == "camera":
        crops = augment_camera(crops, own, *(MILD_CAMERA if mild else ()))
    elif recipe.augment == "hand":
        crops = augment_hand(crops, own, MILD_HAND if mild else UNCHANGED)
    pictures = scaled(crops).contiguous(memory_format=torch.channels_last)
    with torch.autocast(crops.device.type, dtype=torch.bfloat16, enabled=computes_in_bfloat16(crops.device)):
        loss = functional.cross_entropy(stepped(pictures), labels)
    run.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    run.optimizer.step()
    return loss.detach()


def computes_in_bfloat16(device: torch.device) -> bool:
    """Tell whether a device has instructions for bfloat16.

    A CPU with them steps 1.7 times as fast, one without 12 times slower; torch tells of a CPU's from 2.10 on.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def update_average(averaged: nn.Module, model: nn.Module, share: float) -> None:
    """Keep `share` of the averaged weights and statistics of normalisation, and take the rest from the present ones."""
    with torch.no_grad():
        pairs = zip(averaged.state_dict().values(), model.state_dict().values(), strict=True)
        floats = [(a, b) for a, b in pairs if a.is_floating_point()]
        torch._foreach_lerp_([a for a, _ in floats], [b for _, b in floats], 1 - share)


def _add_drawn(
    recipe: Recipe, datasets: list[Dataset], crops: Tensor, labels: Tensor, epoch: int
) -> tuple[Tensor, Tensor, list[Dataset]]:
    """Add what is drawn for this epoch to the data: non-digits, and digits in forms that MNIST hardly has."""
    digits, digit_labels = datasets[0].crops.numpy(), datasets[0].labels.numpy()
    drawn = []
    if recipe.negatives and len(recipe.classes) > 10:
        rng = np.random.default_rng((recipe.seed, epoch))
        shapes = torch.from_numpy(negatives.draw(recipe.negatives, digits, digit_labels, rng))
        drawn.append(Dataset("drawn non-digits", shapes, torch.full((len(shapes),), 10)))
    if recipe.allographs:
        rng = np.random.default_rng((recipe.seed, epoch, 1))
        shapes, drawn_labels = map(torch.from_numpy, allographs.draw(recipe.allographs, digits, digit_labels, rng))
        drawn.append(Dataset("drawn digits", shapes, drawn_labels))
    crops = torch.cat([crops, *(dataset.crops.to(crops.device) for dataset in drawn)])
    labels = torch.cat([labels, *(dataset.labels.to(labels.device) for dataset in drawn)])
    return crops, labels, datasets + drawn


def _batches(indices: Tensor, batch: int, rank: int, world: int) -> Iterator[Tensor]:
    """Yield this process's share of each whole batch."""
    size = min(batch, len(indices)) // world
    for start in range(0, len(indices) - size * world + 1, size * world):
        yield indices[start + rank * size : start + (rank + 1) * size]


def _broadcast_state(run: Run) -> None:
    """Give all processes the first one's normalisation statistics, which each gathered from its own share."""
    for module in (run.model, run.averaged):
        for tensor in module.state_dict().values():
            distributed.broadcast(tensor, 0)


def _rank_and_world_size() -> tuple[int, int]:
    """Return this process's number and how many there are."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def _out_of_patience(progress: Progress, recipe: Recipe) -> bool:
    """Tell whether validation has gained nothing for as many epochs as the recipe has patience."""
    if not recipe.patience or not progress.history:
        return False
    gained = [line["validation_accuracy"] for line in progress.history].index(progress.best)
    return len(progress.history) - 1 - gained >= recipe.patience
