"""Batches of drawn scenes for the finder: each scene is drawn in a process of its own and shown twice."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from training.scenes.draw import Source, draw
from training.scenes.truth import Scene

SHOWN = 2  # times a scene is shown
POOL = 250  # batches of fresh scenes that wait to be shown again
Batch = list[Tensor]  # images, maps, weights, classes: all uint8, as in Scene


class Drawn(IterableDataset[Batch]):
    """Batches of `count` fresh scenes without end; seed and number of a scene fix it."""

    def __init__(self, data: Path, count: int, seed: int, first: int) -> None:
        self.data, self.count, self.seed, self.first = data, count, seed, first

    def __iter__(self) -> Iterator[Batch]:
        """Yield batches."""
        cv2.setNumThreads(1)
        source, number = Source.of(self.data), self.first
        while True:
            yield stack([draw(source, np.random.default_rng([self.seed, number + k])) for k in range(self.count)])
            number += self.count


def stack(scenes: list[Scene]) -> Batch:
    """Return scenes as tensors; weights of one whose ink is not known are 128 higher, and hold for the core alone."""
    images, maps, classes = ([getattr(s, name) for s in scenes] for name in ("image", "maps", "classes"))
    weights = [scene.weight + np.uint8(0 if scene.known else 128) for scene in scenes]
    return [torch.from_numpy(np.stack(part)) for part in (images, maps, weights, classes)]


def batches(data: Path, batch: int, seed: int, first: int) -> Iterator[Batch]:
    """Yield batches without end from scene number `first` on: half of them fresh, half shown before, in other colours.

    Drawing a scene takes as long as learning from it, so each is shown twice.
    """
    loader = DataLoader(Drawn(data, batch // SHOWN, seed, first), batch_size=None, num_workers=1, prefetch_factor=8)
    generator = torch.Generator().manual_seed(seed + first)
    pool: list[Batch] = []
    for fresh in loader:
        older = [pool[k] for k in torch.randint(max(len(pool), 1), (SHOWN - 1,), generator=generator) if pool]
        again = [[recoloured(old[0], generator), *old[1:]] for old in older]
        yield [torch.cat(parts) for parts in zip(fresh, *again, strict=True)]
        if len(pool) == POOL:
            pool[int(torch.randint(POOL, (), generator=generator))] = fresh
        else:
            pool.append(fresh)


def recoloured(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return images (N, H, W, 3) uint8 with their channels exchanged, some of them as negatives or fainter."""
    order = torch.randperm(3, generator=generator)
    fade, lift, turned = (torch.rand((len(images), 1, 1, 1), generator=generator) for _ in range(3))
    changed = images[..., order].float() * (0.6 + 0.4 * fade)
    changed += lift * 255 * 0.4 * (1 - fade)
    return torch.where(turned < 0.35, 255 - changed, changed).to(torch.uint8)


def validation(data: Path, count: int) -> list[Scene]:
    """Draw scenes from what is held out, by seeds that no training draws from."""
    source = Source.of(data, validation=True)
    return [draw(source, np.random.default_rng([2**31, k])) for k in range(count)]
