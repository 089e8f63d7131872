"""The networks: DigitCNN, which ships, and DigitMLP, which shows why flattening a picture fails."""

from typing import cast

import torch
from torch import Tensor, nn

from realtime.reading.crops import SIDE


class DigitCNN(nn.Module):
    """Three convolutions and two full layers: 390,858 parameters with ten classes, 391,115 with eleven."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(*_block(1, 32), *_block(32, 64), *_block(64, 128))
        self.head = nn.Sequential(
            nn.Flatten(), nn.Linear(128 * 3 * 3, 256), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Linear(256, classes)
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits (N, C) of pictures (N, 1, 28, 28) float in 0..1."""
        return self.head(self.features(pictures))


class DigitMLP(nn.Module):
    """Flatten the picture, then three full layers: about as many parameters as DigitCNN, and no idea of place."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(SIDE * SIDE, 384),
            nn.ReLU(inplace=True),
            nn.Dropout(0.2),
            nn.Linear(384, 216),
            nn.ReLU(inplace=True),
            nn.Dropout(0.2),
            nn.Linear(216, classes),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits (N, C) of pictures (N, 1, 28, 28) float in 0..1."""
        return self.layers(pictures)


NETWORKS: dict[str, type[DigitCNN] | type[DigitMLP]] = {"digitcnn": DigitCNN, "mlp": DigitMLP}


def build(arch: str, classes: int) -> nn.Module:
    """Return a fresh network. Raises ValueError for an unknown architecture."""
    if arch not in NETWORKS:
        raise ValueError(f"unknown architecture {arch!r}: use {' or '.join(NETWORKS)}")
    return NETWORKS[arch](classes)


def split_last(model: nn.Module) -> tuple[nn.Module, nn.Linear]:
    """Return a network of ours up to its last layer, which gives features (N, F), and that layer."""
    if isinstance(model, DigitCNN):
        return nn.Sequential(model.features, model.head[:-1]), cast(nn.Linear, model.head[-1])
    layers = cast(DigitMLP, model).layers
    return layers[:-1], cast(nn.Linear, layers[-1])


def to_channels_last(model: nn.Module) -> nn.Module:
    """Lay a network's weights out with channels last, in place, and return it: half the time on CPUs."""
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def parameters(model: nn.Module) -> int:
    """Return the number of trained parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def scaled(crops: Tensor) -> Tensor:
    """Bring uint8 crops to float 0..1: the one scaling, here in training and inside the exported graph."""
    return crops.float() / 255


def _block(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
    )
