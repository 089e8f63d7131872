"""What is written so far on one scene: the ink of each pen, and the truth about every pixel of it."""

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.scenes.glyphs import Glyph

_SHIFT = 4  # cv2 draws lines at sixteenths of a pixel
CORE = 0.5  # the core of a digit is its hull shrunk to this share
NARROWEST = 4.0  # pixels of the picture, the least width of a core


@dataclass
class Pen:
    """One pen: alpha (S, S) uint8 of its ink, colour BGR, width in ems of what it writes."""

    alpha: NDArray[np.uint8]
    colour: NDArray[np.float32]
    width: float
    strength: float = 1.0  # of its ink, 1 covers the paper
    dry: float = 0.0  # share of grain in its ink
    doubled: float = 0.0  # ems between two passes, 0 for one pass


@dataclass
class Digit:
    """A digit that was written: its class, its hull (K, 2) in pixels, the pixels of its em."""

    label: int
    hull: NDArray[np.float32]
    height: float


@dataclass(frozen=True)
class Mark:
    """One character as it came upon the canvas: what it is, its hull (K, 2) in pixels, and its digit, if it is one."""

    char: str
    hull: NDArray[np.float32]
    digit: Digit | None


@dataclass(frozen=True)
class Written:
    """A text that was written in one go and the marks of it that are in view; struck: it was struck out afterwards."""

    text: str
    marks: tuple[Mark, ...]
    struck: bool = False

    @property
    def digits(self) -> list[Digit]:
        """Its digits in view."""
        return [mark.digit for mark in self.marks if mark.digit is not None]


