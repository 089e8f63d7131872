"""Adam for networks that learn within seconds: making one of torch's own optimizers imports its compiler, in 3 s."""

from collections.abc import Sequence

import torch
from torch import Tensor

MEAN, SQUARES, LEAST = 0.9, 0.999, 1e-8  # of Adam's moving averages, and what is added to the root: torch's defaults


class Adam:
    """Adam with decoupled weight decay, step by step the numbers of `torch.optim.AdamW`.

    groups: parameters, and the share of the rate that is theirs. decay: of weights, as a share of the rate.
    """

    def __init__(self, groups: Sequence[tuple[Sequence[Tensor], float]], decay: float = 0.0) -> None:
        self._shares = [(parameter, share) for parameters, share in groups for parameter in parameters]
        self._averages = [(torch.zeros_like(p), torch.zeros_like(p)) for p, _ in self._shares]
        self._decay, self._steps = decay, 0

    def forget_gradients(self) -> None:
        """Let the next backward pass begin anew."""
        for parameter, _ in self._shares:
            parameter.grad = None

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move each parameter that has a gradient."""
        self._steps += 1
        bias = (1 - SQUARES**self._steps) ** 0.5 / (1 - MEAN**self._steps)
        least = LEAST * (1 - SQUARES**self._steps) ** 0.5
        for (parameter, share), (mean, squares) in zip(self._shares, self._averages, strict=True):
            if parameter.grad is not None:
                parameter.mul_(1 - rate * share * self._decay)
                mean.lerp_(parameter.grad, 1 - MEAN)
                squares.mul_(SQUARES).addcmul_(parameter.grad, parameter.grad, value=1 - SQUARES)
                parameter.addcdiv_(mean, squares.sqrt().add_(least), value=-rate * share * bias)
