"""The hands that scenes are written in: strokes of UNIPEN's writers, MNIST and BHMSDS digits, fonts, authored shapes.

Every glyph stands in ems: y runs down from 0, the top of a digit, to 1, the line it stands on; x starts at 0.
"""

import csv
import gzip
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.scenes import forms, pen

Points = NDArray[np.float32]  # (N, 2) x, y in ems
HELD = 8  # one writer, font or picture in so many is kept for validation
FONT_SIZE = 72  # pixels of an em at which fonts are drawn
# Height of the longer side and y of the middle, both in ems, of signs as people write them between digits.
SIGNS = {
    ".": (0.09, 0.97), ",": (0.26, 1.06), "-": (0.45, 0.56), "+": (0.55, 0.56), "=": (0.5, 0.56), ":": (0.5, 0.66),
    "/": (1.15, 0.52), "(": (1.25, 0.52), ")": (1.25, 0.52), "*": (0.45, 0.5), "%": (1.0, 0.5), "$": (1.15, 0.5),
    "#": (0.95, 0.52), "?": (1.0, 0.5), "!": (1.0, 0.5), "<": (0.6, 0.55), ">": (0.6, 0.55), "[": (1.2, 0.52),
    "]": (1.2, 0.52), "{": (1.2, 0.52), "}": (1.2, 0.52), "&": (1.0, 0.5), "@": (1.0, 0.55), "'": (0.25, 0.05),
    '"': (0.25, 0.05), ";": (0.55, 0.72), "~": (0.5, 0.56), "^": (0.35, 0.1),
}  # fmt: skip
# What digits are written from: one writer's strokes, strokes of all writers, pictures, a font, authored shapes, and
# authored forms of Europe and South America.
SHARES = {
    "writer": 0.32, "strokes": 0.14, "mnist": 0.15, "bhmsds": 0.13, "font": 0.10, "authored": 0.08, "forms": 0.08,
}  # fmt: skip
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TALL, _LOW = set("bdfhklt"), set("gpqyj")


@dataclass(frozen=True)
class Glyph:
    """One character: strokes in ems, or a patch (H, W) uint8 with the matrix (2, 3) from its pixels to ems."""

    char: str
    strokes: tuple[Points, ...] = ()
    patch: NDArray[np.uint8] | None = None
    matrix: NDArray[np.float32] | None = None

    @cached_property
    def hull(self) -> Points:
        """The convex hull of the ink in ems, (K, 2)."""
        if self.patch is None:
            return cv2.convexHull(np.concatenate(self.strokes)).reshape(-1, 2)
        spots = cv2.findNonZero((self.patch > 127).astype(np.uint8))
        if spots is None or self.matrix is None:
            return np.zeros((1, 2), np.float32)
        hull = cv2.convexHull(spots).reshape(-1, 2).astype(np.float32)
        return (hull @ self.matrix[:, :2].T + self.matrix[:, 2]).astype(np.float32)

    @cached_property
    def extent(self) -> tuple[float, float]:
        """The left and right end of the ink in ems."""
        return float(self.hull[:, 0].min()), float(self.hull[:, 0].max())


@dataclass(frozen=True)
class Hand:
    """Who writes: the source of the digits and the writer or font they are taken from, and the habits of the hand."""

    source: str
    writer: str
    slant: float
    aspect: float
    uneven: float  # by how much digits differ in size, and stand off their line
    tilt: float  # radians a digit turns


