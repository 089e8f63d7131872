"""Lay out whole batches as `realtime.reading.crops` does: the same recipe in torch, for augmented pictures."""

import torch
from torch import Tensor
from torch.nn import functional

from realtime.reading.crops import CENTRE, INK_SIDE, SIDE

OVERSAMPLE = 2  # samples a pixel and axis; their mean stands in for INTER_AREA


def lay_out(canvas: Tensor) -> Tensor:
    """Lay out the ink of each canvas (N, 1, H, W) float 0..1 as MNIST does, into (N, 1, 28, 28) float 0..1.

    Longest side 20 pixels, aspect kept, the centre of mass at 14, as `realtime.reading.crops.lay_out` without its
    thickening of pens thinner than two pixels. A canvas without ink gives a blank crop.
    """
    inked = canvas[:, 0] > 0.5 / 255
    left, width = extent(inked.any(dim=1))
    top, height = extent(inked.any(dim=2))
    scale = INK_SIDE / torch.maximum(width, height)
    new_width, new_height = ((side * scale).round().clamp(min=1) for side in (width, height))
    mass = canvas[:, 0].sum(dim=(1, 2)).clamp(min=1e-6)
    centre_x, centre_y = _centre(canvas[:, 0].sum(dim=1), mass), _centre(canvas[:, 0].sum(dim=2), mass)
    x = _source(left, width, new_width, centre_x)
    y = _source(top, height, new_height, centre_y)
    size_y, size_x = canvas.shape[2:]
    grid = torch.stack(
        [
            (x * 2 / size_x - 1)[:, None, :].expand(-1, SIDE * OVERSAMPLE, -1),
            (y * 2 / size_y - 1)[:, :, None].expand(-1, -1, SIDE * OVERSAMPLE),
        ],
        dim=3,
    )
    fine = functional.grid_sample(canvas, grid, align_corners=False)
    # Nothing outside the ink's box: where the box is enlarged, interpolation would spread half a pixel beyond it.
    inside_x, inside_y = (
        (s >= a) & (s <= a + b) for s, a, b in ((x, left[:, None], width[:, None]), (y, top[:, None], height[:, None]))
    )
    fine = fine * (inside_x[:, None, None, :] & inside_y[:, None, :, None])
    return functional.avg_pool2d(fine, OVERSAMPLE)


def extent(inked: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first inked place and the inked length, both (N,) float, of profiles (N, L) bool."""
    length = inked.shape[1]
    places = torch.arange(length, device=inked.device)
    first = torch.where(inked, places, length).amin(dim=1)
    last = torch.where(inked, places, -1).amax(dim=1)
    empty = last < 0
    return first.masked_fill(empty, 0).float(), (last - first + 1).masked_fill(empty, length).float()


def _centre(profile: Tensor, mass: Tensor) -> Tensor:
    """Return the centre of mass (N,) of profiles (N, L), as a coordinate in which pixel i spans i to i + 1."""
    places = torch.arange(profile.shape[1], device=profile.device) + 0.5
    return (profile * places).sum(dim=1) / mass


def _source(start: Tensor, length: Tensor, new_length: Tensor, centre: Tensor) -> Tensor:
    """Return where each sample of the crop, (N, 28 * OVERSAMPLE), lies on the canvas along one axis."""
    ratio = new_length / length
    offset = (CENTRE - ((centre - start) * ratio - 0.5)).round()
    offset = torch.minimum(offset.clamp(min=0), SIDE - new_length)
    places = (torch.arange(SIDE * OVERSAMPLE, device=start.device) + 0.5) / OVERSAMPLE
    return (places[None] - offset[:, None]) / ratio[:, None] + start[:, None]
