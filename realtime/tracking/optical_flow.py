"""Tell what became of a frame since it was read: nothing, or its writing moved as a whole, or something else.

In a small grey picture, where noise is averaged away: digits are followed by optical flow (Lucas & Kanade 1981, in
pyramids after Bouguet 2001), one motion is fitted to all of them, and each must look there as it did before.
"""

from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.tracking.matching import STILL, Motion, fit, move

SIDE = 500  # the small grey picture is the frame halved as often as its longest side stays above this, pixels
LOOK_SIDE = 160  # frames are compared in pictures halved as often as their longest side stays above this, pixels
# Somewhere a pixel changes by more than so many grey levels, and so many times the mean change: of the 14,000 to 32,000
# pixels compared of a steady sheet, compressed, the one that changes most does so by 5 to 8 times the mean.
DEEPEST, TIMES = 4.0, 9.0
BRIGHTER = 2.0  # mean change, grey levels, from which on it is the light that has changed
WINDOW, LEVELS = (15, 15), 2  # of the optical flow: pixels, and pictures of half the size above the first
MOST_POINTS = 60  # digits followed; of more, so many spread over all of them
PATCH = 16  # side of the picture of a digit that is compared, pixels
ROOM = 1.2  # that picture is so many times as high and wide as the digit
ALIKE = 0.85  # correlation below which a digit is no longer the one that it was
STRAY = 0.25  # a followed point may lie so far from where the common motion takes it, in heights of its digit


class Thumbnail:
    """What is kept of a frame, image (H, W, 3) BGR, to compare others with."""

    def __init__(self, image: NDArray[np.uint8]) -> None:
        self.shrink = 1
        while max(image.shape[:2]) >= 2 * SIDE:
            image, self.shrink = halve(image), 2 * self.shrink
        self.grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)

    @cached_property
    def look(self) -> NDArray[np.uint8]:
        """The frame at its smallest, (h, w)."""
        look = self.grey
        while max(look.shape) >= 2 * LOOK_SIDE:
            look = halve(look)
        return look

    def is_still(self, now: "Thumbnail") -> bool:
        """Tell whether a later frame of the same size differs by noise alone."""
        change = cv2.absdiff(self.look, now.look)
        mean = cv2.mean(change)[0]
        return mean < BRIGHTER and float(change.max()) <= max(DEEPEST, TIMES * mean)


def halve(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture (H, W) or (H, W, 3) at half its size; by other factors the mean takes many times as long."""
    height, width = max(1, image.shape[0] // 2), max(1, image.shape[1] // 2)
    return cv2.resize(image[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)


class DigitFlow:
    """The D digits of a frame that was read, boxes (D, 4) x, y, w, h in frame pixels, followed through later frames."""

    def __init__(self, sight: Thumbnail, boxes: NDArray[np.int32]) -> None:
        self.motion = STILL  # from the frame that was read to the last one followed, frame pixels
        self._first = self._last = sight
        self._boxes = boxes = boxes / sight.shrink
        centres = boxes[:, :2] + boxes[:, 2:] / 2
        chosen = np.unique(np.linspace(0, len(boxes) - 1, min(len(boxes), MOST_POINTS)).round().astype(int))
        self._before = self._points = centres[chosen].astype(np.float32)
        self._heights = boxes[chosen, 3]
        steps = (np.arange(PATCH) + 0.5) / PATCH - 0.5
        grid = np.stack(np.meshgrid(steps, steps), axis=-1)  # (PATCH, PATCH, 2): x, y
        self._places = centres[:, None, None] + ROOM * boxes[:, None, None, 2:] * grid
        self._patches = self._cut(sight, STILL) if len(boxes) else np.empty((0, PATCH**2), np.float32)

    def follow(self, now: Thumbnail) -> bool:
        """Find the digits in the next frame, of the same size; tell whether all are there, and then `motion` is new."""
        if not len(self._points):
            return True
        points, found, _ = cv2.calcOpticalFlowPyrLK(
            self._last.grey, now.grey, self._points[:, None], None, winSize=WINDOW, maxLevel=LEVELS
        )
        points = points[:, 0]
        seen = found[:, 0] > 0
        if not seen.any():
            return False
        motion = fit(self._before[seen].astype(np.float64), points[seen].astype(np.float64))
        expected = self._before @ motion[:, :2].T + motion[:, 2]
        astray = np.abs(points - expected).max(axis=1) > STRAY * self._heights
        if np.count_nonzero(astray | ~seen) > 0.2 * len(points):
            return False
        boxes = move(self._boxes, motion)
        edge = np.array(now.grey.shape[::-1]) + 0.49 / now.shrink
        if (boxes[:, :2] < -0.49 / now.shrink).any() or (boxes[:, :2] + boxes[:, 2:] > edge).any():
            return False  # it leaves the frame
        patches = self._cut(now, motion)
        if (np.einsum("dp,dp->d", self._patches, patches) < ALIKE).any():
            return False
        self._last, self._points = now, expected.astype(np.float32)
        self.motion = motion * (1, 1, now.shrink)
        return True

    def back(self) -> None:
        """Take note that the digits are where they were when they were read."""
        self._last, self._points, self.motion = self._first, self._before, STILL

    def _cut(self, sight: Thumbnail, motion: Motion) -> NDArray[np.float32]:
        """Return each digit as it looks where a motion takes it, (D, pixels), of mean 0 and length 1."""
        places = (self._places @ motion[:, :2].T + motion[:, 2]).astype(np.float32).reshape(-1, PATCH**2, 2)
        cut = cv2.remap(sight.grey, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        patches = cut.astype(np.float32)
        patches -= patches.mean(axis=1, keepdims=True)
        return patches / np.maximum(np.linalg.norm(patches, axis=1, keepdims=True), 1)
