"""Straighten a picture whose lines of writing run aslant: its digits are read better upright."""

import numpy as np
from numpy.typing import NDArray

from realtime.reading import parts
from realtime.reading.found import Found
from realtime.reading.parts import Part
from realtime.reading.rows import slope

# Degrees from which on lines are aslant. Of the numbers on 40 drawn pages whose lines are level 58 % are exact; of
# those that lie aslant by 15, 25 and 40 degrees 52, 45 and 29 % as they lie, 56, 60 and 54 % straightened
# (`python -m training.score_pages --pages 40 --seed 801 --aslant 25`).
ASLANT = 6.0
FEWEST = 3  # digits; of fewer nobody can tell how their line runs
LIKELY = 0.5  # probability of a digit, from which on it tells of its line


def straighten(image: NDArray[np.uint8], found: Found) -> Part | None:
    """Return a picture (H, W, 3) turned until the lines of the digits found in it are level; None where they are."""
    boxes = found.boxes[found.sure >= LIKELY]
    if len(boxes) < FEWEST:
        return None
    angle = slope(boxes)
    if abs(np.degrees(angle)) < ASLANT:
        return None
    height, width = image.shape[:2]
    ahead = np.array([np.cos(angle), np.sin(angle)])
    axes = np.stack([ahead, [-ahead[1], ahead[0]]])
    along, across = (parts.corners_of((0, 0, width, height)) @ axes.T).T
    (left, right), (top, foot) = ((side.min(), side.max()) for side in (along, across))
    corners = np.array([(left, top), (right, top), (right, foot), (left, foot)])
    return parts.cut(image, corners @ axes)
