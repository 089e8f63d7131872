"""Make digits look as a camera sees them: another hand, another pen, blur, low resolution, JPEG, and paper's accidents.

`see(pictures, generator)` is a pure function on whole batches. What it gives is laid out again as MNIST's digits, for
so is everything that live reading cuts. On two cores 128 pictures take about 20 ms.

`write(pictures, generator)` gives other hands alone, sharp, and moved about in the crop: best for MNIST's own test set.
`report-training` draws a sheet of samples of both.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from realtime.reading.crops import SIDE
from training.batch_layout import extent, lay_out

CANVAS = 48  # side of the working canvas, pixels; MNIST's pixel is 1.5 of them
FIELD = 32 / 28  # the canvas shows this many times the crop
SHIFT = 2  # pixels of the crop, the farthest that `write` moves a digit
NODES = 5  # knots of the elastic field along a side
BLOCK = 8  # JPEG's
UNTOUCHED, GENTLE = 0.08, 0.45  # shares of the pictures left as they are, and moved but not damaged
SCANNED, SCAN = 0.12, 16  # share of the others seen as scans of so many black or white pixels, stretched to their box


def write(pictures: Tensor, generator: torch.Generator, untouched: float = UNTOUCHED) -> Tensor:
    """Return pictures (N, 1, 28, 28) uint8 as other hands would write them, the same shape and type.

    Moved about, though live reading centres every digit: a network that cannot rely on the place learns better.
    """
    if not len(pictures):
        return pictures.clone()
    dice = _Dice(len(pictures), generator, pictures.device)
    bent = bend(pictures.float() / 255, dice, SIDE, (-0.1, 0.1), SHIFT)
    return torch.where(dice.chance(untouched), pictures, _bytes(bent))


def see(pictures: Tensor, generator: torch.Generator, untouched: float = UNTOUCHED, gentle: float = GENTLE) -> Tensor:
    """Return pictures (N, 1, 28, 28) uint8 as other hands and cameras would give them, the same shape and type."""
    if not len(pictures):
        return pictures.clone()
    dice = _Dice(len(pictures), generator, pictures.device)
    canvas = bend(pictures.float() / 255, dice, CANVAS, (math.log(FIELD) - 0.05, math.log(FIELD) + 0.1), 0)
    chosen = torch.nonzero(dice.chance(1 - gentle).view(-1)).squeeze(1)
    if len(chosen):
        dice_hurt = _Dice(len(chosen), generator, pictures.device)
        canvas[chosen] = damage(accidents(pens(canvas[chosen], dice_hurt), dice_hurt), dice_hurt)
        scanned = chosen[dice_hurt.chance(SCANNED).view(-1)]
        if len(scanned):
            canvas[scanned] = scan(canvas[scanned], _Dice(len(scanned), generator, pictures.device))
    crops = _bytes(lay_out(canvas))
    lost = canvas.sum(dim=(1, 2, 3), keepdim=True) < 4  # a thin stroke that erosion took whole
    return torch.where(dice.chance(untouched) | lost, pictures, crops)


def _bytes(pictures: Tensor) -> Tensor:
    return (pictures * 255).round().clamp(0, 255).to(torch.uint8)


class _Dice:
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


def bend(pictures: Tensor, dice: _Dice, side: int, sizes: tuple[float, float], shift: float) -> Tensor:
    """Draw pictures (N, 1, 28, 28), floats 0..1, slanted, turned, stretched and elastic on canvases (N, 1, side, side).

    sizes: the least and greatest log of how many times the crop a canvas shows. shift: by how many pixels of the crop
    the digits are moved at most.
    """
    n = dice.count
    angle, slant = dice.normal(math.radians(7)), dice.normal(0.13)
    stretch = dice.normal(0.1) + torch.where(dice.chance(0.2), box_stretch(pictures) * dice.uniform(0, 1), 0.0)
    # Of the ink of a crop, 20 pixels long, enough of the canvas stays free for a turn and a stretch of 1.4.
    size = torch.exp(dice.uniform(*sizes) + stretch.abs() / 2)
    wide, high = size * torch.exp(-stretch / 2), size * torch.exp(stretch / 2)
    cos, sin = angle.cos(), angle.sin()
    right, down = (dice.uniform(-shift, shift) * 2 / SIDE for _ in "xy")
    rows = [wide * cos, wide * (slant * cos - sin), right, high * sin, high * (slant * sin + cos), down]
    matrix = torch.cat(rows, dim=1).view(n, 2, 3)
    grid = functional.affine_grid(matrix, [n, 1, side, side], align_corners=False)
    strength = dice.uniform(0, 0.065).view(n, 1, 1, 1)
    bumps = _bumps(side, pictures.device)
    field = bumps @ (dice.randn(n, 2, NODES, NODES) * strength) @ bumps.T
    return functional.grid_sample(pictures, grid + field.permute(0, 2, 3, 1), align_corners=False)


def _bumps(side: int, device: torch.device) -> Tensor:
    """Return how much each knot of the elastic field moves each place of a canvas, (side, NODES), rows sum to 1."""
    places = torch.linspace(0, NODES - 1, side, device=device)[:, None] - torch.arange(NODES, device=device)
    weights = torch.exp(-(places**2) / (2 * 0.6**2))
    return weights / weights.sum(dim=1, keepdim=True)


def box_stretch(pictures: Tensor) -> Tensor:
    """Return the log of the stretch (N, 1, 1, 1) that makes the ink's box square, within a factor of 1.8."""
    inked = pictures > 0.2
    width = inked.any(dim=2, keepdim=True).sum(dim=3, keepdim=True).clamp(min=1)
    height = inked.any(dim=3, keepdim=True).sum(dim=2, keepdim=True).clamp(min=1)
    return (height / width).log().clamp(-0.6, 0.6)


