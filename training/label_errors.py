"""Find label errors: labels that the user's own other pictures, and the base network, both contradict.

The constants were set by hand; with a tenth of the labels swapped, 90 of 105 swapped pictures were named and no others
(`python -m training.benchmark_finetuning FOLDER... --swap 0.1`).
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.adam import Adam
from training.datasets import Dataset
from training.finetune import Rehearsal, forward_batches
from training.model import split_last
from training.recipe import CLASSES

FOLDS = 5  # of the cross-validation
STEPS, RATE = 80, 0.02  # of Adam, for each fold's last layer
# Other pictures of its label, in other folds: with fewer a picture may be all there is of a hand, and is learned. To
# name it does no harm: of 72 swapped labels of UNIPEN 67 and 5 others are named without peers, 43 and 3 with.
MIN_PEERS = 3
MAX_LABEL_PROBABILITY = 0.1  # of the label, by both networks, in a label error
MIN_OTHER_PROBABILITY = 0.6  # of another class, by the layer learned from the other folds, in a label error
REHEARSAL_STEP = 6  # every so many-th crop of the rehearsal is learned from too
USER_WEIGHT = 1.5  # of a picture of the user's in the loss, where one of the rehearsal weighs 1


def find_label_errors(
    base: nn.Module, user: Dataset, groups: NDArray[np.intp], rehearsal: Rehearsal, peers: int = MIN_PEERS
) -> list[tuple[int, int]]:
    """Return the pictures whose labels look wrong, with what they look like: (index, class), the surest first.

    groups: (N,) numbers; pictures of one group stay in one fold. peers: how many other pictures of its label, in other
    folds, one must have to be doubted. A last layer is learned from all other folds, on the
    features that the base network's last layer gets; a label is an error where it says another class. What the base
    network itself reads as labelled never is.
    """
    body, last = split_last(base)
    features, rehearsed = forward_batches(body, user.crops), forward_batches(body, rehearsal.crops[::REHEARSAL_STEP])
    targets = rehearsal.targets[::REHEARSAL_STEP]
    before = torch.softmax(forward_batches(base, user.crops), dim=1)
    fold = torch.from_numpy(np.unique(groups, return_inverse=True)[1] % FOLDS)
    after = before.clone()
    for k in range(FOLDS):
        out = fold == k
        if out.any() and not out.all():
            after[out] = _cross_predict(last, features, user.labels, ~out, rehearsed, targets)[out]
    found = []
    for i, label in enumerate(user.labels.tolist()):
        alike = (user.labels == label) & torch.from_numpy(groups != groups[i]) & (fold != fold[i])
        other = int(after[i].argmax())
        contradicted = max(after[i, label], before[i, label]) < MAX_LABEL_PROBABILITY
        if contradicted and after[i, other] > MIN_OTHER_PROBABILITY and alike.sum() >= peers:
            found.append((float(after[i, other]), i, other))
    return [(i, other) for _, i, other in sorted(found, reverse=True)]


def _cross_predict(
    last: nn.Linear, features: Tensor, labels: Tensor, members: Tensor, rehearsed: Tensor, targets: Tensor
) -> Tensor:
    """Return probabilities (N, C) of all the user's pictures by a last layer learned from some of them."""
    weight, bias = (p.detach().clone().requires_grad_(True) for p in (last.weight, last.bias))
    optimizer = Adam([([weight, bias], 1.0)])
    all_targets = torch.cat([functional.one_hot(labels[members], len(CLASSES)).float(), targets])
    inputs = torch.cat([features[members], rehearsed])
    # A tenth of doubt in the labels, lest a wrong one of another group be learned by heart.
    weights = torch.cat([torch.full((int(members.sum()),), USER_WEIGHT), torch.ones(len(rehearsed))])
    for _ in range(STEPS):
        losses = functional.cross_entropy(inputs @ weight.T + bias, all_targets, reduction="none", label_smoothing=0.1)
        loss = (losses * weights).sum() / weights.sum() + 1e-3 * (weight - last.weight.detach()).square().sum()
        optimizer.forget_gradients()
        loss.backward()
        optimizer.step(RATE)
    with torch.no_grad():
        return torch.softmax(features @ weight.T + bias, dim=1)