def placed(char: str, strokes: tuple[Points, ...]) -> Glyph:
    """Return strokes in any unit as a glyph of the size and place that its character has on a line."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    size = np.maximum(high - low, 1e-3)
    if char in SIGNS:
        longer, middle = SIGNS[char]
        scale, top = longer / size.max(), middle - longer / size.max() * size[1] / 2
    else:
        height = 1.0 if char.isdigit() or char.isupper() or char in _TALL or char in _LOW else 0.62
        # A flat 1 or l is the pen's slip; it shall not become a beam across the page.
        scale = min(height / size[1], 1.6 / size[0])
        top = 1 - height + (0.38 if char in _LOW else 0.0)
    offset = np.array([-low[0] * scale, top - low[1] * scale])
    return Glyph(char, tuple((s * scale + offset).astype(np.float32) for s in strokes))


def held(name: str) -> bool:
    """Tell whether a writer or font is kept for validation."""
    return zlib.crc32(name.encode()) % HELD == 0


class Hands:
    """Every source of glyphs in a data folder; `validation` takes the writers, fonts and pictures held out."""

    def __init__(self, data: Path, validation: bool = False) -> None:
        self.data, self.validation = data, validation
        self.strokes: dict[str, list[Glyph]] = defaultdict(list)
        self.by_writer: dict[str, dict[str, list[Glyph]]] = defaultdict(lambda: defaultdict(list))
        for name in ("digits", "lower", "upper", "signs", "numbers"):
            for label, writer, strokes in self._lines(name):
                if len(label) == 1 and (label in SIGNS or label.isascii() and label.isalnum()):
                    glyph = placed(label, strokes)
                    self.strokes[label].append(glyph)
                    if label.isdigit():
                        self.by_writer[writer][label].append(glyph)
        self.writers = sorted(w for w, digits in self.by_writer.items() if len(digits) >= 8)
        self.numbers = [n for label, _, s in self._lines("numbers") if len(label) > 1 and (n := _parted(label, s))]
        self.pictures = {"mnist": self._mnist(), "bhmsds": self._bhmsds()}
        with (data / "fonts" / "fonts.csv").open(encoding="utf-8") as file:
            rows = [r for r in csv.DictReader(file) if held(r["file"]) == validation]
        self.fonts = [r["file"] for r in rows if r["digits"] == "yes" and not r["handwriting_like"].startswith("no")]
        self.prints = [r["file"] for r in rows if r["handwriting_like"].startswith("no")]
        self.prints = self.prints or ["DejaVuSans.ttf"]

    def pick_hand(self, rng: Generator) -> Hand:
        """Draw who writes."""
        source = str(rng.choice(list(SHARES), p=list(SHARES.values())))
        names = self.fonts if source == "font" else self.writers
        writer = str(rng.choice(names)) if names else ""
        return Hand(
            source, writer, float(rng.normal(0, 0.16)), float(np.exp(rng.normal(0, 0.16))),
            float(rng.choice([0.02, 0.06, 0.14], p=[0.5, 0.35, 0.15])), float(abs(rng.normal(0, 0.05))),
        )  # fmt: skip

    def glyph(self, char: str, hand: Hand, rng: Generator) -> Glyph:
        """Draw one character as a hand writes it; signs and letters it lacks come from other hands."""
        if char.isdigit():
            if hand.source in self.pictures:
                return _enlarged(char, self.pictures[hand.source][int(char)], rng)
            if hand.source == "writer" and (own := self.by_writer[hand.writer].get(char)):
                return own[rng.integers(len(own))]
            if hand.source == "authored":
                paths = pen.write(char, pen.pick_hand(rng), rng)
                return placed(char, tuple(path[:, :2].astype(np.float32) for path in paths))
            if hand.source == "forms":
                form = zlib.crc32(f"{hand.slant}{char}".encode()) % len(forms.FORMS[char])  # a hand keeps to one
                return placed(char, tuple(forms.write(char, form, rng)))
        if hand.source == "font" and hand.writer:
            glyph = font_glyph(self.data / "fonts" / hand.writer, char)
            if glyph is not None:
                return glyph
        some = self.strokes.get(char) or self.strokes["-"]
        return some[rng.integers(len(some))]

    def printed(self, char: str, font: str) -> Glyph | None:
        """Return one character in print, None where the font lacks it."""
        return font_glyph(self.data / "fonts" / font, char)

    def _lines(self, name: str) -> Iterator[tuple[str, str, tuple[Points, ...]]]:
        with gzip.open(self.data / "strokes" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            for line in file:
                one = json.loads(line)
                if held(one["writer"]) == self.validation:
                    strokes = tuple(np.array(s, np.float32).reshape(-1, 2) for s in one["strokes"] if s)
                    if strokes:
                        yield one["label"], one["writer"], strokes

    def _mnist(self) -> list[NDArray[np.uint8]]:
        from training.data import read_mnist  # it brings PyTorch, without which --help works

        images, labels = (t.numpy() for t in read_mnist(self.data / "mnist", "train"))
        most = len(labels) - len(labels) // HELD  # writers follow one another in MNIST
        part = slice(most, None) if self.validation else slice(0, most)
        return [images[part, 0][labels[part] == digit] for digit in range(10)]

    def _bhmsds(self) -> list[NDArray[np.uint8]]:
        with np.load(self.data / "digits" / "bhmsds_digits.npz") as file:
            images, labels = 255 - file["images"], file["labels"].astype(int)
        parts = [images[labels == digit] for digit in range(10)]
        return [p[-len(p) // HELD :] if self.validation else p[: -len(p) // HELD] for p in parts]


def _enlarged(char: str, pictures: NDArray[np.uint8], rng: Generator) -> Glyph:
    """Return one of the pictures (N, 28, 28) uint8 four times as large, with smooth edges, its pen a little changed."""
    x, y, w, h = cv2.boundingRect(picture := pictures[rng.integers(len(pictures))])
    if not w:
        return _enlarged(char, pictures, rng)
    ink = cv2.copyMakeBorder(picture[y : y + h, x : x + w], 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=0)
    large = cv2.GaussianBlur(cv2.resize(ink, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC), (0, 0), 2.2)
    at = rng.uniform(70, 150)
    patch = cv2.convertScaleAbs(cv2.subtract(large, at - 18), alpha=255 / 36)
    scale = min(0.25 / h, 1.6 / w / 4)
    matrix = np.array([[scale, 0, -8 * scale], [0, scale, -8 * scale]], np.float32)
    return Glyph(char, (), patch, matrix)


@lru_cache(maxsize=16000)
def font_glyph(path: Path, char: str) -> Glyph | None:
    """Return a character of a font, None where it has none."""
    face, size = _face(str(path)), FONT_SIZE
    canvas = np.zeros((2 * size, 3 * size), np.uint8)
    cv2.putText(canvas, char, (size // 2, size * 3 // 2), 255, face, size)
    x, y, w, h = cv2.boundingRect(canvas)
    if w < 2 or h < 2:
        return None
    capital = _capital(str(path))
    matrix = np.array([[1 / capital, 0, 0], [0, 1 / capital, 1 - (size * 1.5 - y) / capital]], np.float32)
    return Glyph(char, (), canvas[y : y + h, x : x + w].copy(), matrix)


@lru_cache(maxsize=100)
def _face(path: str) -> "cv2.FontFace":
    return cv2.FontFace(path)


@lru_cache(maxsize=100)
def _capital(path: str) -> float:
    """Return the height of a font's 8 in pixels at FONT_SIZE."""
    canvas = np.zeros((2 * FONT_SIZE, 3 * FONT_SIZE), np.uint8)
    cv2.putText(canvas, "8", (FONT_SIZE // 2, FONT_SIZE * 3 // 2), 255, _face(path), FONT_SIZE)
    return float(max(cv2.boundingRect(canvas)[3], FONT_SIZE // 3))


def _parted(label: str, strokes: tuple[Points, ...]) -> tuple[Glyph, ...] | None:
    """Part a whole written number into its characters, None where its strokes do not fall apart into as many."""
    chars = label.replace(" ", "")
    if any(c not in SIGNS and not c.isdigit() for c in chars) or sum(map(str.isdigit, chars)) < 2:
        return None
    clusters: list[tuple[float, float, list[Points]]] = []
    for stroke in sorted(strokes, key=lambda s: float(s[:, 0].min())):
        left, right = float(stroke[:, 0].min()), float(stroke[:, 0].max())
        if clusters and left < clusters[-1][1] - 0.25 * min(right - left, clusters[-1][1] - clusters[-1][0]):
            last = clusters.pop()
            clusters.append((last[0], max(last[1], right), [*last[2], stroke]))
        else:
            clusters.append((left, right, [stroke]))
    if len(clusters) != len(chars):
        return None
    ends = [np.concatenate(c[2])[:, 1] for c, char in zip(clusters, chars, strict=True) if char.isdigit()]
    height = float(np.median([np.ptp(y) for y in ends]))
    foot = float(np.median([y.max() for y in ends]))
    if height < 20 or max(np.ptp(y) for y in ends) > 2.2 * height:
        return None
    offset = np.array([-clusters[0][0] / height, 1 - foot / height], np.float32)
    return tuple(
        Glyph(char, tuple((s / height + offset).astype(np.float32) for s in c[2]))
        for c, char in zip(clusters, chars, strict=True)
    )
