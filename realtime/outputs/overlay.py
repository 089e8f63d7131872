"""Draw readings over a picture, legible on any background and at any size."""

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.box import Box
from realtime.tracking.track import Track

# Colours, BGR, of numbers that have settled, drawn as whole boxes, and of those that are only seen, drawn as corners.
SETTLED, SEEN = (60, 220, 60), (0, 190, 255)
# Colours, BGR, of plates and of the text on them.
DARK, WHITE = (20, 20, 20), (255, 255, 255)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw(image: NDArray[np.uint8], tracks: list[Track]) -> NDArray[np.uint8]:
    """Return a copy of image (H, W, 3) BGR with a box per digit and each number as text on a plate of its own.

    A plate stands where it hides least: above its number, else below, left or right of it.
    """
    canvas = image.copy()
    thickness = max(1, round(max(image.shape[:2]) / 640))
    boxes = [digit.box for track in tracks for digit in track.digits]
    taken = np.zeros((len(boxes) + len(tracks), 4))  # by digits, then by the plates drawn so far
    taken[: len(boxes)] = np.array(boxes).reshape(-1, 4)
    for track in tracks:
        settled = track.state == "settled"
        for digit in track.digits:
            draw_box(canvas, digit.box, SETTLED if settled else SEEN, thickness, settled and digit.text != "?")
    for number, track in enumerate(tracks):
        tall = float(np.median([digit.box[3] for digit in track.digits]))
        plate = Plate(track.text, int(np.clip(0.45 * tall, 12, max(12, image.shape[0] / 18))))
        places = plate.places(track.box, 3 * thickness, image.shape[:2])
        left, top = places[int(_covered(places, (plate.width, plate.height), taken).argmin())]
        plate.draw(canvas, left, top, WHITE if track.state == "settled" else SEEN)
        taken[len(boxes) + number] = left, top, plate.width, plate.height
    return canvas


class Plate:
    """Text, `tall` pixels high, on a dark plate of `width` and `height` pixels."""

    def __init__(self, text: str, tall: int) -> None:
        self.text, self._scale, self._pad = text, tall / 22, max(2, tall // 5)
        self._thickness = max(1, round(self._scale * 1.6))
        (width, self._tall), self._base = cv2.getTextSize(text, FONT, self._scale, self._thickness)
        self.width, self.height = width + 2 * self._pad, self._tall + self._base + 2 * self._pad

    def places(self, box: Box, gap: int, size: tuple[int, int]) -> list[tuple[int, int]]:
        """Return left and top of the plate above, below, left and right of a box, inside a picture of `size` (H, W)."""
        x, y, w, h = box
        middle = y + (h - self.height) // 2
        beside = ((x, y - gap - self.height), (x, y + h + gap), (x - gap - self.width, middle), (x + w + gap, middle))
        right, bottom = max(0, size[1] - self.width), max(0, size[0] - self.height)
        return [(min(max(0, left), right), min(max(0, top), bottom)) for left, top in beside]

    def draw(self, canvas: NDArray[np.uint8], left: int, top: int, colour: tuple[int, int, int]) -> None:
        """Draw the plate with its upper left corner at left, top."""
        cv2.rectangle(canvas, (left, top), (left + self.width - 1, top + self.height - 1), DARK, cv2.FILLED)
        origin = left + self._pad, top + self._pad + self._tall
        cv2.putText(canvas, self.text, origin, FONT, self._scale, colour, self._thickness, cv2.LINE_AA)


def _covered(places: list[tuple[int, int]], size: tuple[int, int], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each of P places how much of boxes (N, 4) a plate of `size` (w, h) would cover there, (P,) pixels."""
    start, stop = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    corners = np.array(places)[:, None]
    shared = np.minimum(corners + size, stop) - np.maximum(corners, start)
    return np.maximum(shared, 0).prod(axis=2).sum(axis=1)


def draw_box(
    canvas: NDArray[np.uint8],
    box: Box,
    colour: tuple[int, int, int],
    thickness: int,
    whole: bool = True,
) -> None:
    """Draw a box x, y, w, h around its pixels: whole, or its four corners alone."""
    x, y, w, h = box
    off = (thickness + 2) // 2 + 2  # half of the widest line, which OpenCV makes a pixel wider, clears the box
    left, top, right, bottom = x - off, y - off, x + w - 1 + off, y + h - 1 + off
    arm = max(3, min(w, h) // 4)
    for shade, extra in ((DARK, 2), (colour, 0)):
        if whole:
            cv2.rectangle(canvas, (left, top), (right, bottom), shade, thickness + extra)
            continue
        for cx, cy, sx, sy in ((left, top, 1, 1), (right, top, -1, 1), (left, bottom, 1, -1), (right, bottom, -1, -1)):
            cv2.line(canvas, (cx, cy), (cx + sx * arm, cy), shade, thickness + extra)
            cv2.line(canvas, (cx, cy), (cx, cy + sy * arm), shade, thickness + extra)