@dataclass
class Canvas:
    """A square of `side` pixels: ink of digits and other ink (S, S) uint8, and the digits in order of writing."""

    side: int
    digit_ink: NDArray[np.uint8] = field(init=False)
    other_ink: NDArray[np.uint8] = field(init=False)
    ruling: NDArray[np.uint8] = field(init=False)  # printed lines of the sheet: ink to one, paper to another
    digits: list[Digit] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    texts: list[Written] = field(default_factory=list)
    unsure: list[NDArray[np.float32]] = field(default_factory=list)  # hulls of what may or may not be a digit

    def __post_init__(self) -> None:
        """Begin with nothing written."""
        self.digit_ink = np.zeros((self.side, self.side), np.uint8)
        self.other_ink = np.zeros((self.side, self.side), np.uint8)
        self.ruling = np.zeros((self.side, self.side), np.uint8)

    def pen(self, colour: NDArray[np.float32], width: float) -> Pen:
        """Return a new pen that has not written."""
        return Pen(np.zeros((self.side, self.side), np.uint8), colour, width)

    def put(self, glyph: Glyph, matrix: NDArray[np.float64], pen: Pen, kind: str, rng: Generator) -> None:
        """Write a glyph: matrix (2, 3) leads from ems to pixels; kind "digit", "other", or "unsure" for either."""
        height = math.hypot(matrix[0, 1], matrix[1, 1])
        hull = (glyph.hull @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
        reach = pen.width * height / 2 + 1.5
        x, y, w, h = cv2.boundingRect(hull)
        x0, y0 = max(int(x - reach), 0), max(int(y - reach), 0)
        x1, y1 = (min(int(end + reach) + 1, self.side) for end in (x + w, y + h))
        if x0 >= x1 or y0 >= y1 or height > 4 * self.side:  # out of view, or seen along the page
            return
        low, size = np.array([x0, y0]), (x1 - x0, y1 - y0)
        if glyph.patch is not None and glyph.matrix is not None:
            mark = _stamp(glyph.patch, glyph.matrix, matrix, low, size)
        else:
            mark = _write(glyph, matrix, pen, low, size, rng)
        spot = np.s_[y0:y1, x0:x1]
        np.maximum(pen.alpha[spot], mark, out=pen.alpha[spot])
        truth = self.digit_ink if kind == "digit" else self.other_ink
        np.maximum(truth[spot], mark, out=truth[spot])
        digit = Digit(int(glyph.char), hull, height) if kind == "digit" else None
        self.marks.append(Mark(glyph.char, hull, digit))
        if digit is not None:
            self.digits.append(digit)
        elif kind == "unsure":
            self.unsure.append(hull)

    def tell(self, text: str, first: int, struck: bool = False) -> None:
        """Note that the marks from `first` on are one text."""
        self.texts.append(Written(text, tuple(self.marks[first:]), struck))

    def join(self, first: int) -> None:
        """Make one text of those from `first` on."""
        parts = self.texts[first:]
        self.texts[first:] = [Written("".join(t.text for t in parts), tuple(mark for t in parts for mark in t.marks))]

    def line(self, points: NDArray[np.float64], width: float, pen: Pen) -> None:
        """Draw a line through points (N, 2) in pixels, width in pixels, as ink that is no digit."""
        drawn = np.zeros((self.side, self.side), np.uint8)
        stroke = [np.rint(points * 2**_SHIFT).astype(np.int32)]
        cv2.polylines(drawn, stroke, False, 255, max(1, round(width)), cv2.LINE_AA, _SHIFT)
        np.maximum(pen.alpha, drawn, out=pen.alpha)
        np.maximum(self.other_ink, drawn, out=self.other_ink)


def _write(
    glyph: Glyph, matrix: NDArray[np.float64], pen: Pen, low: NDArray[np.int_], size: tuple[int, int], rng: Generator
) -> NDArray[np.uint8]:
    """Draw strokes into a field of size (w, h) at low, finer than its pixels where the writing is small."""
    height = math.hypot(matrix[0, 1], matrix[1, 1])
    fine = 4 if height < 48 else 2 if height < 130 else 1
    mark = np.zeros((size[1] * fine, size[0] * fine), np.uint8)
    width = max(1, round(pen.width * height * fine))
    strokes = [_rounded(s) if height > 70 else s for s in glyph.strokes]
    if pen.doubled:
        again = [rng.normal(0, pen.doubled, 2) + rng.normal(0, pen.doubled / 3, s.shape) for s in strokes]
        strokes += [(s + moved).astype(np.float32) for s, moved in zip(strokes, again, strict=True)]
    for stroke in strokes:
        at = (stroke @ matrix[:, :2].T + matrix[:, 2] - low) * fine
        points = np.rint(at * 2**_SHIFT).astype(np.int32)
        cv2.polylines(mark, [points], False, 255, width, cv2.LINE_AA, _SHIFT)
    if fine > 1:
        mark = cv2.resize(mark, size, interpolation=cv2.INTER_AREA)
    return mark


def _rounded(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut the corners of a stroke twice (Chaikin), so that large writing shows no angles."""
    for _ in range(2):
        if len(points) > 2:
            a, b = points[:-1], points[1:]
            inner = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
            points = np.concatenate([points[:1], inner, points[-1:]])
    return points


def _stamp(
    patch: NDArray[np.uint8],
    inner: NDArray[np.float32],
    matrix: NDArray[np.float64],
    low: NDArray[np.int_],
    size: tuple[int, int],
) -> NDArray[np.uint8]:
    """Lay a patch into a field of size (w, h) at low; inner leads from its pixels to ems, matrix from ems to pixels."""
    whole = matrix[:, :2] @ inner[:, :2]
    offset = matrix[:, :2] @ inner[:, 2] + matrix[:, 2] - low
    scale = math.hypot(whole[0, 1], whole[1, 1])
    if scale < 0.6:  # averaged first, or thin strokes would fall between the pixels
        least = [max(round(side * scale * 1.2), 1) for side in patch.shape[::-1]]
        small = cv2.resize(patch, least, interpolation=cv2.INTER_AREA)
        whole = whole @ np.diag([patch.shape[1] / small.shape[1], patch.shape[0] / small.shape[0]])
        patch = small
    return cv2.warpAffine(patch, np.column_stack([whole, offset]), size, flags=cv2.INTER_LINEAR)


def core(hull: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shrink a hull (K, 2) in pixels to its core about its middle, at least NARROWEST wide and high."""
    box = cv2.minAreaRect(hull)
    centre = np.array(box[0], np.float32)
    angle = np.deg2rad(box[2])
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
    along = (hull - centre) @ axes.T
    size = np.maximum(np.array(box[1], np.float32), 1e-3)
    if (CORE * size < NARROWEST).any():  # a thin 1: a box in place of a hull that has no width
        half = np.maximum(CORE * size, NARROWEST) / 2
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) * half
        return (corners @ axes + centre).astype(np.float32)
    return (along * CORE @ axes + centre).astype(np.float32)
