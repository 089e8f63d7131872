"""Cut pictures of single digits out of a frame."""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.outputs.sink import OutputError
from realtime.reading.box import Box

# Paper kept around a digit, as a share of its longer side: enough to tell ink from paper again when the picture is read
# alone. Set by hand.
MARGIN = 0.35
ROOM = 0.06  # of the longer side of a box, by which ink may stand out of it: maps are coarser than pictures; by hand


def cut_digit(image: NDArray[np.uint8], box: Box, others: Iterable[Box]) -> NDArray[np.uint8]:
    """Cut a digit with a margin of paper out of image (H, W, 3), and paint over what lies in the boxes of others."""
    (x, y, w, h), margin = box, round(MARGIN * max(box[2:]))
    top, left = max(0, y - margin), max(0, x - margin)
    picture = image[top : y + h + margin, left : x + w + margin].copy()
    if not picture.size:
        raise OutputError(f"cannot keep the digit at {box}: it lies outside the picture")
    foreign = np.zeros(picture.shape[:2], np.uint8)
    for place in others:
        foreign[_around(place, left, top)] = 1
    foreign[_around(box, left, top)] = 0
    return cv2.inpaint(picture, foreign, 3, cv2.INPAINT_TELEA) if foreign.any() else picture


def _around(box: Box, left: int, top: int) -> tuple[slice, slice]:
    """Return the rows and columns of a box with some room around it, in a picture that begins at left, top."""
    x, y, w, h = box
    room = 2 + round(ROOM * max(w, h))
    rows, columns = ((y - top - room, y - top + h + room), (x - left - room, x - left + w + room))
    return slice(max(0, rows[0]), max(0, rows[1])), slice(max(0, columns[0]), max(0, columns[1]))