def pens(canvas: Tensor, dice: _Dice) -> Tensor:
    """Write with broader and finer pens: grey dilation and erosion by parts of a pixel."""
    broad = _neighbours(canvas, torch.maximum)
    broader = _neighbours(broad, torch.maximum)
    fine = _neighbours(canvas, torch.minimum)
    ink = canvas.sum(dim=(1, 2, 3), keepdim=True)
    can_thin = fine.sum(dim=(1, 2, 3), keepdim=True) > 0.4 * ink  # else the stroke is two pixels of the crop already
    width = dice.normal(0.7, 2.0)
    width = torch.where(can_thin, width.clamp(min=-1), width.clamp(min=-0.3))
    broadened = torch.lerp(torch.lerp(canvas, broad, width.clamp(0, 1)), broader, (width - 1).clamp(0, 1))
    return torch.where(width > 0, broadened, torch.lerp(canvas, fine, (-width).clamp(0, 1)))


def accidents(canvas: Tensor, dice: _Dice) -> Tensor:
    """Break pens, cut edges off, leave pieces of ruled lines and of the neighbour's stroke."""
    places = torch.arange(CANVAS, device=canvas.device) - (CANVAS - 1) / 2
    x, y = places[None, None, None, :], places[None, None, :, None]
    angle = dice.uniform(0, math.pi)
    across = x * angle.cos() + y * angle.sin()
    gap = (across - dice.uniform(-12, 12)).abs() < dice.uniform(0.5, 1.3)
    canvas = torch.where(dice.chance(0.06) & gap, 0.0, canvas)
    side = torch.floor(dice.uniform(0, 4)) * (math.pi / 2)
    cut = x * side.cos() + y * side.sin() > dice.uniform(0.78, 0.97) * _reach(canvas, x, y, side)
    canvas = torch.where(dice.chance(0.04) & cut, 0.0, canvas)
    tilt, level = dice.normal(0.04), dice.uniform(-16, 16)
    line = ((y - tilt * x - level).abs() < dice.uniform(0.4, 1.1)) & (
        (x - dice.uniform(-10, 10)).abs() < dice.uniform(4, 13)
    )
    canvas = torch.where(dice.chance(0.04) & line, 1.0, canvas)
    dx, dy = dice.pick((-22, -19, 19, 22)), dice.pick((-12, 0, 12))
    neighbour = torch.roll(canvas, (1, dy, dx), dims=(0, 2, 3))
    near = ((x - (14 if dx > 0 else -14)) ** 2 + (y - dy / 2) ** 2) < 25
    return torch.where(dice.chance(0.03) & near, torch.maximum(canvas, neighbour), canvas)


def damage(canvas: Tensor, dice: _Dice) -> Tensor:
    """See the ink through a camera: blur, JPEG, noise, few pixels, then the half-contrast cut of `find_ink`."""
    blurred = _blur(canvas)
    seen = torch.lerp(canvas, blurred, dice.uniform(0, 1))
    seen = torch.lerp(seen, _blur(_blur(blurred)), dice.uniform(0, 1) * dice.chance(0.15))
    seen = torch.where(dice.chance(0.2), jpeg(seen, dice.uniform(0.02, 0.25)), seen)
    noise = _blur(dice.randn(*canvas.shape)) * dice.uniform(0, 0.35)
    seen = torch.where(dice.chance(0.3), seen + noise * (seen > 0.05), seen)
    level, gain = dice.uniform(0.15, 0.4), dice.uniform(1.4, 3)
    side = dice.pick((16, 24))
    few = functional.avg_pool2d(seen, CANVAS // side)
    few = functional.interpolate(_cut(few, level, gain), (CANVAS, CANVAS), mode="bilinear")
    return torch.where(dice.chance(0.25), few, _cut(seen, level, gain))


def scan(canvas: Tensor, dice: _Dice) -> Tensor:
    """Scan the ink's box into 16x16 black or white pixels, as old collections are; thin ink less wide."""
    inked = canvas[:, 0] > 0.2
    left, width = extent(inked.any(dim=1))
    top, height = extent(inked.any(dim=2))
    wider = (height / width).clamp(0.5, 2).view(-1, 1, 1, 1)
    middle_x, middle_y = (left + width / 2) * 2 / CANVAS - 1, (top + height / 2) * 2 / CANVAS - 1
    zero = torch.zeros_like(width)
    side = height / CANVAS
    rows = [side / wider.view(-1), zero, middle_x, zero, side, middle_y]
    grid = functional.affine_grid(
        torch.stack(rows, dim=1).view(-1, 2, 3), [len(canvas), 1, 2 * SCAN, 2 * SCAN], align_corners=False
    )
    seen = functional.avg_pool2d(functional.grid_sample(canvas, grid, align_corners=False), 2)
    pixels = (seen > dice.uniform(0.3, 0.6)).float().repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    return functional.pad(pixels, [(CANVAS - 2 * SCAN) // 2] * 4)


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


def _cut(seen: Tensor, level: Tensor, gain: Tensor) -> Tensor:
    """Cut the ink out as `realtime.reading.ink` does: a ramp about half the contrast, the ink's own weighted depth."""
    seen = seen.clamp(min=0)
    contrast = (seen * seen).sum(dim=(1, 2, 3), keepdim=True) / seen.sum(dim=(1, 2, 3), keepdim=True).clamp(min=1e-6)
    return ((seen / contrast.clamp(min=1e-3) - level) * gain).clamp(0, 1)


def _reach(canvas: Tensor, x: Tensor, y: Tensor, side: Tensor) -> Tensor:
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
