"""Draw readings over a picture, legible on any background and at any size."""

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.tracker import Track

SETTLED, SEEN = (60, 220, 60), (0, 190, 255)  # BGR; settled is a whole box, seen only its corners
DARK, WHITE = (20, 20, 20), (255, 255, 255)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw(image: NDArray[np.uint8], tracks: list[Track]) -> NDArray[np.uint8]:
    """Return a copy of image (H, W, 3) BGR with a box per digit and each number as text on a plate of its own."""
    canvas = image.copy()
    thickness = max(1, round(max(image.shape[:2]) / 640))
    for track in tracks:
        colour = SETTLED if track.state == "settled" else SEEN
        for digit in track.digits:
            frame_box(canvas, digit.box, colour, thickness, whole=track.state == "settled" and digit.text != "?")
    for track in tracks:
        _label(canvas, track, thickness)
    return canvas


def frame_box(
    canvas: NDArray[np.uint8],
    box: tuple[int, int, int, int],
    colour: tuple[int, int, int],
    thickness: int,
    whole: bool = True,
) -> None:
    """Draw a box x, y, w, h around its pixels: whole, or its four corners alone."""
    x, y, w, h = box
    left, top, right, bottom = x - thickness, y - thickness, x + w - 1 + thickness, y + h - 1 + thickness
    arm = max(3, min(w, h) // 4)
    for shade, extra in ((DARK, 2), (colour, 0)):
        if whole:
            cv2.rectangle(canvas, (left, top), (right, bottom), shade, thickness + extra)
            continue
        for cx, cy, sx, sy in ((left, top, 1, 1), (right, top, -1, 1), (left, bottom, 1, -1), (right, bottom, -1, -1)):
            cv2.line(canvas, (cx, cy), (cx + sx * arm, cy), shade, thickness + extra)
            cv2.line(canvas, (cx, cy), (cx, cy + sy * arm), shade, thickness + extra)


def plate(
    canvas: NDArray[np.uint8], text: str, left: int, bottom: int, height: int, colour: tuple[int, int, int]
) -> None:
    """Write text `height` pixels high on a dark plate that stays inside the picture."""
    scale = height / 22
    thickness = max(1, round(scale * 1.6))
    (width, tall), base = cv2.getTextSize(text, FONT, scale, thickness)
    pad = max(2, height // 5)
    left = min(max(pad, left), max(pad, canvas.shape[1] - width - pad))
    bottom = min(max(tall + pad, bottom), canvas.shape[0] - base - pad)
    cv2.rectangle(canvas, (left - pad, bottom - tall - pad), (left + width + pad, bottom + base), DARK, cv2.FILLED)
    cv2.putText(canvas, text, (left, bottom), FONT, scale, colour, thickness, cv2.LINE_AA)


def _label(canvas: NDArray[np.uint8], track: Track, thickness: int) -> None:
    """Write a number above its digits, or below them where there is no room above."""
    x, y, _, h = track.box
    height = int(np.clip(0.55 * np.median([digit.box[3] for digit in track.digits]), 12, canvas.shape[0] / 16))
    gap = 3 * thickness + height // 3
    bottom = y - gap if y - gap - height > 0 else y + h + gap + height
    plate(canvas, track.text, x, bottom, height, WHITE if track.state == "settled" else SEEN)
