"""Draw what the finder saw over the frame: the core of each digit, ink of digits, other ink, each in its colour."""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.finder import OUTPUT
from realtime.reading.looks import Look

# Colours, BGR, that the maps add to the darkened frame. Cores lie on ink: together they are white.
CORE, DIGIT, OTHER = (15, 95, 235), (240, 160, 20), (220, 50, 200)
AS_IT_IS = np.eye(2, 3)


def lay_over(
    image: NDArray[np.uint8], looks: Iterable[Look], motion: NDArray[np.float64] = AS_IT_IS
) -> NDArray[np.uint8]:
    """Return the maps of all looks over a darkened image (H, W, 3) BGR uint8, of the same shape.

    motion: (2, 3), takes x, y, 1 in the frame that was looked at to the place in the image, pixels.
    """
    size = image.shape[1], image.shape[0]
    seen = np.zeros_like(image)
    for look in looks:
        zoom = OUTPUT / look.scale
        middle = np.array([*look.origin, 1.0]) + [zoom / 2 - 0.5, zoom / 2 - 0.5, 0.0]  # of the first pixel of the maps
        way = np.column_stack([motion[:, :2] * zoom, motion @ middle])
        maps = np.ascontiguousarray(look.maps.transpose(1, 2, 0))
        seen = cv2.max(seen, cv2.warpAffine(maps, way, size, flags=cv2.INTER_LINEAR))
    colours = np.array([CORE, DIGIT, OTHER], np.float32).T / 255
    return cv2.add(image // 3, cv2.transform(seen, colours))
