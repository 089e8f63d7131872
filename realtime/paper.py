"""Estimate the paper under the ink of a picture, around it, and its noise."""

import cv2
import numpy as np
from numpy.typing import NDArray

WINDOW = 0.4  # side of the paper's median window as a share of the picture's shorter side
KERNEL = 21  # that window in pixels of the picture it is computed in


def surround(grey: NDArray[np.uint8], margin: int) -> NDArray[np.uint8]:
    """Lay a margin around a picture (H, W), of the grey that is usual along its edges."""
    usual = float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    return cv2.copyMakeBorder(grey, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=usual)


def find_paper(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Estimate the paper under the ink of a grey picture (H, W) uint8, as one of the same shape.

    A median over a window in which ink is less than half; computed in a small copy, since paper has no detail.
    """
    height, width = grey.shape
    factor = max(1.0, WINDOW * min(height, width) / KERNEL)
    size = max(1, round(width / factor)), max(1, round(height / factor))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.medianBlur(small, KERNEL), (width, height), interpolation=cv2.INTER_LINEAR)


def estimate_noise(distance: NDArray[np.uint8]) -> float:
    """Estimate the standard deviation of the paper's grey from all pixels' distance to it, (h, w) uint8.

    From the mean of the lower three quarters, which ink does not reach; for a normal distribution that is 0.515
    deviations. A median would be a whole number of grey levels, too coarse.
    """
    counts = cv2.calcHist([np.ascontiguousarray(distance[::2, ::2])], [0], None, [256], [0, 256]).ravel()
    held = np.minimum(np.cumsum(counts), 0.75 * counts.sum())
    return float((np.diff(held, prepend=0) * np.arange(256)).sum() / held[-1] / 0.515)
