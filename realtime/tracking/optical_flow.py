"""Tell what became of a frame since it was read: nothing, or its writing moved as a whole, or something else.

In a small grey picture, where noise is averaged away: digits are followed by optical flow (Lucas & Kanade 1981, in
pyramids after Bouguet 2001), one motion is fitted to all of them, and each must look there as it did before.
"""

from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.tracking.motion import NO_MOTION, Motion, fit_motion

# Sizes of pictures, in which the longest side is halved as often as it stays above so many pixels; as small as followed
# digits of a full sheet allowed (FOLLOWED_SIDE), and the noise of a steady camera (COMPARED_SIDE).
FOLLOWED_SIDE = 500  # of the picture in which digits are followed
COMPARED_SIDE = 160  # of the picture by which two frames are compared
# A frame has changed where a pixel of that picture changes by more than MIN_CHANGE grey levels and NOISE_PEAK times the
# mean change: of the 14,000 to 32,000 pixels compared of a steady sheet, compressed, the one that changes most does so
# by 5 to 8 times the mean.
MIN_CHANGE, NOISE_PEAK = 4.0, 9.0
LIGHT_CHANGE = 2.0  # mean change, grey levels, from which on it is the light that has changed; set by hand
FLOW_WINDOW, FLOW_LEVELS = (15, 15), 2  # of the optical flow: pixels, and pictures of half the size above the first
# The rest was set by hand, on sheets that move, are wiped, and are written over (tests/tracking/test_frame_reader.py).
MAX_POINTS = 60  # digits followed; of more, so many spread over all of them
PATCH = 16  # side of the picture of a digit that is compared, pixels
PATCH_SPAN = 1.2  # that picture is so many times as high and wide as the digit
MIN_CORRELATION = 0.85  # below it a digit is no longer the one that it was
MAX_POINT_STRAY = 0.25  # a followed point may lie so far from where the common motion takes it, heights of its digit
MAX_LOST = 0.2  # share of the points that may be lost or astray


class Thumbnail:
    """A frame, image (H, W, 3) BGR, as a small grey picture to compare others with."""

    def __init__(self, image: NDArray[np.uint8]) -> None:
        self.shrink = 1
        while max(image.shape[:2]) >= 2 * FOLLOWED_SIDE:
            image, self.shrink = halve(image), 2 * self.shrink
        self.grey: NDArray[np.uint8] = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)

    @cached_property
    def compared(self) -> NDArray[np.uint8]:
        """The frame at its smallest, (h, w)."""
        compared = self.grey
        while max(compared.shape) >= 2 * COMPARED_SIDE:
            compared = halve(compared)
        return compared

    def is_still(self, later: "Thumbnail") -> bool:
        """Tell whether a later frame of the same size differs by noise alone."""
        change = cv2.absdiff(self.compared, later.compared)
        mean = cv2.mean(change)[0]
        return mean < LIGHT_CHANGE and float(change.max()) <= max(MIN_CHANGE, NOISE_PEAK * mean)


def halve(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture (H, W) or (H, W, 3) at half its size; by other factors the mean takes many times as long."""
    height, width = max(1, image.shape[0] // 2), max(1, image.shape[1] // 2)
    return cv2.resize(image[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)


class DigitFlow:
    """The D digits of a frame that was read, boxes (D, 4) x, y, w, h in frame pixels, followed through later frames.

    motion: from the frame that was read to the last one followed, frame pixels.
    """

    def __init__(self, thumbnail: Thumbnail, boxes: NDArray[np.int32]) -> None:
        self.motion = NO_MOTION
        self._first = self._last = thumbnail
        self._boxes = boxes / thumbnail.shrink
        centres = self._boxes[:, :2] + self._boxes[:, 2:] / 2
        chosen = np.unique(np.linspace(0, len(boxes) - 1, min(len(boxes), MAX_POINTS)).round().astype(int))
        self._first_points = self._points = centres[chosen].astype(np.float32)
        self._heights = self._boxes[chosen, 3]
        steps = (np.arange(PATCH) + 0.5) / PATCH - 0.5
        grid = np.stack(np.meshgrid(steps, steps), axis=-1)  # (PATCH, PATCH, 2): x, y
        self._places = centres[:, None, None] + PATCH_SPAN * self._boxes[:, None, None, 2:] * grid
        self._patches = self._cut(thumbnail, NO_MOTION) if len(boxes) else np.empty((0, PATCH**2), np.float32)

    def follow(self, thumbnail: Thumbnail) -> bool:
        """Find the digits in the next frame, of the same size; tell whether all are there, and then `motion` is new."""
        if not len(self._points):
            return True
        points, found, _ = cv2.calcOpticalFlowPyrLK(
            self._last.grey, thumbnail.grey, self._points[:, None], None, winSize=FLOW_WINDOW, maxLevel=FLOW_LEVELS
        )
        points = points[:, 0]
        seen = found[:, 0] > 0
        if not seen.any():
            return False
        motion = fit_motion(self._first_points[seen].astype(np.float64), points[seen].astype(np.float64))
        expected = motion.apply(self._first_points)
        astray = np.abs(points - expected).max(axis=1) > MAX_POINT_STRAY * self._heights
        if np.count_nonzero(astray | ~seen) > MAX_LOST * len(points):
            return False
        boxes = motion.move(self._boxes)
        edge = np.array(thumbnail.grey.shape[::-1]) + 0.49 / thumbnail.shrink
        if (boxes[:, :2] < -0.49 / thumbnail.shrink).any() or (boxes[:, :2] + boxes[:, 2:] > edge).any():
            return False  # it leaves the frame
        patches = self._cut(thumbnail, motion)
        if (np.einsum("dp,dp->d", self._patches, patches) < MIN_CORRELATION).any():
            return False
        self._last, self._points = thumbnail, expected.astype(np.float32)
        self.motion = motion.enlarge(thumbnail.shrink)
        return True

    def reset(self) -> None:
        """Take note that the digits are where they were when they were read."""
        self._last, self._points, self.motion = self._first, self._first_points, NO_MOTION

    def _cut(self, thumbnail: Thumbnail, motion: Motion) -> NDArray[np.float32]:
        """Return each digit as it looks where a motion takes it, (D, pixels), of mean 0 and length 1."""
        places = motion.apply(self._places).astype(np.float32).reshape(-1, PATCH**2, 2)
        cut = cv2.remap(thumbnail.grey, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        patches = cut.astype(np.float32)
        patches -= patches.mean(axis=1, keepdims=True)
        return patches / np.maximum(np.linalg.norm(patches, axis=1, keepdims=True), 1)
