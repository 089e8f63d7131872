"""Augment digits: as other people write them, and as cameras see what they wrote.

`augment_camera` distorts, changes the pen's width, adds defects, blur, noise, JPEG and low resolution, and lays the
result out again as MNIST does, as reading lays out all that it cuts. On two cores 128 pictures take about 20 ms.
`augment_hand` distorts and shifts alone, and stays sharp: best for MNIST's own test set. Both are pure functions of the
pictures and the generator; `report-training` draws a sheet of samples of both.

The strengths here were set by hand, by looking at that sheet; those of `augment_hand` half as large again were no
better on MNIST's test set (models/README.md).
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from realtime.reading.crops import SIDE
from training.batch_layout import extent, lay_out
from training.jpeg import jpeg

CANVAS = 48  # side of the working canvas, pixels; a pixel of a crop is 1.5 of them
FIELD = 32 / 28  # how many times as wide as the crop the canvas's field of view is: strokes may grow outwards
MAX_SHIFT = 2  # pixels of the crop, the farthest that `augment_hand` moves a digit; 3 were no better
NODES = 5  # nodes of the elastic field along a side
UNCHANGED = 0.08  # share of the pictures that stay as they are
UNDAMAGED = 0.45  # share of the pictures that are distorted alone: their pen stays, and no camera degrades them
RESCANNED = 0.12  # share of the damaged ones that become black-and-white scans of 16x16 pixels, as old collections are
SCAN_SIDE = 16  # side of such a scan, pixels
MIN_INK = 4  # sum of a canvas, 1 a full pixel, below which erosion took a thin stroke whole: the picture stays as it is


def augment_hand(pictures: Tensor, generator: torch.Generator, unchanged: float = UNCHANGED) -> Tensor:
    """Return pictures (N, 1, 28, 28) uint8 as other people would write them, the same shape and type.

    They are shifted, although reading centres every digit: a network that cannot rely on the place learns better.
    unchanged: the share of the pictures that stays as it is.
    """
    if not len(pictures):
        return pictures.clone()
    random = _Random(len(pictures), generator, pictures.device)
    distorted = distort(pictures.float() / 255, random, SIDE, (-0.1, 0.1), MAX_SHIFT)
    return torch.where(random.chance(unchanged), pictures, _bytes(distorted))


def augment_camera(
    pictures: Tensor, generator: torch.Generator, unchanged: float = UNCHANGED, undamaged: float = UNDAMAGED
) -> Tensor:
    """Return pictures (N, 1, 28, 28) uint8 as other people write and cameras see them, the same shape and type.

    unchanged, undamaged: the shares of the pictures that stay as they are, and that are distorted alone.
    """
    if not len(pictures):
        return pictures.clone()
    random = _Random(len(pictures), generator, pictures.device)
    canvas = distort(pictures.float() / 255, random, CANVAS, (math.log(FIELD) - 0.05, math.log(FIELD) + 0.1), 0)
    chosen = torch.nonzero(random.chance(1 - undamaged).view(-1)).squeeze(1)
    if len(chosen):
        chosen_random = _Random(len(chosen), generator, pictures.device)
        penned = vary_pen_width(canvas[chosen], chosen_random)
        canvas[chosen] = degrade(add_defects(penned, chosen_random), chosen_random)
        scanned = chosen[chosen_random.chance(RESCANNED).view(-1)]
        if len(scanned):
            canvas[scanned] = rescan(canvas[scanned], _Random(len(scanned), generator, pictures.device))
    crops = _bytes(lay_out(canvas))
    lost = canvas.sum(dim=(1, 2, 3), keepdim=True) < MIN_INK
    return torch.where(random.chance(unchanged) | lost, pictures, crops)


def _bytes(pictures: Tensor) -> Tensor:
    return (pictures * 255).round().clamp(0, 255).to(torch.uint8)


class _Random:
    """Random numbers for the N pictures of a batch, (N, 1, 1, 1) each, from one generator."""

    def __init__(self, count: int, generator: torch.Generator, device: torch.device) -> None:
        self.count, self.generator, self.device = count, generator, device

    def uniform(self, low: float, high: float) -> Tensor:
        return low + (high - low) * self.rand(self.count, 1, 1, 1)

    def normal(self, deviation: float, limit: float = 2.5) -> Tensor:
        return self.randn(self.count, 1, 1, 1).clamp(-limit, limit) * deviation

    def chance(self, share: float) -> Tensor:
        return self.uniform(0, 1) < share

    def rand(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.generator, device=self.generator.device).to(self.device)

    def randn(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator, device=self.generator.device).to(self.device)

    def pick(self, choices: tuple[int, ...]) -> int:
        return choices[int(self.rand(1).item() * len(choices))]


def distort(pictures: Tensor, random: _Random, side: int, sizes: tuple[float, float], shift: float) -> Tensor:
    """Draw pictures (N, 1, 28, 28) float 0..1 slanted, rotated, stretched and elastic on canvases (N, 1, side, side).

    sizes: the least and greatest log of how many times the crop a canvas shows. shift: by how many pixels of the crop
    the digits are moved at most.
    """
    n = random.count
    angle, slant = random.normal(math.radians(7)), random.normal(0.13)
    stretch, is_square = random.normal(0.1), random.chance(0.2)
    stretch = stretch + torch.where(is_square, _stretch_to_square(pictures) * random.uniform(0, 1), 0.0)
    # Of the ink of a crop, 20 pixels long, enough of the canvas stays free for a turn and a stretch of 1.4.
    size = torch.exp(random.uniform(*sizes) + stretch.abs() / 2)
    wide, high = size * torch.exp(-stretch / 2), size * torch.exp(stretch / 2)
    cos, sin = angle.cos(), angle.sin()
    right, down = (random.uniform(-shift, shift) * 2 / SIDE for _ in "xy")
    rows = [wide * cos, wide * (slant * cos - sin), right, high * sin, high * (slant * sin + cos), down]
    matrix = torch.cat(rows, dim=1).view(n, 2, 3)
    grid = functional.affine_grid(matrix, [n, 1, side, side], align_corners=False)
    strength = random.uniform(0, 0.065).view(n, 1, 1, 1)
    basis = _elastic_basis(side, pictures.device)
    field = basis @ (random.randn(n, 2, NODES, NODES) * strength) @ basis.T
    return functional.grid_sample(pictures, grid + field.permute(0, 2, 3, 1), align_corners=False)


def _elastic_basis(side: int, device: torch.device) -> Tensor:
    """Return how much each node of the elastic field moves each pixel of a canvas, (side, NODES), rows sum to 1."""
    places = torch.linspace(0, NODES - 1, side, device=device)[:, None] - torch.arange(NODES, device=device)
    weights = torch.exp(-(places**2) / (2 * 0.6**2))
    return weights / weights.sum(dim=1, keepdim=True)


def _stretch_to_square(pictures: Tensor) -> Tensor:
    """Return the log of the stretch (N, 1, 1, 1) that makes the ink's box square, within a factor of 1.8."""
    inked = pictures > 0.2
    width = inked.any(dim=2, keepdim=True).sum(dim=3, keepdim=True).clamp(min=1)
    height = inked.any(dim=3, keepdim=True).sum(dim=2, keepdim=True).clamp(min=1)
    return (height / width).log().clamp(-0.6, 0.6)


