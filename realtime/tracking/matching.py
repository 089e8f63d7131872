"""Match the numbers of one frame to those known from earlier ones, though the whole sheet moved in between."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from realtime.reading.page import UNSURE
from realtime.tracking.motion import NO_MOTION, Motion, fit_motion

# All of these were set by hand, on sheets moved by hand and on made-up ones (tests/tracking/test_tracker.py).
MAX_NUMBER_STRAY = 0.8  # how far a number may lie from where the common motion puts it, heights of its digits
MIN_SIMILARITY = 0.5  # pairs of numbers whose texts share fewer of their digits say nothing about the common motion
MIN_TRACK_HEIGHT_RATIO = 0.45  # numbers less alike in height are never the same one
OVERLAP = 1 / 3  # share of the smaller of two numbers' boxes above which one stands in the place of the other
MAX_PAIRS = 400  # pairs of numbers looked at for the common motion, the nearest: bounds the time on a full page
AGREEING_SHIFTS = 0.5  # shifts of two pairs agree where they differ by less than this, heights
SHIFT_COST = 0.05  # digits' worth of support that a shift of one height costs: of equal ones the smallest is chosen
TEXT_COST = 0.5  # distance, heights, that a reading with no digit in common is set back when numbers are paired


@dataclass(frozen=True)
class NumberBoxes:
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
    def digit_centres(self) -> NDArray[np.float64]:
        """The centre of each digit, (D, 2)."""
        return self.boxes[:, :2] + self.boxes[:, 2:] / 2

    @cached_property
    def extents(self) -> NDArray[np.float64]:
        """The centre and size of the box around each number, (N, 4)."""
        low = np.minimum.reduceat(self.boxes[:, :2], self.starts, axis=0)
        high = np.maximum.reduceat(self.boxes[:, :2] + self.boxes[:, 2:], self.starts, axis=0)
        return np.concatenate([(low + high) / 2, high - low], axis=1)

    def moved(self, motion: Motion) -> "NumberBoxes":
        """Return the numbers where a motion takes them."""
        return NumberBoxes(self.texts, motion.move(self.boxes), self.counts)

    def digits(self, number: int) -> slice:
        """Return the rows of one number's digits."""
        start = int(self.starts[number])
        return slice(start, start + self.counts[number])


@lru_cache(maxsize=65536)
def text_similarity(a: str, b: str) -> float:
    """Return how alike two texts are, 0 to 1; an unsure digit is half alike to any."""
    if len(a) != len(b):
        longer, shorter = (a, b) if len(a) > len(b) else (b, a)
        starts = range(len(longer) - len(shorter) + 1)
        return max(text_similarity(longer[i : i + len(shorter)], shorter) for i in starts) * len(shorter) / len(longer)
    return sum(1.0 if x == y else 0.5 * (UNSURE in (x, y)) for x, y in zip(a, b, strict=True)) / len(a)


def common_motion(old: NumberBoxes, new: NumberBoxes) -> Motion:
    """Estimate how the numbers moved together from one frame to the next.

    The motion is the one that takes most digits to where the same digits now are, of those the smallest; NO_MOTION
    where none speak for one.
    """
    if not old.texts or not new.texts:
        return NO_MOTION
    similar = np.array([[text_similarity(a, b) for b in new.texts] for a in old.texts])
    counts = np.array(old.counts)
    # The middle of a partly covered number is not the middle of the number.
    rows, columns = np.nonzero((similar >= MIN_SIMILARITY) & (counts[:, None] == np.array(new.counts)))
    if not len(rows):
        return NO_MOTION
    shifts = new.extents[columns, :2] - old.extents[rows, :2]
    lengths = np.hypot(shifts[:, 0], shifts[:, 1]) / old.heights[rows]
    order = np.argsort(lengths)[:MAX_PAIRS]
    rows, columns, shifts, lengths = rows[order], columns[order], shifts[order], lengths[order]
    weights = similar[rows, columns] * counts[rows]
    apart = shifts[:, None] - shifts[None]
    agree = np.hypot(apart[..., 0], apart[..., 1]) < AGREEING_SHIFTS * old.heights[rows]
    support = agree @ weights
    # Digits carry a motion of as many heights as agree on it: one alone cannot fly across the frame.
    scores = np.where(lengths < 1 + support, support - SHIFT_COST * lengths, -np.inf)
    best = int(scores.argmax())
    if scores[best] == -np.inf:
        return NO_MOTION
    before = np.concatenate([old.digit_centres[old.digits(i)] for i in rows[agree[best]]])
    return fit_motion(before, np.concatenate([new.digit_centres[new.digits(j)] for j in columns[agree[best]]]))


def match(old: NumberBoxes, new: NumberBoxes) -> dict[int, int]:
    """Pair numbers, already moved by the common motion, with the readings that are them: nearest and most alike first.

    Returns the index of the reading for the index of each number that has one; no reading twice.
    """
    if not old.texts or not new.texts:
        return {}
    height = np.maximum(old.heights[:, None], new.heights[None])
    least = np.minimum(old.heights[:, None], new.heights[None])
    step = np.abs(old.extents[:, None] - new.extents[None])
    # Along the line they are not apart where one lies within the length of the other.
    distance = (np.maximum(0, step[..., 0] - step[..., 2] / 2) + step[..., 1]) / height
    pairs = sorted(
        (distance[i, j] + TEXT_COST * (1 - text_similarity(old.texts[i], new.texts[j])), int(i), int(j))
        for i, j in zip(
            *np.nonzero((distance < MAX_NUMBER_STRAY) & (least > MIN_TRACK_HEIGHT_RATIO * height)), strict=True
        )
    )
    chosen: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in pairs:
        if i not in chosen and j not in taken:
            chosen[i] = j
            taken.add(j)
    return chosen


def covered(numbers: list[NDArray[np.float64]], others: list[NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Tell which of N numbers, (N,), share more than OVERLAP of the smaller one with one of others.

    Each is the boxes (n, 4) of its digits.
    """
    if not numbers or not others:
        return np.zeros(len(numbers), bool)
    (low, high), (start, stop) = _corners(numbers), _corners(others)
    shared = np.maximum(np.minimum(high[:, None], stop) - np.maximum(low[:, None], start), 0).prod(axis=2)
    smaller = np.minimum((high - low).prod(axis=1)[:, None], (stop - start).prod(axis=1))
    return (shared > smaller * OVERLAP).any(axis=1)


def _corners(numbers: list[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the corners of the box around each of N numbers, the upper left and the lower right ones, (N, 2) each."""
    low = np.array([boxes[:, :2].min(axis=0) for boxes in numbers])
    return low, np.array([(boxes[:, :2] + boxes[:, 2:]).max(axis=0) for boxes in numbers])
