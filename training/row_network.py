"""The row network: a strip of writing in, for every second column what is written there. CTC's blank is first."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from realtime.reading import strips
from training import checkpoint
from training.scenes.wording import LABELS

CLASSES = ("", *LABELS)  # the blank is first, the gap between two numbers last
KIND = "rows"  # of checkpoint
STEP = 2  # columns of a strip for each step of the output
FEATURES = 144
APART = (1, 1, 1, 2, 4)  # of the blocks along the line: the last see three digits to each side


def _convolution(inside: int, outside: int, kernel: int, stride: tuple[int, int] = (1, 1)) -> nn.Sequential:
    convolution = nn.Conv2d(inside, outside, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outside), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Two convolutions beside which the input goes on unchanged; kernel (1, k) looks along the line alone.

    apart: how many places lie between what a convolution looks at and the next, 1 for neighbours.
    """

    def __init__(self, channels: int, kernel: tuple[int, int], apart: int = 1) -> None:
        super().__init__()
        padding = (kernel[0] // 2, apart * (kernel[1] // 2))
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, kernel, 1, padding, (1, apart), bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, kernel, 1, padding, (1, apart), bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the same shape."""
        outside: Tensor = torch.relu(x + self.body(x))
        return outside


class RowNetwork(nn.Module):
    """Strips (N, 1, 32, W) float32, 0 to 1, to logits (N, W // 2, 26); W a multiple of 4."""

    def __init__(self, classes: int = len(CLASSES)) -> None:
        super().__init__()
        self.look = nn.Sequential(
            _convolution(1, 16, 3, (2, 2)),
            _convolution(16, 40, 3, (2, 2)),
            Residual(40, (3, 3)),
            _convolution(40, 72, 3, (2, 1)),
            Residual(72, (3, 3)),
            nn.Conv2d(72, FEATURES, (4, 1), bias=False),
            nn.BatchNorm2d(FEATURES),
            nn.ReLU(inplace=True),
        )
        self.read = nn.Sequential(*(Residual(FEATURES, (1, 3), apart) for apart in APART))
        self.name = nn.Conv2d(FEATURES, 2 * classes, 1)  # two steps a feature: narrow digits stand close
        self.classes = classes

    def forward(self, strips: Tensor) -> Tensor:
        """Return logits (N, W // 2, classes) of strips (N, 1, 32, W)."""
        logits: Tensor = self.name(self.read(self.look(strips))).squeeze(2)
        count, _, steps = logits.shape
        return logits.transpose(1, 2).reshape(count, 2 * steps, self.classes)


def scaled(strips: Tensor) -> Tensor:
    """Return strips uint8 as float32 from 0 to 1."""
    return strips.float() / 255


def load(path: Path) -> tuple[RowNetwork, dict[str, Any]]:
    """Return the network of a checkpoint by train-rows, in evaluation mode, and its metadata.

    Raises CheckpointRefusedError where it is broken, foreign or made for other strips.
    """
    content = checkpoint.read(path)
    metadata, state = content.get("metadata"), content.get("state")
    if not isinstance(metadata, dict) or not isinstance(state, dict) or metadata.get("kind") != KIND:
        raise checkpoint.CheckpointRefusedError(f"{path} is no checkpoint of train-rows: name another file")
    if metadata.get("strip_version") != strips.VERSION:
        raise checkpoint.CheckpointRefusedError(
            f"{path} was trained on strips {metadata.get('strip_version')!r}, this version cuts {strips.VERSION!r}: "
            "train it again"
        )
    if metadata.get("classes") != list(CLASSES):
        raise checkpoint.CheckpointRefusedError(f"{path} names classes {metadata.get('classes')!r}, not {CLASSES}")
    checkpoint.temperature_of(path, metadata)
    network = RowNetwork()
    checkpoint.load_weights(path, network, state)
    return network.eval(), metadata
