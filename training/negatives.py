"""Draw what is no digit: dots, signs, letters, scribbles, line pieces, paper, and digits in twos and in halves.

Left out, because nobody can tell them from a digit alone in its crop: a slash, a bar, a roof and a lower-case l (1), a
ring and an o (0), z (2), s (5), b (6), g and q (9), y and H (4), >, T and the upper right corner of a frame (7), and
the half of a digit that is another digit.
"""

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading import crops
from training.strokes import SIDE, Patch, blank, pen_width, smooth, stroke, tight

LETTERS = "ACEFKMNPRUVWXYaefhkmnprtuvwx#%&@?+*=<"
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX)
# Halves that are no other digit, nor a bar: (digit, the half that is kept).
HALVES = tuple(zip((0, 0, 2, 3, 4, 7), ("top", "bottom", "bottom", "left", "left", "left"), strict=True))


def draw(count: int, digits: NDArray[np.uint8], labels: NDArray[np.int64], rng: np.random.Generator) -> Patch:
    """Return `count` crops of non-digits, (count, 1, 28, 28) uint8, laid out by `realtime.reading.crops`.

    digits: crops (N, 1, 28, 28) uint8 with labels (N,), to make twos and halves of.
    """
    kinds: list[tuple[float, Callable[[], Patch]]] = [
        (0.06, lambda: _dot(rng)),
        (0.10, lambda: _line(rng)),
        (0.12, lambda: _sign(rng)),
        (0.06, lambda: _bracket(rng)),
        (0.13, lambda: _letter(rng)),
        (0.13, lambda: _scribble(rng)),
        (0.08, lambda: _polyline(rng)),
        (0.07, lambda: _grid(rng)),
        (0.08, lambda: _texture(rng)),
        (0.11, lambda: _several(digits, rng)),
        (0.05, lambda: _half(digits, labels, rng)),
        (0.01, blank),
    ]
    shares = np.array([share for share, _ in kinds])
    choices = rng.choice(len(kinds), count, p=shares / shares.sum())
    return crops.stack([kinds[choice][1]() for choice in choices])


def _dot(rng: np.random.Generator) -> Patch:
    """Draw a full spot, more or less round."""
    patch = blank()
    angles = np.sort(rng.uniform(0, 2 * math.pi, 12))
    radius = rng.uniform(12, 28) * (1 + rng.uniform(0, 0.25) * rng.normal(size=12))
    x, y = 32 + radius * np.cos(angles) * rng.uniform(0.6, 1), 32 + radius * np.sin(angles) * rng.uniform(0.7, 1)
    cv2.fillPoly(patch, [np.round(np.stack([x, y], 1) * 8).astype(np.int32)], 255, cv2.LINE_AA, 3)
    return patch


def _line(rng: np.random.Generator) -> Patch:
    """Draw one lying line, straight or wavy, or two or three of them."""
    patch = blank()
    lines = rng.choice([1, 1, 2, 3])
    for i in range(lines):
        y = 32 + (i - (lines - 1) / 2) * rng.uniform(11, 20)
        x = np.linspace(rng.uniform(2, 12), rng.uniform(50, 62), 6)
        wave = rng.normal(0, rng.uniform(0, 3), 6) + (x - 32) * rng.normal(0, 0.12)
        stroke(patch, smooth(np.stack([x, y + wave], 1)), pen_width(rng))
    return patch


def _sign(rng: np.random.Generator) -> Patch:
    """Draw a plus, cross, star, colon, arrow, tick, tilde, triangle or V."""
    patch, pen = blank(), pen_width(rng)
    kind = rng.integers(0, 9)
    shapes: dict[int, list[list[tuple[float, float]]]] = {
        4: [[(6, 32), (58, 32)], [(42, 18), (58, 32), (42, 46)]],
        5: [[(10, 36), (26, 54), (56, 10)]],
        6: [[(4, 38), (16, 24), (32, 34), (46, 42), (60, 28)]],
        7: [[(32, 8), (58, 54), (6, 54), (32, 8)]],
        8: [[(10, 10), (32, 54), (54, 10)]],
    }
    if kind <= 2:  # plus, cross and star, the commonest
        count = 3 if kind == 2 else 2
        start = rng.normal(0, 0.12) + (0 if kind != 1 else math.pi / 4)
        for i in range(count):
            angle, length = start + i * math.pi / count, rng.uniform(18, 28)
            way = np.array([math.cos(angle), math.sin(angle)]) * length
            stroke(patch, np.stack([32 - way, 32 + way]) + rng.normal(0, 2.5, (2, 2)), pen)
    elif kind == 3:
        for y in (16, 46):
            cv2.circle(patch, (int(32 + rng.normal(0, 3)), y), int(rng.integers(4, 9)), 255, -1, cv2.LINE_AA)
    else:
        for points in shapes[int(kind)]:
            stroke(patch, np.array(points) + rng.normal(0, 2.5, (len(points), 2)), pen)
    return patch


def _bracket(rng: np.random.Generator) -> Patch:
    """Draw a bracket, round ones bent so far that they are no 1."""
    patch, pen = blank(), pen_width(rng)
    depth, kind = rng.uniform(18, 27), rng.integers(0, 3)
    y = np.array([4, 4, 32, 60, 60]) if kind == 1 else np.linspace(4, 60, 7)
    if kind == 0:
        x = depth * (1 - np.sin(np.linspace(0, math.pi, 7)))
    elif kind == 1:
        x = np.array([depth, 0, 0, 0, depth])
    else:
        x = np.array([depth, depth / 2, depth / 2, 0, depth / 2, depth / 2, depth])
    points = np.stack([20 + x, y], 1) + rng.normal(0, 1, (len(y), 2))
    if rng.random() < 0.5:
        points[:, 0] = 63 - points[:, 0]
    stroke(patch, points if kind == 1 else smooth(points), pen)
    return patch


