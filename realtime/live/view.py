"""Say which part of a frame the window shows, how large, and where things of the frame stand in it."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.live.state import Controls
from realtime.reading.box import Box
from realtime.reading.page import Outline
from realtime.tracking.track import Track

# Widths, in pixels, between which frames are shown, as far as the height allows: with the panel beside it the widest is
# as wide as the window opens, so that no line is lost where that shows it. Set by hand.
MIN_WIDTH, MAX_WIDTH, MAX_HEIGHT = 720, 955, 800
MAX_ZOOM, ZOOM_STEP = 8.0, 1.25  # times by which the wheel enlarges, at most and a notch; set by hand


@dataclass(frozen=True)
class View:
    """How a frame `width` pixels wide is shown: from left, top on, enlarged by `scale`, mirrored or not.

    size: width and height of what is shown, pixels of the window.
    """

    width: int
    scale: float
    mirror: bool
    left: float
    top: float
    size: tuple[int, int]

    def box(self, box: Box) -> Box:
        """Return where a box of the frame is shown."""
        x, y, w, h = box
        left, top = round((x - self.left) * self.scale), round((y - self.top) * self.scale)
        wide, tall = max(1, round(w * self.scale)), max(1, round(h * self.scale))
        return (self.size[0] - left - wide if self.mirror else left), top, wide, tall

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return the place in the frame that is shown at x, y."""
        shown = self.size[0] - x if self.mirror else x
        return self.left + shown / self.scale, self.top + y / self.scale

    def outline(self, outline: Outline) -> Outline:
        """Return where the corners of a region are shown."""
        return tuple(self.box((x, y, 0, 0))[:2] for x, y in outline)

    def matrix(self, motion: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what takes x, y, 1 before a motion (2, 3) of the frame to the place where it is shown, (2, 3)."""
        x, y = motion
        shown = self.scale * np.stack([x - [0, 0, self.left], y - [0, 0, self.top]])
        return np.stack([[0, 0, self.size[0] - 1] - shown[0], shown[1]]) if self.mirror else shown

    def track(self, track: Track) -> Track:
        """Return a track with its digits where they are shown."""
        return replace(track, digits=tuple(replace(digit, box=self.box(digit.box)) for digit in track.digits))

    def shows(self, box: Box) -> bool:
        """Tell whether some of a box, where it is shown, lies within what is shown."""
        x, y, w, h = box
        return x < self.size[0] and y < self.size[1] and x + w > 0 and y + h > 0

    def picture(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return what is shown of an image of the frame's size, (H, W, 3) or (H, W)."""
        wide, tall = (round(side / self.scale) for side in self.size)
        left, top = round(self.left), round(self.top)
        part = image[top : top + tall, left : left + wide]
        if (part.shape[1], part.shape[0]) != self.size:
            part = cv2.resize(part, self.size, interpolation=cv2.INTER_AREA if self.scale < 1 else cv2.INTER_LINEAR)
        return cv2.flip(part, 1) if self.mirror else part.copy()


def view_of(image: NDArray[np.uint8], controls: Controls) -> View:
    """Return how an image (H, W, 3) is shown: all of it, or the part that wheel and drag have chosen."""
    height, width = image.shape[:2]
    fit = min(min(max(width, MIN_WIDTH), MAX_WIDTH) / width, MAX_HEIGHT / height)
    size = max(1, round(width * fit)), max(1, round(height * fit))
    part = 1 / controls.zoom
    left = min(max(controls.centre[0] - part / 2, 0.0), 1 - part) * width
    top = min(max(controls.centre[1] - part / 2, 0.0), 1 - part) * height
    return View(width, fit * controls.zoom, controls.mirror, left, top, size)


def zoom(controls: Controls, view: View, x: float, y: float, nearer: bool) -> None:
    """Enlarge or reduce what is shown by a notch of the wheel, so that the place at x, y stays where it is."""
    frame_x, frame_y = view.place(x, y)
    before = controls.zoom
    controls.zoom = min(max(before * (ZOOM_STEP if nearer else 1 / ZOOM_STEP), 1.0), MAX_ZOOM)
    share, height = before / controls.zoom, view.size[1] * before / view.scale
    middle = view.left + view.size[0] / view.scale / 2, view.top + view.size[1] / view.scale / 2
    moved = frame_x + (middle[0] - frame_x) * share, frame_y + (middle[1] - frame_y) * share
    controls.centre = moved[0] / view.width, moved[1] / height


def pan(controls: Controls, view: View, across: float, down: float) -> None:
    """Move what is shown along with the mouse, by so many pixels of the window."""
    height = view.size[1] * controls.zoom / view.scale
    half = 0.5 / controls.zoom
    x = controls.centre[0] + (across if view.mirror else -across) / view.scale / view.width
    y = controls.centre[1] - down / view.scale / height
    controls.centre = min(max(x, half), 1 - half), min(max(y, half), 1 - half)