def vary_pen_width(canvas: Tensor, random: _Random) -> Tensor:
    """Make strokes broader or finer by parts of a pixel: grey dilation and erosion."""
    broad = _neighbours(canvas, torch.maximum)
    broader = _neighbours(broad, torch.maximum)
    fine = _neighbours(canvas, torch.minimum)
    ink = canvas.sum(dim=(1, 2, 3), keepdim=True)
    can_thin = fine.sum(dim=(1, 2, 3), keepdim=True) > 0.4 * ink  # else the stroke is two pixels of the crop already
    width = random.normal(0.7, 2.0)
    width = torch.where(can_thin, width.clamp(min=-1), width.clamp(min=-0.3))
    broadened = torch.lerp(torch.lerp(canvas, broad, width.clamp(0, 1)), broader, (width - 1).clamp(0, 1))
    return torch.where(width > 0, broadened, torch.lerp(canvas, fine, (-width).clamp(0, 1)))


def add_defects(canvas: Tensor, random: _Random) -> Tensor:
    """Add what spoils digits on paper: gaps, cut edges, pieces of ruled lines and of a neighbour's stroke."""
    places = torch.arange(CANVAS, device=canvas.device) - (CANVAS - 1) / 2
    x, y = places[None, None, None, :], places[None, None, :, None]
    angle = random.uniform(0, math.pi)
    across = x * angle.cos() + y * angle.sin()
    gap = (across - random.uniform(-12, 12)).abs() < random.uniform(0.5, 1.3)
    canvas = torch.where(random.chance(0.06) & gap, 0.0, canvas)
    side = torch.floor(random.uniform(0, 4)) * (math.pi / 2)
    cut = x * side.cos() + y * side.sin() > random.uniform(0.78, 0.97) * _ink_extent(canvas, x, y, side)
    canvas = torch.where(random.chance(0.04) & cut, 0.0, canvas)
    tilt, level = random.normal(0.04), random.uniform(-16, 16)
    line = ((y - tilt * x - level).abs() < random.uniform(0.4, 1.1)) & (
        (x - random.uniform(-10, 10)).abs() < random.uniform(4, 13)
    )
    canvas = torch.where(random.chance(0.04) & line, 1.0, canvas)
    dx, dy = random.pick((-22, -19, 19, 22)), random.pick((-12, 0, 12))
    neighbour = torch.roll(canvas, (1, dy, dx), dims=(0, 2, 3))
    near = ((x - (14 if dx > 0 else -14)) ** 2 + (y - dy / 2) ** 2) < 25
    return torch.where(random.chance(0.03) & near, torch.maximum(canvas, neighbour), canvas)


