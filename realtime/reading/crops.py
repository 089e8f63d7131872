"""Lay ink out as MNIST's digits: the one normaliser that training, the export check and live reading share.

Of the 10,000 MNIST test pictures, cut whole from their 28x28 frames, 9,997 come back byte for byte
(`pytest tests/reading/test_crops.py`, with LIVEDIGITS_DATA set).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

VERSION = "mnist-1"  # travels in checkpoints and ONNX metadata; change it when `stack` gives other bytes
SIDE = 28  # width and height of a crop, pixels, as MNIST's pictures have them
INK_SIDE = 20  # longest side of the ink, pixels; so in 69,984 of MNIST's 70,000 pictures
CENTRE = 14  # where the centre of mass of the ink comes to lie on both axes, in pixel indices; so in all of MNIST
MIN_STROKE = 2.0  # thinner pens are thickened to this many pixels of the crop: MNIST's strokes are 2 to 4 wide


def stack(patches: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Lay out N patches of ink, each (h, w) uint8, as one batch (N, 1, 28, 28) uint8, N may be 0.

    A patch without ink gives a blank crop.
    """
    crops = np.zeros((len(patches), 1, SIDE, SIDE), np.uint8)
    for crop, patch in zip(crops, patches, strict=True):
        lay_out(patch, crop[0])
    return crops


def lay_out(patch: NDArray[np.uint8], crop: NDArray[np.uint8]) -> None:
    """Draw the ink of one patch, (h, w) uint8, into a zeroed crop, (28, 28) uint8.

    The recipe is the one published with MNIST (LeCun, Cortes, Burges): the ink's longest side becomes 20 pixels, its
    aspect is kept, and its centre of mass comes to the centre of the field.
    """
    x, y, w, h = cv2.boundingRect(patch)
    if w == 0:
        return
    ink = patch[y : y + h, x : x + w]
    scale = INK_SIDE / max(w, h)
    if scale != 1:
        size = max(1, round(w * scale)), max(1, round(h * scale))
        ink = cv2.resize(thicken(ink, scale), size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    moments = cv2.moments(ink)
    total = moments["m00"]
    if total == 0:
        return
    left = _place(CENTRE - moments["m10"] / total, ink.shape[1])
    top = _place(CENTRE - moments["m01"] / total, ink.shape[0])
    crop[top : top + ink.shape[0], left : left + ink.shape[1]] = ink


def thicken(ink: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Widen strokes that would be thinner than MIN_STROKE pixels after scaling by `scale`.

    A fine pen on a large sheet leaves strokes of half a pixel in the crop, which averaging turns into grey mist.
    """
    stroke = stroke_width(ink)
    grow = round((MIN_STROKE / scale - stroke) / 2) if stroke else 0
    if grow < 1:
        return ink
    return cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grow + 1, 2 * grow + 1)))


def stroke_width(ink: NDArray[np.uint8]) -> float:
    """Return how wide the strokes of ink (H, W) are, in pixels, 0 where there is none."""
    solid = cv2.threshold(ink, 127, 255, cv2.THRESH_BINARY)[1]
    count = cv2.countNonZero(solid)
    if count == 0:
        return 0.0
    # The mean distance to the edge is a quarter of the width.
    return 4 * (cv2.sumElems(cv2.distanceTransform(solid, cv2.DIST_L2, 3))[0] / count - 0.5)


def _place(offset: float, length: int) -> int:
    """Round the offset of the ink's first pixel, kept inside the crop."""
    return min(max(round(offset), 0), SIDE - length)
