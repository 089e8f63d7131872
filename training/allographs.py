"""Draw allographs: digits in forms that MNIST hardly has, as many European hands write them.

A 1 with a flag as long as its stem, a crossed 7, a 4 of a slash, a bar and a short stem, a 9 whose tail runs back under
it, and any digit leaning and stretched to a square, as old collections cut them to their box. The 1, the 4 and some of
the 7s are drawn with a pen, the others are made of the digits given. What they gain and cost is on the model card.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading import crops
from training.strokes import SIDE, Patch, blank, smooth, stroke, tight

SHARES = (0.25, 0.2, 0.25, 0.15, 0.15)  # of drawn 1, 4, 7, 9, and of any digit leaning; set by hand


def draw(
    count: int, digits: Patch, labels: NDArray[np.int64], rng: np.random.Generator
) -> tuple[Patch, NDArray[np.int64]]:
    """Return `count` crops (count, 1, 28, 28) uint8 laid out as all crops are, and labels (count,) int64.

    digits: crops (N, 1, 28, 28) uint8 with labels (N,).
    """
    sevens, nines = np.flatnonzero(labels == 7), np.flatnonzero(labels == 9)
    drawn = []
    for kind in rng.choice(len(SHARES), count, p=SHARES):
        members = (sevens, nines)[kind - 2] if kind in (2, 3) else ()
        picked = rng.choice(members) if len(members) else rng.integers(len(labels))
        if kind == 0:
            drawn.append((_flagged_one(rng), 1))
        elif kind == 1:
            drawn.append((_slashed_four(rng), 4))
        elif kind == 2 and rng.random() < 0.4:
            drawn.append((_drawn_seven(rng), 7))
        elif len(members):
            make = _crossed_seven if kind == 2 else _tailed_nine
            drawn.append((make(*_enlarged(digits[picked, 0]), rng), labels[picked]))
        else:
            drawn.append((_leaning(_enlarged(digits[picked, 0])[0], rng), labels[picked]))
    return crops.stack([ink for ink, _ in drawn]), np.array([label for _, label in drawn], np.int64)


def _flagged_one(rng: np.random.Generator) -> Patch:
    """Draw a stem with a flag that joins it at the top or a little below, some with a foot."""
    patch, pen = blank(), int(rng.integers(3, 8))
    height, lean = 44, math.tan(rng.normal(0.08, 0.12))
    top = np.array([38 + 22 * lean, 10.0]) + rng.normal(0, 1, 2)
    bottom = np.array([38 - 22 * lean, 10.0 + height]) + rng.normal(0, 1, 2)
    middle = (top + bottom) / 2 + rng.normal(0, [1.5, 0])
    stroke(patch, smooth(np.array([top, middle, bottom])), pen)
    join = top + (bottom - top) * (rng.uniform(0, 0.3) if rng.random() < 0.4 else 0)
    reach = min(rng.uniform(0.3, 1.05) * height, 58 - join[1])
    tip = join + reach * np.array([-math.tan(math.radians(rng.uniform(20, 52))), 1])
    bend = (join + tip) / 2 + rng.normal(0, 0.05 * reach, 2)
    stroke(patch, smooth(np.array([join, bend, tip])), pen)
    if rng.random() < 0.2:
        half = rng.uniform(6, 16)
        stroke(patch, np.array([bottom - [half, 0], bottom + [half, rng.normal(0, 2)]]), pen)
    return _wider(patch, math.exp(rng.uniform(-0.2, 0.3)))


def _slashed_four(rng: np.random.Generator) -> Patch:
    """Draw a slash, a bar from its foot, and a stem across the bar's end, short, or from the slash's head on."""
    patch, pen = blank(), int(rng.integers(3, 8))
    bar, closed = rng.uniform(34, 46), rng.random() < 0.3
    corner = np.array([rng.uniform(8, 16), bar])
    end = np.array([rng.uniform(44, 58), bar + rng.normal(0, 2.5)])
    x = corner[0] + (end[0] - corner[0]) * rng.uniform(0.6, 1.0)
    head = np.array([x + rng.normal(1.5, 2), bar - (rng.uniform(18, 32) if closed else rng.uniform(3, 22))])
    foot = np.array([x - rng.normal(1.5, 2), rng.uniform(max(bar + 8, 52), 60)])
    start = head if closed else np.array([rng.uniform(26, 46), 8.0])
    bend = (start + corner) / 2 + rng.normal(-1, 2, 2)
    side = np.array([start, bend, corner])
    if rng.random() < 0.4:  # a round corner
        stroke(patch, smooth(np.concatenate([side, end[None]])), pen)
    else:
        stroke(patch, smooth(side), pen)
        stroke(patch, np.array([corner, end]), pen)
    stroke(patch, smooth(np.array([head, (head + foot) / 2 + rng.normal(0, 1, 2), foot])), pen)
    return _wider(patch, math.exp(rng.uniform(-0.3, 0.25)))


def _drawn_seven(rng: np.random.Generator) -> Patch:
    """Draw a 7 from a short or a long bar, most with a hook at its left end, and cross its stem."""
    patch, pen = blank(), int(rng.integers(3, 8))
    left = np.array([rng.uniform(10, 24), 11 + rng.normal(0, 1.5)])
    right = np.array([rng.uniform(40, 54), 10 + rng.normal(0, 1.5)])
    foot = np.array([rng.uniform(22, 36), 58.0])
    hook = left + [rng.normal(0, 1), rng.uniform(4, 10)]
    bar = [hook, left, right] if rng.random() < 0.6 else [left, right]
    stroke(patch, smooth(np.array(bar)) if rng.random() < 0.3 else np.array(bar), pen)
    stem = np.array([right, (right + foot) / 2 + rng.normal(0, 2, 2), foot])
    stroke(patch, smooth(stem), pen)
    middle = right + (foot - right) * rng.uniform(0.4, 0.65)
    arm = np.array([rng.uniform(8, 20), rng.normal(0, 1.5)])
    shift = [rng.uniform(-4, 7), 0]
    stroke(patch, np.array([middle - arm + shift, middle + arm + shift]), pen)
    return _wider(patch, math.exp(rng.uniform(-0.4, 0.3)))


def _crossed_seven(ink: Patch, pen: int, rng: np.random.Generator) -> Patch:
    """Cross the stem of a 7; some get a hook at the left end of the bar."""
    left, top, width, height = cv2.boundingRect(ink)
    y = round(top + height * rng.uniform(0.42, 0.68))
    inked = np.flatnonzero(ink[y] > 127)
    middle = float(inked.mean()) if len(inked) else left + width / 2
    half, tilt = width * rng.uniform(0.22, 0.5), rng.normal(0, 0.2)
    arm = half * np.array([math.cos(tilt), -math.sin(tilt)])
    centre = np.array([middle + half * rng.uniform(-0.3, 0.6), y])
    stroke(ink, np.array([centre - arm, centre + arm]), pen)
    if rng.random() < 0.35:
        column = np.flatnonzero(ink[:, left + pen // 2] > 100)
        if len(column):
            hook = np.array([left + pen / 2, float(column.min())])
            stroke(ink, np.array([hook, hook + height * np.array([rng.normal(0, 0.03), rng.uniform(0.08, 0.2)])]), pen)
    return _wider(tight(ink), math.exp(rng.uniform(-0.1, 0.45)))


def _tailed_nine(ink: Patch, pen: int, rng: np.random.Generator) -> Patch:
    """Lead the tail of a 9 back to the left under it."""
    height = cv2.boundingRect(ink)[3]
    y, x = np.nonzero(ink > ink.max() // 2)
    foot = np.array([x[y == y.max()].mean(), y.max() - 1.0])
    reach = height * rng.uniform(0.25, 0.6)
    bottom = foot + [-reach / 2, rng.uniform(0.02, 0.1) * height]
    stroke(ink, smooth(np.array([foot, bottom, foot + [-reach, -rng.uniform(-0.03, 0.12) * height]])), pen)
    return _wider(tight(ink), math.exp(rng.uniform(-0.1, 0.4)))


def _leaning(ink: Patch, rng: np.random.Generator) -> Patch:
    """Lean a digit to either side, mostly to the right, and stretch its box towards a square."""
    slant = rng.uniform(0.15, 0.55) * (1 if rng.random() < 0.7 else -1)
    height, width = ink.shape
    matrix = np.array([[1, -slant, slant * height / 2], [0, 1, 0]], np.float64)
    leaning = tight(cv2.warpAffine(ink, matrix, (width, height), flags=cv2.INTER_LINEAR))
    return _wider(leaning, float(np.clip(leaning.shape[0] / leaning.shape[1], 0.6, 2.2)) ** rng.uniform(0, 1.1))


def _enlarged(crop: Patch) -> tuple[Patch, int]:
    """Return a crop twice as large with a margin for more strokes, and how wide its pen is there, pixels."""
    ink = cv2.resize(crop, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    margin = SIDE // 2
    ink = cv2.copyMakeBorder(ink, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    return ink, max(2, round(crops.stroke_width(ink)))


def _wider(ink: Patch, times: float) -> Patch:
    """Return ink so many times as wide."""
    return cv2.resize(ink, None, fx=times, fy=1, interpolation=cv2.INTER_LINEAR)
