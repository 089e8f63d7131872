"""Tell whether a digit was wiped away or is only covered: is there bare paper where it stood?"""

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.box import Box

# Set by hand, on drawn sheets that are wiped and covered by a sleeve (tests/tracking/test_settling.py).
PAPER_CHANGE = 16  # grey levels by which paper may differ from what it was, in each colour, light as a whole taken out
INK_LEFT = 0.3  # share of a digit's ink that bare paper may still show: noise, and what the eraser left
PAPER_BESIDE = 0.3  # paper looked at around a digit, as a share of its height


def is_erased(
    old: NDArray[np.uint8], before: Box, new: NDArray[np.uint8], now: Box, reference: tuple[Box, Box]
) -> bool:
    """Tell whether a digit of picture `old` left bare paper in picture `new`, both (H, W, 3) BGR.

    before, now: where it stood, and where that place is now. reference: where another digit stood and stands, which is
    still in sight: by it is known how the light changed.
    """
    then, after = _measure(old, before), _measure(new, now)
    lit, relit = _measure(old, reference[0]), _measure(new, reference[1])
    if then is None or after is None or lit is None or relit is None:
        return False
    change = np.abs((after[0] - then[0]) - (relit[0] - lit[0])).max()
    return bool(change <= PAPER_CHANGE and after[1] <= INK_LEFT * then[1])


def _measure(image: NDArray[np.uint8], box: Box) -> tuple[NDArray[np.float64], float] | None:
    """Return the paper's colour (3,) at a box and its mean ink, grey levels; None outside the picture."""
    x, y, w, h = box
    beside = max(2, round(PAPER_BESIDE * h))
    patch = image[max(0, y - beside) : max(0, y + h + beside), max(0, x - beside) : max(0, x + w + beside)]
    inner = image[max(0, y) : max(0, y + h), max(0, x) : max(0, x + w)]
    if not inner.size or inner.shape[0] < h // 2 or inner.shape[1] < w // 2:
        return None
    paper = np.median(patch.reshape(-1, 3), axis=0)
    # The mean, not the peak: a blurred digit keeps it. A little blur takes the noise out.
    return paper, float(np.abs(cv2.blur(inner, (3, 3)) - paper).mean(axis=(0, 1)).max())
