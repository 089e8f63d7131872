"""Find labels that look wrong: those that the user's own other pictures, and the base network, both contradict."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.finetune import Rehearsal, run
from training.model import CLASSES
from training.sources import Source

FOLDS, STEPS, RATE = 5, 80, 0.02
COMPANY = 3  # other pictures of its label, of other groups, without which a picture may be all there is of a hand
DOUBTED, SURE = 0.1, 0.6  # probabilities of the label below, and of another class above which a label is suspicious
OTHERS = 6  # every so many-th of the rehearsal is learned from too
WEIGHT = 1.5  # of the user's pictures against the rehearsal


def suspicious(base: nn.Module, user: Source, groups: NDArray[np.intp], rehearsal: Rehearsal) -> list[tuple[int, int]]:
    """Return the pictures whose labels look wrong, with what they look like: (index, class), the surest first.

    A last layer is learned from all other groups, fold by fold, on what the base network's last layer sees; a label is
    suspicious where it says another class. What the base network itself reads as labelled never is.
    """
    body, last = nn.Sequential(base.features, base.head[:-1]), base.head[-1]
    mine, others, said = run(body, user.crops), run(body, rehearsal.crops[::OTHERS]), rehearsal.said[::OTHERS]
    plain = torch.softmax(run(base, user.crops), dim=1)
    fold = torch.from_numpy(np.unique(groups, return_inverse=True)[1] % FOLDS)
    told = plain.clone()
    for k in range(FOLDS):
        out = fold == k
        if out.any() and not out.all():
            told[out] = _learned(last, mine, user.labels, ~out, others, said)[out]
    found = []
    for i, label in enumerate(user.labels.tolist()):
        company = (user.labels == label) & torch.from_numpy(groups != groups[i]) & (fold != fold[i])
        looks = int(told[i].argmax())
        doubted = told[i, label] < DOUBTED and told[i, looks] > SURE and plain[i, label] < DOUBTED
        if doubted and company.sum() >= COMPANY:
            found.append((float(told[i, looks]), i, looks))
    return [(i, looks) for _, i, looks in sorted(found, reverse=True)]


def _learned(last: nn.Linear, mine: Tensor, labels: Tensor, members: Tensor, others: Tensor, said: Tensor) -> Tensor:
    """Return probabilities (N, C) of all the user's pictures by a last layer learned from some of them."""
    weight, bias = (p.detach().clone().requires_grad_(True) for p in (last.weight, last.bias))
    optimizer = torch.optim.Adam([weight, bias], lr=RATE)
    targets = torch.cat([functional.one_hot(labels[members], len(CLASSES)).float(), said])
    inputs = torch.cat([mine[members], others])
    # A tenth of doubt in the labels, lest a wrong one of another group be learned by heart.
    weights = torch.cat([torch.full((int(members.sum()),), WEIGHT), torch.ones(len(others))])
    for _ in range(STEPS):
        losses = functional.cross_entropy(inputs @ weight.T + bias, targets, reduction="none", label_smoothing=0.1)
        loss = (losses * weights).sum() / weights.sum() + 1e-3 * (weight - last.weight.detach()).square().sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return torch.softmax(mine @ weight.T + bias, dim=1)
