"""Cut pictures of single digits out of a frame, and tell how a digit looks."""

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.outputs.sink import OutputError
from realtime.reading.ink import Box, Ink

# Paper kept around a digit, as a share of its longer side: enough to tell ink from paper again when the picture is read
# alone. Set by hand.
MARGIN = 0.35


def cut_digit(image: NDArray[np.uint8], ink: Ink, box: Box) -> NDArray[np.uint8]:
    """Cut a digit with a margin of paper out of image (H, W, 3), and paint over what neighbours reach into it."""
    (x, y, w, h), margin = box, round(MARGIN * max(box[2:]))
    top, left = max(0, y - margin), max(0, x - margin)
    picture = image[top : y + h + margin, left : x + w + margin].copy()
    if not picture.size:
        raise OutputError(f"cannot keep the digit at {box}: it lies outside the picture")
    mask = ink.over_frame()
    rows, columns = (
        np.minimum((np.arange(start, start + count) * ink.scale).astype(int), size - 1)
        for start, count, size in (
            (top, picture.shape[0], mask.shape[0]),
            (left, picture.shape[1], mask.shape[1]),
        )
    )
    foreign = (mask[np.ix_(rows, columns)] > 0).astype(np.uint8)
    foreign = cv2.dilate(foreign, np.ones((5, 5), np.uint8))
    foreign[max(0, y - top - 2) : y - top + h + 2, max(0, x - left - 2) : x - left + w + 2] = 0
    return cv2.inpaint(picture, foreign, 3, cv2.INPAINT_TELEA) if foreign.any() else picture


def normalize_look(image: NDArray[np.uint8], box: Box) -> NDArray[np.float32]:
    """Return the look of a digit, (20, 20), of mean 0 and length 1: its product with another is their correlation."""
    x, y, w, h = box
    patch = cv2.cvtColor(image[max(0, y) : y + h, max(0, x) : x + w], cv2.COLOR_BGR2GRAY)
    small = cv2.GaussianBlur(cv2.resize(patch, (20, 20), interpolation=cv2.INTER_AREA), (0, 0), 1).astype(np.float32)
    small -= small.mean()
    return small / max(float(np.linalg.norm(small)), 1e-6)
