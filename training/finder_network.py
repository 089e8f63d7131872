"""The finder's network: a small U-Net that tells of every pixel whether it is a digit's core, its ink, or other ink."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from realtime.reading.finder import MAPS, OUTPUT

WIDTHS = (32, 64, 96, 128)  # channels at strides 4, 8, 16, 32


class FinderNetwork(nn.Module):
    """Maps at half the size of a picture, and the class of the digit at a quarter.

    The stem strides by four at once, and the maps come back to half the size by shuffling channels into pixels: at half
    the size itself nothing is convolved, which is where the time of such a network goes.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.widths = widths
        first = widths[0]
        self.stem = nn.Sequential(_convolution(3, first, 7, 4), Separable(first, 3))
        self.down = nn.ModuleList(
            nn.Sequential(_convolution(narrow, wide, 3, 2), *(Separable(wide, 3) for _ in range(depth)))
            for narrow, wide, depth in zip(widths, widths[1:], (2, 3, 4), strict=False)
        )
        self.across = nn.ModuleList(
            nn.Conv2d(wide, narrow, 1) for narrow, wide in zip(widths, widths[1:], strict=False)
        )
        self.up = nn.ModuleList(Separable(width, 3) for width in widths[:-1])
        self.maps = nn.Conv2d(first, len(MAPS) * (4 // OUTPUT) ** 2, 3, padding=1)
        self.classes = nn.Conv2d(first, 10, 1)
        if self.maps.bias is not None:
            nn.init.constant_(self.maps.bias, -3.0)  # little of a picture is ink

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of the maps (N, 3, H/2, W/2) and of the digits (N, 10, H/4, W/4) of BGR (N, 3, H, W) 0..255."""
        levels = [self.stem((image - 128) / 64)]
        for down in self.down:
            levels.append(down(levels[-1]))
        deep = levels.pop()
        for across, up in zip(reversed(self.across), reversed(self.up), strict=True):
            level = levels.pop()
            deep = up(level + functional.interpolate(across(deep), scale_factor=2.0, mode="nearest"))
        return functional.pixel_shuffle(self.maps(deep), 4 // OUTPUT), self.classes(deep)


class Separable(nn.Module):
    """A residual block: a depthwise convolution, a dense one over channels, normalised."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, size, padding=size // 2, groups=width, bias=False)
        self.dense = nn.Conv2d(width, width, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the same shape."""
        return x + torch.relu(self.norm(self.dense(self.depthwise(x))))


def _convolution(into: int, out: int, size: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(into, out, size, stride, (size - 1) // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(out), nn.ReLU())
