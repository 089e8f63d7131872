"""Tell where a picture is free of ink, coarsely and fast, so that labels can stand there."""

import cv2
import numpy as np
from numpy.typing import NDArray

# All set by hand.
MAP_WIDTH, DIGIT_CELLS = 480, 24  # a map has no more cells than so many a row, but where a digit has fewer in height
INK_SHARE = 0.25  # of the contrast of the digits, above which a cell holds ink; most ruled paper lies below
FAINT = 20.0  # per cent of the digits that may be fainter than what is taken for their contrast
INK_CONTRAST = 8.0  # grey levels that ink has at least
PAPER = 1 / 10  # width, as a share of the picture's, over which the paper around a cell is averaged


class FreePaper:
    """Where image (H, W, 3) BGR holds no ink, as far as the contrast of its digits, boxes (N, 4) x, y, w, h, tells."""

    def __init__(self, image: NDArray[np.uint8], boxes: NDArray[np.int64]) -> None:
        small, self._cell = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), 1
        tall = float(np.median(boxes[:, 3]))
        # Halving is what OpenCV is fast at.
        while small.shape[1] > MAP_WIDTH and tall > DIGIT_CELLS * self._cell and min(small.shape) > 1:
            small = cv2.resize(small, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            self._cell *= 2
        width = max(3, round(small.shape[1] * PAPER))
        contrast = cv2.absdiff(small, cv2.blur(small, (width, width)))
        start, stop = boxes[:, :2] // self._cell, (boxes[:, :2] + boxes[:, 2:]) // self._cell + 1
        cells = np.maximum(np.concatenate([start, stop], axis=1), 0).tolist()
        pens = [contrast[y0:y1, x0:x1].max(initial=0) for x0, y0, x1, y1 in cells]
        pen = float(np.percentile(pens, FAINT))
        ink = contrast > max(INK_CONTRAST, INK_SHARE * pen)
        self._sums = cv2.integral(ink.astype(np.uint8))

    def is_free(self, places: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell whether each of N plates of sizes (N, 2) covers no ink at its K places (N, K, 2), left and top."""
        limit = np.array(self._sums.shape[::-1]) - 1
        low = np.clip(places // self._cell, 0, limit)
        high = np.clip(-(-(places + sizes[:, None]) // self._cell), 0, limit)
        (x0, y0), (x1, y1) = np.moveaxis(low, 2, 0), np.moveaxis(high, 2, 0)
        sums = self._sums
        return sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0] == 0
