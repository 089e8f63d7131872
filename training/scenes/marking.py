"""Lay ink and lines on a canvas of a strip: strokes by a pen, scanned and printed glyphs, ruling, borders of cells."""

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.scenes.inking import Piece, Points

Canvas = NDArray[np.uint8]
_CRISP = np.clip((np.arange(256) - 60) * 1.9, 0, 255).astype(np.uint8)  # enlarged glyphs are as sharp as drawn ones


def draw_lines(canvas: Canvas, scale: float, shift: Points, gaps: list[float], length: float, rng: Generator) -> None:
    """Draw ruled lines, underlines, borders of cells, and lines across, fainter or as strong as ink."""
    rows, columns = canvas.shape
    if rng.random() < 0.3:
        tilt = float(rng.normal(0, 0.02)) * columns
        middle = float(rng.choice([1.05, 1.12, 1.2, 0.5, 0.97, -0.12, 1.0])) + float(rng.normal(0, 0.06))
        grey, width = int(rng.uniform(50, 255)), int(rng.integers(1, 5))
        for k in range(2 if rng.random() < 0.3 else 1):
            y = middle * scale + float(shift[1]) + k * float(rng.uniform(0.2, 1.3)) * scale
            cv2.line(canvas, (0, round(y - tilt)), (columns, round(y + tilt)), grey, width, cv2.LINE_AA)
    places = [g * scale + float(shift[0]) for g in gaps] if rng.random() < 0.4 else []
    if rng.random() < 0.12:
        places += [float(shift[0]) - float(rng.uniform(0.15, 0.5)) * scale for _ in range(rng.random() < 0.7)]
        places += [
            float(shift[0]) + (length + float(rng.uniform(0.15, 0.5))) * scale for _ in range(rng.random() < 0.7)
        ]
    grey, width, lean = int(rng.uniform(60, 255)), int(rng.integers(1, 6)), float(rng.normal(0, 2.5))
    for x in places:
        cv2.line(canvas, (round(x - lean), -4), (round(x + lean), rows + 4), grey, width, cv2.LINE_AA)
    if rng.random() < 0.03:  # a crease or an arc across
        ends = rng.uniform(-0.2, 1.2, (2, 2)) * (columns, rows)
        (a, b), (c, d) = np.round(ends).astype(int).tolist()
        cv2.line(canvas, (a, b), (c, d), int(rng.uniform(60, 200)), 1, cv2.LINE_AA)


def draw_strokes(
    canvas: Canvas, strokes: list[Points], scale: float, shift: Points, width: float, rng: Generator
) -> None:
    """Draw strokes with one pen, in a third of the lines by a hand that presses now more, now less."""
    thick = max(1, round(width * scale))
    lines = [np.round((s * scale + shift) * 8).astype(np.int32) for s in strokes]
    if rng.random() < 0.65 or thick < 2:
        cv2.polylines(canvas, lines, False, 255, thick, cv2.LINE_AA, 3)
        return
    step, most = int(rng.integers(5, 16)), max(1, round(thick * 0.3))
    for line in lines:
        for start in range(0, max(len(line) - 1, 1), step):
            part = [line[start : start + step + 1]]
            cv2.polylines(canvas, part, False, 255, max(1, thick + int(rng.integers(-most, most + 1))), cv2.LINE_AA, 3)


def draw_glyph(canvas: Canvas, piece: Piece, scale: float, shift: Points, slant: float) -> None:
    """Draw a scanned or printed glyph, leaning as the line does."""
    assert piece.picture is not None  # noqa: S101
    x, y, w, h = piece.box
    a, b = w / piece.picture.shape[1], h / piece.picture.shape[0]
    matrix = np.array([[a, -slant * b, x + slant * (0.5 - y)], [0, b, y]]) * scale
    matrix[:, 2] += shift
    left = int(max(0, np.floor(min(matrix[0, 2], matrix[0, 2] + matrix[0, 1] * piece.picture.shape[0])) - 2))
    right = int(np.ceil(max(matrix[0, 2], matrix[0, 2] + matrix[0, 1] * piece.picture.shape[0]) + w * scale) + 2)
    right = min(right, canvas.shape[1])
    if right <= left:
        return
    matrix[0, 2] -= left
    ink = cv2.warpAffine(piece.picture, matrix, (right - left, canvas.shape[0]), flags=cv2.INTER_LINEAR)
    part = canvas[:, left:right]
    np.maximum(part, cv2.LUT(ink, _CRISP), out=part)
