"""Estimate the paper under the ink of a picture, around it, and its noise."""

import cv2
import numpy as np
from numpy.typing import NDArray

WINDOW = 0.4  # side of the paper's median window as a share of the picture's shorter side
KERNEL = 21  # that window in pixels of the picture it is computed in
DIM = 2.0  # how many times weaker than usual the light on paper may be and is still made up for
FINE = 64  # that factor is told in steps of 1 over this
BESIDE = 11  # where the paper within half as many of those pixels is brighter, another thing lies, no shadow


def surround(grey: NDArray[np.uint8], margin: int) -> NDArray[np.uint8]:
    """Lay a margin around a picture (H, W), of the grey that is usual along its edges."""
    usual = float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    return cv2.copyMakeBorder(grey, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=usual)


def find_paper(grey: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Estimate the paper under the ink of a grey picture (H, W) uint8, and how dim the light on it is.

    Both (H, W) uint8. The paper is a median over a window in which ink is less than half; computed in a small copy,
    since paper has no detail. Ink takes a share of the light, so the same pen leaves fewer grey levels in a shadow: the
    second tells how many times fewer than on most of the paper, in steps of 1 / FINE.
    """
    height, width = grey.shape
    factor = max(1.0, WINDOW * min(height, width) / KERNEL)
    size = max(1, round(width / factor)), max(1, round(height / factor))
    small = cv2.medianBlur(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), KERNEL)
    near = cv2.dilate(small, np.ones((BESIDE, BESIDE), np.uint8))
    dimmer = np.clip(float(np.median(small)) / np.maximum(np.arange(256), 1), 1, DIM)
    dim = cv2.LUT(near, np.rint(FINE * dimmer).astype(np.uint8))
    return tuple(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR) for image in (small, dim))


def estimate_noise(distance: NDArray[np.uint8]) -> float:
    """Estimate the standard deviation of the paper's grey from all pixels' distance to it, (h, w) uint8.

    From the mean of the lower three quarters, which ink does not reach; for a normal distribution that is 0.515
    deviations. A median would be a whole number of grey levels, too coarse.
    """
    counts = cv2.calcHist([np.ascontiguousarray(distance[::2, ::2])], [0], None, [256], [0, 256]).ravel()
    held = np.minimum(np.cumsum(counts), 0.75 * counts.sum())
    return float((np.diff(held, prepend=0) * np.arange(256)).sum() / held[-1] / 0.515)
