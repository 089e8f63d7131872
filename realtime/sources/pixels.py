"""Bring pixels of any depth, and such as are seen through, to eight bits of plain colour."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

# Rows that are worked on at a time, so that the floating copy of a picture of 200 megapixels never is in memory whole.
_ROWS = 256
# Every so many pixels are looked at to tell what paper a picture lies on.
_SAMPLED = 8


def lay_on_paper(strips: Callable[[], Iterator[NDArray[np.uint8]]], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Lay a picture with transparency on paper, (H, W, 3) BGR, strip by strip: 200 megapixels take 0.8 GB.

    strips: gives its rows from the top on, (h, W, 4) BGRA, h a multiple of 8 but for the last; called twice.
    size: (W, H).
    """
    step = _SAMPLED if min(size) > 100 * _SAMPLED else 1
    paper = _find_paper(np.concatenate([strip[::step, ::step].copy() for strip in strips()]))
    laid, top = np.empty((size[1], size[0], 3), np.uint8), 0
    for strip in strips():
        rows = laid[top : top + len(strip)]
        top += len(strip)
        if (strip[..., 3] == 255).all():
            rows[:] = strip[..., :3]
            continue
        part = strip.astype(np.float32)
        alpha = part[..., 3:] / 255
        rows[:] = np.rint(part[..., :3] * alpha + paper * (1 - alpha))
    return laid


def _find_paper(sample: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the colour of the paper, BGR, that a picture with transparency, (H, W, 4) BGRA, lies on.

    Where most of it is transparent, what is left is ink, and the paper is white or black, whichever is farther from it;
    else the paper is what most of the visible pixels show.
    """
    visible = sample[..., 3] > 127
    if not visible.any():
        visible = sample[..., 3] > 0
    if not visible.any():
        return np.full(3, 255, np.float32)
    usual = np.median(sample[..., :3][visible], axis=0).astype(np.float32)
    mostly = visible.mean() > 0.5
    return usual if mostly else np.full(3, 255 if usual.mean() < 128 else 0, np.float32)


def bytes_of_deep(image: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Scale pixels of more than eight bits, or floating ones, of any shape, by the range that they use, to uint8.

    The range ends at the least power of two above the brightest pixel: ten bits in sixteen would be black otherwise. It
    begins at 0, or at the darkest pixel where that is negative. What is not finite is 0.
    """
    low, high = _range(image)
    low = min(low, 0.0)
    top = 2.0 ** np.ceil(np.log2(max(high - low, 2.0**-20)))
    if np.issubdtype(image.dtype, np.integer):
        top = max(2.0 ** int(high - low).bit_length(), 256.0) - 1
    scaled = np.empty(image.shape, np.uint8)
    for start in range(0, len(image), _ROWS):
        part = np.nan_to_num(image[start : start + _ROWS].astype(np.float32), posinf=high, neginf=low)
        scaled[start : start + _ROWS] = np.clip(np.rint((part - low) * (255 / top)), 0, 255)
    return scaled


def _range(image: NDArray[np.generic]) -> tuple[float, float]:
    """Return the least and the greatest finite value of an array, 0 where there is none."""
    if np.issubdtype(image.dtype, np.integer):
        return float(image.min()), float(image.max())
    finite = np.isfinite(image)
    if not finite.any():
        return 0.0, 0.0
    return float(image.min(where=finite, initial=np.inf)), float(image.max(where=finite, initial=-np.inf))