def _letter(rng: np.random.Generator) -> Patch:
    """Write a letter or a sign, upright or leaning; augmentation lends it a hand."""
    patch, font = blank(), FONTS[rng.integers(len(FONTS))]
    text = LETTERS[rng.integers(len(LETTERS))]
    scale, pen = rng.uniform(1.3, 1.9), int(rng.integers(3, 7))
    (width, height), _ = cv2.getTextSize(text, font, scale, pen)
    cv2.putText(patch, text, ((SIDE - width) // 2, (SIDE + height) // 2), font, scale, 255, pen, cv2.LINE_AA)
    return patch


def _scribble(rng: np.random.Generator) -> Patch:
    """Scribble: one long round line, to and fro or anywhere."""
    patch, count = blank(), int(rng.integers(9, 24))
    if rng.random() < 0.4:  # to and fro
        x = np.linspace(6, 58, count)
        y = 32 + np.where(np.arange(count) % 2, 1, -1) * rng.uniform(8, 26) + rng.normal(0, 4, count)
        points = np.stack([x, y], 1) + rng.normal(0, 2, (count, 2))
        if rng.random() < 0.3:
            points = points[:, ::-1].copy()
    else:
        points = rng.uniform(6, 58, (count, 2))
    stroke(patch, smooth(points), max(2, pen_width(rng) - 2))
    return patch


def _polyline(rng: np.random.Generator) -> Patch:
    """Draw four to seven strokes across each other: characters of no script."""
    patch, pen = blank(), max(2, pen_width(rng) - 2)
    for _ in range(rng.integers(4, 8)):
        points = rng.uniform(6, 58, (rng.integers(2, 4), 2))
        stroke(patch, smooth(points) if rng.random() < 0.5 else points, pen)
    return patch


def _grid(rng: np.random.Generator) -> Patch:
    """Draw a corner or a crossing of ruled lines, or a frame, as printed boxes leave them."""
    patch, pen = blank(), int(rng.integers(1, 8))
    x, y = rng.uniform(4, 60), rng.uniform(4, 60)
    kind = rng.integers(0, 4)
    if kind == 0:
        y = max(y, x - 10, 16)  # nearer to the upper right, or to the top, the lines are a 7
        lines = [[(x, 0), (x, 63)], [(0, y), (63, y)]]
    elif kind == 1:
        lines = [[(6, 0), (6, 63)], [(6, y), (63, y)], [(0, 2), (63, 2)]]
    elif kind == 2:
        corner = [(8.0, 60.0), (8.0, 8.0), (60.0, 8.0)]
        lines = [[(63 - a, 63 - b) for a, b in corner] if rng.random() < 0.5 else corner, [(8, 30), (8, 34)]]
    else:
        lines = [[(5, 5), (58, 5), (58, 58), (5, 58), (5, 5)], [(5, 16 + y / 2), (58, 16 + y / 2)]]
    turn = rng.normal(0, 0.07)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    for points in lines:
        stroke(patch, (np.array(points) - 32) @ rotation + 32, pen)
    return patch


def _texture(rng: np.random.Generator) -> Patch:
    """Give blobs of paper, cloth and shadow: smoothed noise above a level, or a half plane of it."""
    noise = cv2.GaussianBlur(rng.normal(size=(SIDE, SIDE)).astype(np.float32), None, rng.uniform(1, 9))
    noise /= noise.std()
    if rng.random() < 0.3:
        slope = np.linspace(-2, 2, SIDE, dtype=np.float32)
        noise += (slope if rng.random() < 0.5 else slope[:, None]) * rng.choice([-1, 1])
    level = rng.uniform(-0.6, 1.2)
    return np.clip((noise - level) * 400, 0, 255).astype(np.uint8)


def _several(digits: Patch, rng: np.random.Generator) -> Patch:
    """Set two or three digits so close that one box holds them, side by side or one over the other."""
    picked = [tight(digits[i, 0]) for i in rng.integers(0, len(digits), rng.choice([2, 2, 2, 3]))]
    if rng.random() < 0.15:
        picked = [np.ascontiguousarray(p.T) for p in picked]
        return np.ascontiguousarray(_row(picked, rng).T)
    return _row(picked, rng)


def _row(patches: list[Patch], rng: np.random.Generator) -> Patch:
    """Set patches side by side, overlapping a little."""
    patch, x = np.zeros((40, 3 * 34), np.uint8), 0
    for digit in patches:
        height, width = digit.shape
        y = int(np.clip(20 - height / 2 + rng.normal(0, 2), 0, 40 - height))
        patch[y : y + height, x : x + width] = np.maximum(patch[y : y + height, x : x + width], digit)
        x = max(x + width + int(rng.integers(-3, 6)), 0)
    return patch


def _half(digits: Patch, labels: NDArray[np.int64], rng: np.random.Generator) -> Patch:
    """Keep the half of a digit that is no digit itself."""
    label, kept = HALVES[rng.integers(len(HALVES))]
    members = np.flatnonzero(labels == label)
    if not len(members):
        return _dot(rng)
    patch = tight(digits[rng.choice(members), 0])
    height, width = patch.shape
    share = rng.uniform(0.4, 0.5)
    if kept in ("top", "bottom"):
        size = max(2, round(height * share))
        return patch[:size].copy() if kept == "top" else patch[-size:].copy()
    return patch[:, : max(2, round(width * share))].copy()
