"""Compare two networks picture by picture, and decide which of the two is used."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from training.calibrate import digit_scores
from training.model import CLASSES

MARGIN = 0.10  # points of accuracy that the base test set may lose
JUNK_MARGIN = 1.0  # points by which more of drawn non-digits may be taken for digits
DEVIATIONS = 1.96  # of a 95 % interval


@dataclass(frozen=True)
class Compared:
    """What two networks say of N pictures: labels (N,), probabilities before and after, both (N, C)."""

    labels: Tensor
    before: Tensor
    after: Tensor

    def right(self, probabilities: Tensor) -> Tensor:
        """Return which pictures are read as labelled, (N,) bool."""
        return probabilities.argmax(dim=1) == self.labels

    @property
    def fixed(self) -> Tensor:
        """Which pictures are right only after, (N,) bool."""
        return self.right(self.after) & ~self.right(self.before)

    @property
    def broken(self) -> Tensor:
        """Which pictures were right only before, (N,) bool."""
        return self.right(self.before) & ~self.right(self.after)

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of the difference of the accuracies, in points: Agresti and Min's for pairs.

        Half a picture is added to each of the four counts, without which few pictures would promise too much.
        """
        count, fixed, broken = len(self.labels), self.fixed.sum().item(), self.broken.sum().item()
        middle = (fixed - broken) / (count + 2)
        spread = math.sqrt((fixed + broken + 1) - (fixed - broken) ** 2 / (count + 2)) / (count + 2)
        return 100 * (middle - DEVIATIONS * spread), 100 * (middle + DEVIATIONS * spread)

    def losses(self) -> tuple[float, float]:
        """Return the mean cross-entropy before and after."""
        own = torch.arange(len(self.labels)), self.labels
        before, after = (-p[own].double().clamp(min=1e-9).log().mean().item() for p in (self.before, self.after))
        return before, after

    def part(self, members: Tensor) -> "Compared":
        """Return some of the pictures, chosen by a mask or by indices."""
        return Compared(self.labels[members], self.before[members], self.after[members])


@dataclass(frozen=True)
class Gate:
    """One condition of promotion, whether it holds, and what was measured in a sentence."""

    passed: bool
    text: str


def judge_user(held: Compared, trained: Compared) -> Gate:
    """Hold the user's pictures against the network before: held-out ones, or where there are none those trained on."""
    shown, what = (held, "held-out") if len(held.labels) else (trained, "trained")
    count, fixed, broken = len(shown.labels), shown.fixed.sum().item(), shown.broken.sum().item()
    before, after = shown.right(shown.before).sum().item(), shown.right(shown.after).sum().item()
    loss_before, loss_after = shown.losses()
    low, high = shown.interval()
    text = (
        f"your {count} {what} pictures: {before} right before, {after} after ({fixed} fixed, {broken} broken; "
        f"difference {100 * (after - before) / count:+.1f} points, 95 % interval {low:+.1f} to {high:+.1f}), "
        f"cross-entropy {loss_before:.3f} before, {loss_after:.3f} after"
    )
    learned = trained.fixed.sum().item() - trained.broken.sum().item()
    if after != before:
        passed = after > before
        text += "" if passed else ": worse"
    elif loss_after < loss_before:
        passed = True
        text += ": as many right, and surer of them"
    else:
        passed = learned > 0
        text += f": as many right, and {learned} more of those trained on" if passed else ": no better"
    return Gate(passed, text)


def judge_base(base: Compared, margin: float) -> Gate:
    """Hold the base test set against the network that fine-tuning began with."""
    loss = 100 * (base.broken.sum().item() - base.fixed.sum().item()) / len(base.labels)
    low, high = base.interval()
    before, after = (100 * base.right(p).double().mean().item() for p in (base.before, base.after))
    passed = loss <= margin + 1e-9
    text = (
        f"base test set, {len(base.labels)} pictures: {before:.2f} % before, {after:.2f} % after "
        f"(difference {-loss:+.2f} points, 95 % interval {low:+.2f} to {high:+.2f}; margin {margin:.2f})"
    )
    return Gate(passed, text + ("" if passed else ": it forgets other hands"))


def judge_junk(junk: Compared, threshold: float) -> Gate:
    """Hold drawn non-digits against the network that fine-tuning began with."""
    given = (junk.before, junk.after)
    taken = [100 * (digit_scores(p, CLASSES) >= threshold).double().mean().item() for p in given]
    passed = taken[1] <= taken[0] + JUNK_MARGIN
    text = f"{len(junk.labels)} drawn non-digits: {taken[0]:.1f} % taken for digits before, {taken[1]:.1f} % after"
    return Gate(passed, f"{text} (margin {JUNK_MARGIN:.1f} points)" + ("" if passed else ": it refuses too little"))