def degrade(canvas: Tensor, random: _Random) -> Tensor:
    """Degrade as a camera does: blur, JPEG, noise, low resolution; then cut the ink as live reading does."""
    blurred = _blur(canvas)
    seen = torch.lerp(canvas, blurred, random.uniform(0, 1))
    seen = torch.lerp(seen, _blur(_blur(blurred)), random.uniform(0, 1) * random.chance(0.15))
    seen = torch.where(random.chance(0.2), jpeg(seen, random.uniform(0.02, 0.25)), seen)
    noise = _blur(random.randn(*canvas.shape)) * random.uniform(0, 0.35)
    seen = torch.where(random.chance(0.3), seen + noise * (seen > 0.05), seen)
    level, gain = random.uniform(0.15, 0.4), random.uniform(1.4, 3)
    side = random.pick((16, 24))
    few = functional.avg_pool2d(seen, CANVAS // side)
    few = functional.interpolate(_segment_ink(few, level, gain), (CANVAS, CANVAS), mode="bilinear")
    return torch.where(random.chance(0.25), few, _segment_ink(seen, level, gain))


def rescan(canvas: Tensor, random: _Random) -> Tensor:
    """Scan the ink's box into 16x16 black or white pixels, thin ink less wide than high."""
    inked = canvas[:, 0] > 0.2
    left, width = extent(inked.any(dim=1))
    top, height = extent(inked.any(dim=2))
    wider = (height / width).clamp(0.5, 2).view(-1, 1, 1, 1)
    middle_x, middle_y = (left + width / 2) * 2 / CANVAS - 1, (top + height / 2) * 2 / CANVAS - 1
    zero = torch.zeros_like(width)
    side = height / CANVAS
    rows = [side / wider.view(-1), zero, middle_x, zero, side, middle_y]
    grid = functional.affine_grid(
        torch.stack(rows, dim=1).view(-1, 2, 3), [len(canvas), 1, 2 * SCAN_SIDE, 2 * SCAN_SIDE], align_corners=False
    )
    seen = functional.avg_pool2d(functional.grid_sample(canvas, grid, align_corners=False), 2)
    pixels = (seen > random.uniform(0.3, 0.6)).float().repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    return functional.pad(pixels, [(CANVAS - 2 * SCAN_SIDE) // 2] * 4)


def _segment_ink(seen: Tensor, level: Tensor, gain: Tensor) -> Tensor:
    """Cut the ink as `realtime.reading.digit_ink` does: a ramp about half of the ink's own weighted contrast."""
    seen = seen.clamp(min=0)
    contrast = (seen * seen).sum(dim=(1, 2, 3), keepdim=True) / seen.sum(dim=(1, 2, 3), keepdim=True).clamp(min=1e-6)
    return ((seen / contrast.clamp(min=1e-3) - level) * gain).clamp(0, 1)


def _ink_extent(canvas: Tensor, x: Tensor, y: Tensor, side: Tensor) -> Tensor:
    """Return how far the ink reaches from the middle towards a side, (N, 1, 1, 1) pixels."""
    return torch.where(canvas > 0.2, x * side.cos() + y * side.sin(), -CANVAS).amax(dim=(1, 2, 3), keepdim=True)


def _neighbours(pictures: Tensor, choose: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Return the largest or smallest of each pixel and its four neighbours; pooling layers take five times as long."""
    out = pictures.clone()
    for axis in (2, 3):
        ahead, behind = out.narrow(axis, 1, CANVAS - 1), out.narrow(axis, 0, CANVAS - 1)
        first, rest = pictures.narrow(axis, 0, CANVAS - 1), pictures.narrow(axis, 1, CANVAS - 1)
        ahead.copy_(choose(ahead, first))
        behind.copy_(choose(behind, rest))
    return out


def _blur(pictures: Tensor) -> Tensor:
    """Blur by the binomial 1 2 1 in both directions."""
    for axis in (2, 3):
        out = pictures / 2
        out.narrow(axis, 1, CANVAS - 1).add_(pictures.narrow(axis, 0, CANVAS - 1), alpha=0.25)
        out.narrow(axis, 0, CANVAS - 1).add_(pictures.narrow(axis, 1, CANVAS - 1), alpha=0.25)
        pictures = out
    return pictures
