"""Estimate the paper under the ink of a picture, around it, and its noise."""

import cv2
import numpy as np
from numpy.typing import NDArray

# Set by hand on photos of numbers, as they are and darkened towards a corner.
PAPER_WINDOW = 0.4  # side of the paper's median window, share of the picture's shorter side; ink fills less than half
KERNEL = 21  # side of the paper's median window in pixels of the small copy in which the median is computed
MAX_DIMNESS = 2.0  # how many times weaker than usual the light on paper may be and is still made up for
DIMNESS_STEPS = 64  # how dim the light is, as a factor, is given in steps of 1 over this, so that a byte holds it
BRIGHT_REACH = 11  # where paper is brighter within half as many pixels of the copy, a thing lies there, no shadow


def surround(grey: NDArray[np.uint8], margin: int) -> NDArray[np.uint8]:
    """Lay a margin around a picture (H, W), of the grey that is usual along its edges."""
    usual = float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    return cv2.copyMakeBorder(grey, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=usual)


def find_paper(grey: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Estimate the paper under the ink of a grey picture (H, W) uint8, and how dim the light on it is.

    Both (H, W) uint8. The paper is a median over a window in which ink is less than half; computed in a small copy,
    since paper has no detail. Ink takes a share of the light, so the same pen leaves fewer grey levels in a shadow: the
    second tells how many times fewer than on most of the paper, in steps of 1 / DIMNESS_STEPS.
    """
    height, width = grey.shape
    factor = max(1.0, PAPER_WINDOW * min(height, width) / KERNEL)
    size = max(1, round(width / factor)), max(1, round(height / factor))
    small = cv2.medianBlur(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), KERNEL)
    near = cv2.dilate(small, np.ones((BRIGHT_REACH, BRIGHT_REACH), np.uint8))
    dimmer = np.clip(float(np.median(small)) / np.maximum(np.arange(256), 1), 1, MAX_DIMNESS)
    dim = cv2.LUT(near, np.rint(DIMNESS_STEPS * dimmer).astype(np.uint8))
    return tuple(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR) for image in (small, dim))


def estimate_noise(distance: NDArray[np.uint8]) -> float:
    """Estimate the standard deviation of the paper's grey from all pixels' distance to it, (h, w) uint8.

    From the mean of the lower three quarters, which ink does not reach; for a normal distribution that is 0.515
    deviations. A median would be a whole number of grey levels, too coarse.
    """
    counts = cv2.calcHist([np.ascontiguousarray(distance[::2, ::2])], [0], None, [256], [0, 256]).ravel()
    held = np.minimum(np.cumsum(counts), 0.75 * counts.sum())
    return float((np.diff(held, prepend=0) * np.arange(256)).sum() / held[-1] / 0.515)
