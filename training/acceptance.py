"""Decide whether a fine-tuned network is accepted: compare it picture by picture with the one it would replace."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from training.calibrate import digit_scores
from training.recipe import CLASSES

NEGATIVES_MARGIN = 1.0  # percentage points by which more of drawn non-digits may be taken for digits; set by hand
DEVIATIONS = 1.96  # standard deviations to either side that a 95 % interval spans


@dataclass(frozen=True)
class Comparison:
    """What two networks say of N pictures: labels (N,), probabilities before and after, both (N, C)."""

    labels: Tensor
    before: Tensor
    after: Tensor

    def correct(self, probabilities: Tensor) -> Tensor:
        """Return which pictures are read as labelled, (N,) bool."""
        return probabilities.argmax(dim=1) == self.labels

    @property
    def fixed(self) -> Tensor:
        """Which pictures are right only after, (N,) bool."""
        return self.correct(self.after) & ~self.correct(self.before)

    @property
    def broken(self) -> Tensor:
        """Which pictures were right only before, (N,) bool."""
        return self.correct(self.before) & ~self.correct(self.after)

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

    def subset(self, members: Tensor) -> "Comparison":
        """Return some of the pictures, chosen by a mask or by indices."""
        return Comparison(self.labels[members], self.before[members], self.after[members])


@dataclass(frozen=True)
class Criterion:
    """One condition of acceptance: whether it holds, and a sentence that says what was measured."""

    passed: bool
    text: str


def check_user_pictures(held_out: Comparison, trained: Comparison) -> Criterion:
    """Demand that the user's pictures are read better: the held-out ones, or where there are none those trained on."""
    shown, what = (held_out, "held-out") if len(held_out.labels) else (trained, "trained")
    count, fixed, broken = len(shown.labels), shown.fixed.sum().item(), shown.broken.sum().item()
    before, after = shown.correct(shown.before).sum().item(), shown.correct(shown.after).sum().item()
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
    return Criterion(passed, text)


def check_base_accuracy(base: Comparison, margin: float) -> Criterion:
    """Demand that accuracy on the base test set falls by at most `margin` percentage points."""
    loss = 100 * (base.broken.sum().item() - base.fixed.sum().item()) / len(base.labels)
    low, high = base.interval()
    before, after = (100 * base.correct(p).double().mean().item() for p in (base.before, base.after))
    passed = loss <= margin + 1e-9
    text = (
        f"base test set, {len(base.labels)} pictures: {before:.2f} % before, {after:.2f} % after "
        f"(difference {-loss:+.2f} points, 95 % interval {low:+.2f} to {high:+.2f}; margin {margin:.2f})"
    )
    return Criterion(passed, text + ("" if passed else ": it forgets other hands"))


def check_negatives(negatives: Comparison, threshold: float) -> Criterion:
    """Demand that at the threshold hardly more of drawn non-digits are taken for digits."""
    both = (negatives.before, negatives.after)
    taken = [100 * (digit_scores(p, CLASSES) >= threshold).double().mean().item() for p in both]
    passed = taken[1] <= taken[0] + NEGATIVES_MARGIN
    text = (
        f"{len(negatives.labels)} drawn non-digits: {taken[0]:.1f} % taken for digits before, {taken[1]:.1f} % after "
        f"(margin {NEGATIVES_MARGIN:.1f} points)"
    )
    return Criterion(passed, text + ("" if passed else ": it refuses too little"))
