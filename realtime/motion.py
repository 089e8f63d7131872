"""Match the numbers of one frame to those known from earlier ones, though the whole sheet moved in between."""

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading import Box, enclose

REACH = 0.8  # how far a number may stray from where the common motion puts it, in heights of its digits
ALIKE = 0.5  # texts that share fewer of their digits are not the same number for the common motion
MOST_PAIRS = 400  # candidates looked at for the common motion
STILL = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])

Points = NDArray[np.float64]  # (N, 2) x, y
Motion = NDArray[np.float64]  # (2, 3): x, y, 1 in the last frame to x, y in this one


def centres(boxes: list[Box]) -> Points:
    """Return the centres of boxes x, y, w, h, (N, 2) pixels."""
    array = np.array(boxes, np.float64).reshape(-1, 4)
    return array[:, :2] + array[:, 2:] / 2


def move(points: Points, motion: Motion) -> Points:
    """Apply a motion to points (N, 2)."""
    return points @ motion[:, :2].T + motion[:, 2]


def move_box(box: Box, motion: Motion) -> Box:
    """Apply a motion to a box: its centre moves, its size scales."""
    scale = float(np.sqrt(abs(np.linalg.det(motion[:, :2]))))
    (x, y), w, h = move(centres([box]), motion)[0], box[2] * scale, box[3] * scale
    return round(x - w / 2), round(y - h / 2), max(1, round(w)), max(1, round(h))


def similarity(a: str, b: str) -> float:
    """Return how alike two texts are, 0 to 1; an unsure digit is half alike to any."""
    if len(a) != len(b):
        longer, shorter = (a, b) if len(a) > len(b) else (b, a)
        starts = range(len(longer) - len(shorter) + 1)
        return max(similarity(longer[i : i + len(shorter)], shorter) for i in starts) * len(shorter) / len(longer)
    return sum(1.0 if x == y else 0.5 * ("?" in (x, y)) for x, y in zip(a, b, strict=True)) / len(a)


def common_motion(old: list[list[Box]], old_texts: list[str], new: list[list[Box]], new_texts: list[str]) -> Motion:
    """Estimate how the numbers moved together from one frame to the next.

    old, new: the digit boxes of each number, with their texts. The motion is the one that takes most digits to where
    the same digits now are, of those the smallest; STILL where no digits speak for one.
    """
    if not old or not new:
        return STILL
    alike = np.array([[similarity(a, b) for b in new_texts] for a in old_texts])
    rows, columns = np.nonzero(alike >= ALIKE)
    if not len(rows):
        return STILL
    heights = np.array([np.median([box[3] for box in boxes]) for boxes in old])
    before, after = (np.array([centres(boxes).mean(axis=0) for boxes in side]) for side in (old, new))
    shifts = after[columns] - before[rows]
    # One number's digits may carry it that many heights away; the more digits agree below, the farther.
    order = np.argsort(np.hypot(*shifts.T))[:MOST_PAIRS]
    rows, columns, shifts = rows[order], columns[order], shifts[order]
    weights = alike[rows, columns] * np.array([len(text) for text in old_texts])[rows]
    apart = np.hypot(shifts[:, None, 0] - shifts[None, :, 0], shifts[:, None, 1] - shifts[None, :, 1])
    near = apart < 0.5 * heights[rows]
    support = near @ weights
    allowed = np.hypot(*shifts.T) < heights[rows] * (1 + support)
    if not allowed.any():
        return STILL
    best = int(np.argmax(np.where(allowed, support - 0.05 * np.hypot(*shifts.T) / heights[rows], -np.inf)))
    inliers = [(int(i), int(j)) for i, j, ok in zip(rows, columns, near[best], strict=True) if ok]
    same = [(i, j) for i, j in inliers if len(old[i]) == len(new[j])]
    if not same:
        return np.hstack([np.eye(2), shifts[best][:, None]])
    points = np.concatenate([centres(old[i]) for i, _ in same]), np.concatenate([centres(new[j]) for _, j in same])
    return _fit(*points)


def _fit(before: Points, after: Points) -> Motion:
    """Fit turn, scale and shift to matched points (N, 2); only the shift where few points cannot tell more."""
    shift = np.hstack([np.eye(2), np.median(after - before, axis=0)[:, None]])
    if len(before) < 4:
        return shift
    motion, _ = cv2.estimateAffinePartial2D(before, after, method=cv2.LMEDS)
    if motion is None or not 0.8 < np.sqrt(abs(np.linalg.det(motion[:, :2]))) < 1.25:
        return shift
    return motion


def match(
    old: list[list[Box]], old_texts: list[str], new: list[list[Box]], new_texts: list[str]
) -> list[tuple[int, int]]:
    """Pair numbers, already moved by the common motion, with the readings that are them: nearest and most alike first.

    old, new: the digit boxes of each number. Returns pairs of indices (old, new), each at most once.
    """
    pairs = []
    for i, (boxes, text) in enumerate(zip(old, old_texts, strict=True)):
        for j, (others, other) in enumerate(zip(new, new_texts, strict=True)):
            distance = _distance(boxes, others)
            if distance < REACH:
                pairs.append((distance + 0.5 * (1 - similarity(text, other)), i, j))
    taken_old: set[int] = set()
    taken_new: set[int] = set()
    chosen = []
    for _, i, j in sorted(pairs):
        if i not in taken_old and j not in taken_new:
            taken_old.add(i)
            taken_new.add(j)
            chosen.append((i, j))
    return chosen


def _distance(a: list[Box], b: list[Box]) -> float:
    """Return how far two numbers lie apart, in heights: 0 along the line where one lies in the other."""
    tall = [float(np.median([box[3] for box in boxes])) for boxes in (a, b)]
    if min(tall) < 0.45 * max(tall):
        return np.inf
    (ax, ay, aw, ah), (bx, by, bw, bh) = enclose(a), enclose(b)
    along = max(0.0, abs(ax + aw / 2 - bx - bw / 2) - abs(aw - bw) / 2)
    return (along + abs(ay + ah / 2 - by - bh / 2)) / max(tall)
