"""Fine-tune a network to a user's hand: what the frozen layers say is computed once, the rest learns from that.

The base data is rehearsed beside the user's pictures, towards what the base network says of it.
"""

import copy
import sys
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from training import negatives
from training.augment import see
from training.model import CLASSES, scaled
from training.sources import Source
from training.train import one_cycle

BLOCK = 4  # layers of a block of convolutions
PART = 250  # crops that go through the network at once
REHEARSED, JUNK = 5000, 1000  # crops of the base data, and drawn non-digits, which alone keep the eleventh class
COPIES = 1500  # augmented crops of the user's at least: each picture is seen in so many more shapes
BATCH, SHARE = 128, 0.2  # crops a step, and the user's share of them
FEWEST, MOST = 200, 2000  # steps
PASSES = 3  # over the user's crops, where they are so many that it takes more than FEWEST steps
SLOWER = 0.4  # the rate of a layer, as a share of that of the next one
AVERAGED = 0.98  # of the weights over steps


@dataclass(frozen=True)
class Plan:
    """How to fine-tune: blocks of convolutions left untouched (0 to 3), the head's highest rate, and chance."""

    freeze: int = 3
    rate: float = 1e-3
    seed: int = 0


@dataclass(frozen=True)
class Rehearsal:
    """What is not to be forgotten: crops, what the frozen layers make of them, what the base says of them (N, C)."""

    crops: Tensor
    seen: Tensor
    said: Tensor


def parts(model: nn.Module, freeze: int) -> tuple[nn.Module, nn.Module]:
    """Return the first `freeze` blocks of a DigitCNN, and the rest of it; both share their weights with it."""
    return model.features[: BLOCK * freeze], nn.Sequential(model.features[BLOCK * freeze :], model.head)


def run(module: nn.Module, inputs: Tensor) -> Tensor:
    """Return what a module gives for inputs (N, ...): float, or uint8 crops, which are scaled.

    The module is left in evaluation mode. Channels last, and few crops at once, take 0.4 of the time on a CPU.
    """
    module.eval().to(memory_format=torch.channels_last)
    given = []
    with torch.no_grad():
        for part in inputs.split(PART):
            floats = scaled(part) if part.dtype == torch.uint8 else part
            if floats.ndim == 4:
                floats = floats.contiguous(memory_format=torch.channels_last)
            given.append(module(floats).contiguous())
    return torch.cat(given)


def rehearse(base: nn.Module, digits: Source, plan: Plan) -> Rehearsal:
    """Draw what is rehearsed: augmented digits of the base data, and drawn non-digits."""
    generator = torch.Generator().manual_seed(plan.seed)
    picked = torch.randperm(len(digits.labels), generator=generator)[:REHEARSED]
    crops = torch.cat([digits.crops[picked], drawn_junk(digits, JUNK, (plan.seed, 6))])
    early, late = parts(base, plan.freeze)
    crops = _augmented(crops, generator)
    seen = run(early, crops)
    return Rehearsal(crops, seen, torch.softmax(run(late, seen), dim=1))


def drawn_junk(digits: Source, count: int, seed: tuple[int, ...]) -> Tensor:
    """Return drawn non-digits (count, 1, 28, 28) uint8; among them are halves and twos of the digits given."""
    drawn = negatives.draw(count, digits.crops.numpy(), digits.labels.numpy(), np.random.default_rng(seed))
    return torch.from_numpy(drawn)


def tune(base: nn.Module, user: Source, rehearsal: Rehearsal, plan: Plan) -> tuple[nn.Module, list[dict[str, float]]]:
    """Return the network fine-tuned to the user's crops, in evaluation mode, and loss and rate of each step.

    base: a DigitCNN of the classes CLASSES; it stays as it is.
    """
    torch.manual_seed(plan.seed)
    generator = torch.Generator().manual_seed(plan.seed + 1)
    model, averaged = copy.deepcopy(base), copy.deepcopy(base)
    early, late = parts(model, plan.freeze)
    crops = user.crops.repeat(-(-COPIES // len(user.labels)), 1, 1, 1)
    labels = user.labels.repeat(len(crops) // len(user.labels))
    seen = run(early, torch.cat([user.crops, _augmented(crops[len(user.crops) :], generator)]))
    optimizer = torch.optim.AdamW(_layers(late, plan), weight_decay=0.02)
    steps = min(max(FEWEST, round(PASSES * len(labels) / (BATCH * SHARE))), MOST)
    late.eval()  # the statistics of normalisation stay: so few pictures would bend them
    for module in late.modules():
        if isinstance(module, nn.Dropout):
            module.train()
    history = []
    # Between the frequency of a class and equal parts: one odd picture is not shown as often as fifty of another class.
    weights = labels.bincount(minlength=len(CLASSES)).clamp(min=1).float().rsqrt()[labels]
    mine = round(BATCH * SHARE)
    for step in tqdm(range(steps), desc="fine-tuning", unit="step", disable=None, leave=False, file=sys.stderr):
        rate = plan.rate * one_cycle(step, steps)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["share"]
        picked = torch.multinomial(weights, mine, replacement=True, generator=generator)
        others = torch.randint(len(rehearsal.seen), (BATCH - mine,), generator=generator)
        logits = late(torch.cat([seen[picked], rehearsal.seen[others]]))
        of_user = functional.cross_entropy(logits[:mine], labels[picked])
        kept = functional.cross_entropy(logits[mine:], rehearsal.said[others])
        optimizer.zero_grad(set_to_none=True)
        (SHARE * of_user + (1 - SHARE) * kept).backward()
        optimizer.step()
        _average(averaged, model, min(AVERAGED, (1 + step) / (10 + step)))
        history.append({"step": step + 1, "user_loss": of_user.item(), "kept_loss": kept.item(), "rate": rate})
    return averaged.eval(), history


def _augmented(crops: Tensor, generator: torch.Generator) -> Tensor:
    return torch.cat([see(part, generator) for part in crops.split(PART)]) if len(crops) else crops


def _layers(late: nn.Module, plan: Plan) -> list[dict[str, object]]:
    """Return the parameters of each block that learns, each with its share of the rate: the head's is 1."""
    convolutions, head = late
    blocks = [convolutions[i : i + BLOCK] for i in range(0, len(convolutions), BLOCK)]
    learning = [*blocks, head]
    return [
        {"params": list(block.parameters()), "share": SLOWER ** (len(learning) - 1 - place)}
        for place, block in enumerate(learning)
    ]


def _average(averaged: nn.Module, model: nn.Module, share: float) -> None:
    with torch.no_grad():
        for a, b in zip(averaged.parameters(), model.parameters(), strict=True):
            a.lerp_(b, 1 - share)
