"""Score a map of cores digit by digit: found once, missed, merged, split, and false ones."""

from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from training.scenes.truth import Scene

OVERLAP = 0.3  # share of the smaller of both that a found core and a true one have in common


@dataclass(frozen=True)
class Counts:
    """How digits fared: each true one is found once, missed, merged with a neighbour or split; false ones beside."""

    digits: int = 0
    found: int = 0
    missed: int = 0
    merged: int = 0
    split: int = 0
    false: int = 0
    named: int = 0  # of those found, with the right class

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def score(self) -> float:
        """Digits found once over all digits and false ones."""
        return self.found / max(self.digits + self.false, 1)

    def __str__(self) -> str:
        shares = (100 * n / max(self.digits, 1) for n in (self.found, self.missed, self.merged, self.split))
        found, missed, merged, split = shares
        return (
            f"found {found:.2f} %, missed {missed:.2f}, merged {merged:.2f}, split {split:.2f}, false {self.false} "
            f"of {self.digits}, class {100 * self.named / max(self.found, 1):.1f} %"
        )


def count(scene: Scene, core: NDArray[np.float32], classes: NDArray[np.float32], threshold: float) -> Counts:
    """Score one scene: core (H/2, W/2) probabilities, classes (10, H/4, W/4) of any scale."""
    digits = len(scene.digits)
    total, labels = cv2.connectedComponents((core > threshold).astype(np.uint8), connectivity=4)
    both = np.zeros((total, digits + 1), np.int64)
    np.add.at(both, (labels.ravel(), scene.cores.ravel()), 1)
    areas, true = both.sum(axis=1), both.sum(axis=0)
    pair = both[1:, 1:] >= OVERLAP * np.minimum(areas[1:, None], np.maximum(true[1:], 1)[None])
    by_digit, by_blob = pair.sum(axis=0), pair.sum(axis=1)
    blob = pair.argmax(axis=0) if total > 1 else np.zeros(digits, np.int64)
    merged = np.array([by_digit[k] == 1 and by_blob[blob[k]] > 1 for k in range(digits)], bool)
    found = (by_digit == 1) & ~merged
    weighed = np.bincount(labels.ravel(), weights=(scene.weight.ravel() > 0), minlength=total)[1:]
    false = int(((by_blob == 0) & (weighed > 0.5 * areas[1:]) & (both[1:, 1:].sum(axis=1) == 0)).sum())
    named = 0
    for k in np.flatnonzero(found):
        at = scene.classes == scene.digits[k].label
        spots = at & (scene.cores[::2, ::2] == k + 1)
        if spots.any():
            named += int(classes[:, spots].mean(axis=1).argmax() == scene.digits[k].label)
    return Counts(digits, int(found.sum()), int((by_digit == 0).sum()), int(merged.sum()),
                  int((by_digit > 1).sum()), false, named)  # fmt: skip


def scores(scene: Scene, core: NDArray[np.float32], threshold: float) -> list[tuple[float, bool]]:
    """Return the score of each core found, its mean probability, and whether a digit is there."""
    total, labels = cv2.connectedComponents((core > threshold).astype(np.uint8), connectivity=4)
    told = []
    for blob in range(1, total):
        here = labels == blob
        if (scene.weight[here] > 0).mean() > 0.5:
            told.append((float(core[here].mean()), bool((scene.cores[here] > 0).any())))
    return told


def cheapest(scored: list[tuple[float, bool]]) -> float:
    """Return the score below which leaving a core out costs fewest: true ones lost and false ones kept count alike."""
    if not scored:
        return 0.5
    score = np.array([s for s, _ in scored])
    true = np.array([t for _, t in scored])
    steps = np.linspace(0.4, 0.95, 56)
    cost = [int((true & (score < step)).sum() + (~true & (score >= step)).sum()) for step in steps]
    return float(steps[int(np.argmin(cost))])
