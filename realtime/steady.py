"""Read frame after frame, and not again what stands still: a frame that shows no change gets the page read before.

Frames are compared where noise is averaged away and a stroke that comes, goes or moves is not; `pytest
tests/test_steady.py` holds what is told of a noisy, steady sheet against reading every frame of it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.both import Both
from realtime.classifier import Classifier
from realtime.reading import CONFIDENCE, Page, read

LOOK_SIDE = 160  # frames are compared in pictures halved as often as their longest side stays above this, pixels
DEEPEST, TIMES = 4.0, 6.0  # there a pixel changes by more than so many grey levels, and so many times the mean change
BRIGHTER = 2.0  # mean change, grey levels, from which on it is the light that has changed
AGREED = 5  # pages in a row that must tell the same before the last of them stands for the next frames
REPEATED = 20  # frames after which it is read anew, so that a page in doubt does not stand for long


class SteadyReader:
    """`reading.read` for the frames of one source: a frame that is the one before, but for noise, is not read again.

    A frame of the very same pixels always gets the same page. One that differs by noise is read like any other until
    AGREED pages in a row told the same; from then on every REPEATED-th is. `repeated` counts frames not read.
    """

    def __init__(self) -> None:
        self.repeated = 0
        self._asked: tuple[object, ...] = ()
        self._page: Page | None = None
        self._image = self._look = np.zeros((0, 0), np.uint8)
        self._agreed = self._since = 0

    def read(
        self,
        image: NDArray[np.uint8],
        classifier: Classifier | Both,
        confidence: float = CONFIDENCE,
        polarity: str = "auto",
    ) -> Page:
        """Read the numbers of the next frame, image (H, W, 3) BGR uint8, as `reading.read` does."""
        asked = image.shape, classifier, confidence, polarity
        look = _look_at(image)
        still = self._page is not None and asked == self._asked and _is_still(self._look, look)
        if still and (self._may_repeat() or cv2.norm(self._image, image, cv2.NORM_INF) == 0):
            self.repeated += 1
            self._since += 1
            return self._page
        page = read(image, classifier, confidence, polarity)
        self._agreed = self._agreed + 1 if self._page and _told(page) == _told(self._page) else 0
        self._asked, self._page, self._image, self._look, self._since = asked, page, image, look, 0
        return page

    def _may_repeat(self) -> bool:
        return self._agreed >= AGREED and self._since < REPEATED


def _look_at(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a small grey picture of a frame (H, W, 3)."""
    while max(image.shape[:2]) >= 2 * LOOK_SIDE:
        height, width = image.shape[0] // 2, image.shape[1] // 2
        image = cv2.resize(image[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


def _is_still(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> bool:
    """Tell whether two looks, (h, w), differ by noise alone."""
    change = cv2.absdiff(before, now)
    mean = cv2.mean(change)[0]
    return mean < BRIGHTER and float(change.max()) <= max(DEEPEST, TIMES * mean)


def _told(page: Page) -> list[tuple[str, int]]:
    """Return what a page says: the text and the row of each number."""
    return [(reading.text, reading.row) for reading in page.readings]
