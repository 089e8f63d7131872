"""Round pictures as JPEG does, whole batches at once."""

import math

import torch
from torch import Tensor

BLOCK = 8  # side of a block of JPEG, pixels


def jpeg(pictures: Tensor, step: Tensor) -> Tensor:
    """Round the cosine coefficients of blocks of 8x8 as JPEG does; `step` (N, 1, 1, 1) of the lowest."""
    n, _, height, width = pictures.shape
    cosines = _cosines(pictures.device)
    blocks = pictures.view(n, height // BLOCK, BLOCK, width // BLOCK, BLOCK).transpose(2, 3)
    frequencies = torch.arange(BLOCK, device=pictures.device)
    steps = step.unsqueeze(4) * (1 + 0.5 * (frequencies[:, None] + frequencies[None, :]))
    rounded = ((cosines @ blocks @ cosines.T) / steps).round() * steps
    return (cosines.T @ rounded @ cosines).transpose(2, 3).reshape(n, 1, height, width)


def _cosines(device: torch.device) -> Tensor:
    """Return the orthonormal cosine transform of 8 samples, (8, 8)."""
    k, i = torch.arange(BLOCK, device=device)[:, None], torch.arange(BLOCK, device=device)[None, :]
    matrix = torch.cos(math.pi * (2 * i + 1) * k / (2 * BLOCK)) * math.sqrt(2 / BLOCK)
    matrix[0] /= math.sqrt(2)
    return matrix
