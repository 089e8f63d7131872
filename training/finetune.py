"""Fine-tune a network to a user's hand: the features of the frozen layers are computed once, the rest learns from them.

The base data is rehearsed beside the user's pictures, towards what the base network says of it, lest it be forgotten.
The constants were set by hand; training/README.md tells what fine-tuning with them measured.
"""

import copy
import sys
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from training import negatives
from training.adam import Adam
from training.augment import augment_camera
from training.datasets import Dataset
from training.model import DigitCNN, scaled, to_channels_last
from training.recipe import CLASSES, FinetuneRecipe
from training.train import one_cycle, update_average

LAYERS_PER_BLOCK = 4  # of DigitCNN.features
FORWARD_BATCH = 250  # crops that go through the network at once; few at once are faster on a CPU
REHEARSAL_DIGITS = 5000  # crops of the base data that are rehearsed
REHEARSAL_NEGATIVES = 1000  # drawn non-digits that are rehearsed; they alone keep the eleventh class
MIN_USER_CROPS = 1500  # the user's crops and their augmented copies together, at least
BATCH = 128  # crops of a step
USER_SHARE = 0.2  # of the crops of a step, and of the loss, that are the user's
MIN_STEPS, MAX_STEPS = 200, 2000  # of a fine-tuning; the first is enough for a few hundred pictures
USER_EPOCHS = 3  # passes over the user's crops, where they are so many that it takes more than MIN_STEPS
RATE_DECAY = 0.4  # the rate of a block as a share of that of the next one towards the head
AVERAGE = 0.98  # of the moving average of weights over steps, which is what is kept


@dataclass(frozen=True)
class Rehearsal:
    """What is not to be forgotten: crops (N, 1, 28, 28), their features, the base network's probabilities (N, C)."""

    crops: Tensor
    features: Tensor
    targets: Tensor


def split_network(model: nn.Module, freeze: int) -> tuple[nn.Sequential, nn.Sequential]:
    """Return the first `freeze` blocks of a DigitCNN, and the rest of it; both share their weights with it."""
    model = cast(DigitCNN, model)
    place = LAYERS_PER_BLOCK * freeze
    return cast(nn.Sequential, model.features[:place]), nn.Sequential(model.features[place:], model.head)


def forward_batches(module: nn.Module, inputs: Tensor) -> Tensor:
    """Return what a module gives for inputs (N, ...): float features, or uint8 crops, which are scaled.

    The module is left in evaluation mode. Channels last, and few crops at once, take 0.4 of the time on a CPU.
    """
    to_channels_last(module.eval())
    outputs = []
    with torch.no_grad():
        for batch in inputs.split(FORWARD_BATCH):
            floats = scaled(batch) if batch.dtype == torch.uint8 else batch
            if floats.ndim == 4:
                floats = floats.contiguous(memory_format=torch.channels_last)
            outputs.append(module(floats).contiguous())
    return torch.cat(outputs)


def make_rehearsal(base: nn.Module, digits: Dataset, recipe: FinetuneRecipe) -> Rehearsal:
    """Draw what is rehearsed: augmented digits of the base data, and non-digits."""
    generator = torch.Generator().manual_seed(recipe.seed)
    picked = torch.randperm(len(digits.labels), generator=generator)[:REHEARSAL_DIGITS]
    crops = torch.cat([digits.crops[picked], draw_negatives(digits, REHEARSAL_NEGATIVES, (recipe.seed, 6))])
    frozen, trained = split_network(base, recipe.freeze)
    crops = _augment(crops, generator)
    features = forward_batches(frozen, crops)
    return Rehearsal(crops, features, torch.softmax(forward_batches(trained, features), dim=1))


def draw_negatives(digits: Dataset, count: int, seed: tuple[int, ...]) -> Tensor:
    """Return drawn non-digits (count, 1, 28, 28) uint8; among them are halves and twos of the digits given."""
    drawn = negatives.draw(count, digits.crops.numpy(), digits.labels.numpy(), np.random.default_rng(seed))
    return torch.from_numpy(drawn)


def finetune_network(
    base: nn.Module, user: Dataset, rehearsal: Rehearsal, recipe: FinetuneRecipe
) -> tuple[nn.Module, list[dict[str, float]]]:
    """Return the network fine-tuned to the user's crops, in evaluation mode, and losses and rate of each step.

    base: a DigitCNN of the classes CLASSES; it stays as it is.
    """
    torch.manual_seed(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed + 1)
    model, averaged = copy.deepcopy(base), copy.deepcopy(base)
    frozen, trained = split_network(model, recipe.freeze)
    crops = user.crops.repeat(-(-MIN_USER_CROPS // len(user.labels)), 1, 1, 1)
    labels = user.labels.repeat(len(crops) // len(user.labels))
    features = forward_batches(frozen, torch.cat([user.crops, _augment(crops[len(user.crops) :], generator)]))
    optimizer = Adam(_parameter_groups(trained), decay=0.02)
    steps = min(max(MIN_STEPS, round(USER_EPOCHS * len(labels) / (BATCH * USER_SHARE))), MAX_STEPS)
    trained.eval()  # the statistics of normalisation stay: so few pictures would bend them
    for module in trained.modules():
        if isinstance(module, nn.Dropout):
            module.train()
    history = []
    # Between the frequency of a class and equal parts: one odd picture is not shown as often as fifty of another class.
    weights = labels.bincount(minlength=len(CLASSES)).clamp(min=1).float().rsqrt()[labels]
    count = round(BATCH * USER_SHARE)
    for step in tqdm(range(steps), desc="fine-tuning", unit="step", disable=None, leave=False, file=sys.stderr):
        rate = recipe.rate * one_cycle(step, steps)
        picked = torch.multinomial(weights, count, replacement=True, generator=generator)
        rehearsed = torch.randint(len(rehearsal.features), (BATCH - count,), generator=generator)
        logits = trained(torch.cat([features[picked], rehearsal.features[rehearsed]]))
        user_loss = functional.cross_entropy(logits[:count], labels[picked])
        kept_loss = functional.cross_entropy(logits[count:], rehearsal.targets[rehearsed])
        optimizer.forget_gradients()
        (USER_SHARE * user_loss + (1 - USER_SHARE) * kept_loss).backward()
        optimizer.step(rate)
        update_average(averaged, model, min(AVERAGE, (1 + step) / (10 + step)))
        history.append({"step": step + 1, "user_loss": user_loss.item(), "kept_loss": kept_loss.item(), "rate": rate})
    return averaged.eval(), history


def _augment(crops: Tensor, generator: torch.Generator) -> Tensor:
    if not len(crops):
        return crops
    return torch.cat([augment_camera(batch, generator) for batch in crops.split(FORWARD_BATCH)])


def _parameter_groups(trained: nn.Sequential) -> list[tuple[list[Tensor], float]]:
    """Return the parameters of each block that learns, each with its share of the rate: the head's is 1."""
    convolutions, head = cast(nn.Sequential, trained[0]), trained[1]
    starts = range(0, len(convolutions), LAYERS_PER_BLOCK)
    blocks = [*(convolutions[start : start + LAYERS_PER_BLOCK] for start in starts), head]
    return [(list(block.parameters()), RATE_DECAY ** (len(blocks) - 1 - place)) for place, block in enumerate(blocks)]
