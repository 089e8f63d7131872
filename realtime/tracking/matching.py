"""Match the numbers of one frame to those known from earlier ones, though the whole sheet moved in between."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.page import UNSURE

REACH = 0.8  # how far a number may stray from where the common motion puts it, in heights of its digits
ALIKE = 0.5  # texts that share fewer of their digits say nothing about the common motion
SIZE_RATIO = 0.45  # numbers less alike in height are not the same
MOST_PAIRS = 400  # candidates looked at for the common motion, the nearest
STILL = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])

Motion = NDArray[np.float64]  # (2, 3): x, y, 1 in the last frame to x, y in this one


@dataclass(frozen=True)
class Placed:
    """N numbers with their texts and where their D digits stand: boxes (D, 4) x, y, w, h, number after number."""

    texts: tuple[str, ...]
    boxes: NDArray[np.float64]
    counts: tuple[int, ...]

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """The index of each number's first digit, (N,)."""
        return np.concatenate([[0], np.cumsum(self.counts)[:-1]]).astype(np.intp)

    @cached_property
    def heights(self) -> NDArray[np.float64]:
        """The mean height of each number's digits, (N,)."""
        return np.add.reduceat(self.boxes[:, 3], self.starts) / np.array(self.counts)

    @cached_property
    def centres(self) -> NDArray[np.float64]:
        """The centre of each digit, (D, 2)."""
        return self.boxes[:, :2] + self.boxes[:, 2:] / 2

    @cached_property
    def around(self) -> NDArray[np.float64]:
        """The centre and size of the box around each number, (N, 4)."""
        low = np.minimum.reduceat(self.boxes[:, :2], self.starts, axis=0)
        high = np.maximum.reduceat(self.boxes[:, :2] + self.boxes[:, 2:], self.starts, axis=0)
        return np.concatenate([(low + high) / 2, high - low], axis=1)

    def moved(self, motion: Motion) -> "Placed":
        """Apply a motion."""
        return Placed(self.texts, move(self.boxes, motion), self.counts)

    def digits(self, number: int) -> slice:
        """The rows of one number's digits."""
        start = int(self.starts[number])
        return slice(start, start + self.counts[number])


@lru_cache(maxsize=65536)
def similarity(a: str, b: str) -> float:
    """Return how alike two texts are, 0 to 1; an unsure digit is half alike to any."""
    if len(a) != len(b):
        longer, shorter = (a, b) if len(a) > len(b) else (b, a)
        starts = range(len(longer) - len(shorter) + 1)
        return max(similarity(longer[i : i + len(shorter)], shorter) for i in starts) * len(shorter) / len(longer)
    return sum(1.0 if x == y else 0.5 * (UNSURE in (x, y)) for x, y in zip(a, b, strict=True)) / len(a)


def common_motion(old: Placed, new: Placed) -> Motion:
    """Estimate how the numbers moved together from one frame to the next.

    The motion is the one that takes most digits to where the same digits now are, of those the smallest; STILL where
    none speak for one.
    """
    if not old.texts or not new.texts:
        return STILL
    alike = np.array([[similarity(a, b) for b in new.texts] for a in old.texts])
    counts = np.array(old.counts)
    # The middle of a partly covered number is not the middle of the number.
    rows, columns = np.nonzero((alike >= ALIKE) & (counts[:, None] == np.array(new.counts)))
    if not len(rows):
        return STILL
    shifts = new.around[columns, :2] - old.around[rows, :2]
    lengths = np.hypot(shifts[:, 0], shifts[:, 1]) / old.heights[rows]
    order = np.argsort(lengths)[:MOST_PAIRS]
    rows, columns, shifts, lengths = rows[order], columns[order], shifts[order], lengths[order]
    weights = alike[rows, columns] * counts[rows]
    apart = shifts[:, None] - shifts[None]
    near = np.hypot(apart[..., 0], apart[..., 1]) < 0.5 * old.heights[rows]
    support = near @ weights
    # Digits carry a motion of as many heights as agree on it: one alone cannot fly across the frame.
    scores = np.where(lengths < 1 + support, support - 0.05 * lengths, -np.inf)
    best = int(scores.argmax())
    if scores[best] == -np.inf:
        return STILL
    before = np.concatenate([old.centres[old.digits(i)] for i in rows[near[best]]])
    return fit(before, np.concatenate([new.centres[new.digits(j)] for j in columns[near[best]]]))


def after(first: Motion, both: Motion) -> Motion:
    """Return the motion that makes of a first one both together."""
    linear = both[:, :2] @ np.linalg.inv(first[:, :2])
    return np.hstack([linear, (both[:, 2] - linear @ first[:, 2])[:, None]])


def move(boxes: NDArray[np.number], motion: Motion) -> NDArray[np.float64]:
    """Return boxes (N, 4) x, y, w, h where a motion takes them: centres move, sizes scale."""
    sizes = boxes[:, 2:] * np.sqrt(abs(np.linalg.det(motion[:, :2])))
    centres = (boxes[:, :2] + boxes[:, 2:] / 2) @ motion[:, :2].T + motion[:, 2]
    return np.concatenate([centres - sizes / 2, sizes], axis=1)


def fit(before: NDArray[np.float64], after: NDArray[np.float64]) -> Motion:
    """Fit turn, scale and shift to matched points (N, 2); only the shift where few points cannot tell more."""
    shift = np.hstack([np.eye(2), np.median(after - before, axis=0)[:, None]])
    if len(before) < 4:
        return shift
    motion, _ = cv2.estimateAffinePartial2D(before, after, method=cv2.LMEDS)
    if motion is None or not 0.8 < np.sqrt(abs(np.linalg.det(motion[:, :2]))) < 1.25:
        return shift
    return motion


def match(old: Placed, new: Placed) -> dict[int, int]:
    """Pair numbers, already moved by the common motion, with the readings that are them: nearest and most alike first.

    Returns the index of the reading for the index of each number that has one; no reading twice.
    """
    if not old.texts or not new.texts:
        return {}
    height = np.maximum(old.heights[:, None], new.heights[None])
    least = np.minimum(old.heights[:, None], new.heights[None])
    step = np.abs(old.around[:, None] - new.around[None])
    # Along the line they are not apart where one lies within the length of the other.
    distance = (np.maximum(0, step[..., 0] - step[..., 2] / 2) + step[..., 1]) / height
    pairs = sorted(
        (distance[i, j] + 0.5 * (1 - similarity(old.texts[i], new.texts[j])), int(i), int(j))
        for i, j in zip(*np.nonzero((distance < REACH) & (least > SIZE_RATIO * height)), strict=True)
    )
    chosen: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in pairs:
        if i not in chosen and j not in taken:
            chosen[i] = j
            taken.add(j)
    return chosen
