"""What a line can be written with: pen strokes of real writers, scanned glyphs, fonts; parted by writer for validation.

A glyph stands in em, the height of a digit: x from 0, y from 0 (top of a digit) down to 1 (the line it stands on).
"""

import gzip
import json
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.data import read_mnist
from training.scenes import forms, pen

HELD_OUT = 8  # one writer, or font, of so many is for validation alone
FONT_SIZE = 56
FONT_SIGNS = "0123456789.,-+x/:=()[]%abcdefghkmnprtuvwyABCDEFGHKLMNPRTUVWXY$&@#?"
LETTERS = "acdefghjkmnprtuvwyABDEFGHKLMNPQRTUVWXYJ"  # on their own like no digit and no sign
OTHERS = '"#$&*;<>?@!'  # signs that are none of ours; ! stands among letters only

Points = NDArray[np.float32]


@dataclass(frozen=True)
class Inked:
    """A glyph as pen strokes: points (N, 2) float32 in em and where each stroke but the first begins; its width."""

    points: Points
    starts: tuple[int, ...]
    width: float


@dataclass(frozen=True)
class Printed:
    """A glyph as a picture: ink (h, w) uint8, its top and height in em; its width."""

    ink: NDArray[np.uint8]
    top: float
    height: float
    width: float


Glyph = Inked | Printed
Hand = dict[str, list[Glyph]]


@dataclass
class Lettering:
    """All hands: pens by writer, scans, fonts, rarer forms; whole: numbers written in one go, with their text."""

    pens: list[Hand] = field(default_factory=list)
    scans: list[Hand] = field(default_factory=list)
    fonts: list[Hand] = field(default_factory=list)
    rarer: list[Hand] = field(default_factory=list)  # authored, each in one form of each digit
    whole: list[tuple[str, Inked]] = field(default_factory=list)
    everyone: Hand = field(default_factory=lambda: defaultdict(list))  # all pens together, for what a writer lacks

    def glyph(self, sign: str, hand: Hand, rng: Generator) -> Glyph:
        """Return a glyph of a digit, sign or letter, of this hand where it has one."""
        own = hand.get(sign) or self.everyone[sign]
        return own[int(rng.integers(len(own)))]


def load(folder: Path, held_out: bool, rng: Generator) -> Lettering:
    """Read the hands of the data folder: those for training, or those held out for validation."""
    lettering = Lettering()
    writers: dict[str, Hand] = defaultdict(lambda: defaultdict(list))
    for name in ("digits", "signs", "lower", "upper"):
        for record in _records(folder / "strokes" / f"{name}.jsonl.gz"):
            if _held(record["writer"]) == held_out and (glyph := _inked(record, name == "digits")) is not None:
                writers[record["writer"]][record["label"]].append(glyph)
                lettering.everyone[record["label"]].append(glyph)
    for record in _records(folder / "strokes" / "numbers.jsonl.gz"):
        if _held(record["writer"]) == held_out and len(record["label"]) > 1:
            lettering.whole.append((record["label"], _whole(record)))
    lettering.pens = [hand for hand in writers.values() if sum(d in hand for d in "0123456789") >= 5]
    lettering.pens += [_authored(rng) for _ in range(max(2, len(lettering.pens) // 6))]
    lettering.rarer = [_rarer(rng) for _ in range(40)]
    lettering.scans = [_mnist(folder, held_out), _bhmsds(folder, held_out)]
    lettering.fonts = [
        _font(path) for path in sorted((folder / "fonts").glob("*.[ot]tf")) if _held(path.stem[:8]) == held_out
    ]
    return lettering


def _held(name: str) -> bool:
    return zlib.crc32(name.encode()) % HELD_OUT == 0


def _records(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _join(strokes: list[list[list[int]]]) -> tuple[Points, tuple[int, ...]]:
    """Return the points of all strokes, at most 60 a stroke, and where each but the first begins."""
    parts = [np.array(stroke, np.float32)[:: max(1, len(stroke) // 60)] for stroke in strokes if stroke]
    parts = [np.concatenate([part, part + [[0, 1]]]) if len(part) == 1 else part for part in parts]
    return np.concatenate(parts), tuple(np.cumsum([len(part) for part in parts])[:-1].tolist())


def _inked(record: dict[str, Any], digit: bool) -> Inked | None:
    """Return a record as a glyph, digits 1 em high; None for what cannot be the digit it is said to be."""
    points, starts = _join(record["strokes"])
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    if digit and (size[1] < 1 or size[0] > 1.5 * size[1]):
        return None
    scale = size[1] if digit else max(size[0], size[1], 1)
    points = (points - low) / scale
    return Inked(points, starts, float(points[:, 0].max()))


def _whole(record: dict[str, Any]) -> Inked:
    """Return a whole number, its line made level, a high stroke of it 1 em high."""
    points, starts = _join(record["strokes"])
    strokes = np.split(points, starts)
    heights = np.array([np.ptp(stroke[:, 1]) for stroke in strokes])
    middles = np.array([(stroke.min(axis=0) + stroke.max(axis=0)) / 2 for stroke in strokes])
    high = heights > 0.5 * heights.max()
    if len(record["label"]) > 3 and high.sum() > 2:
        slope, _ = np.polyfit(middles[high, 0], middles[high, 1], 1)
        points[:, 1] -= np.clip(slope, -0.2, 0.2) * points[:, 0]
        strokes = np.split(points, starts)
    top, foot = (np.median([f(s[:, 1]) for s, h in zip(strokes, high, strict=True) if h]) for f in (np.min, np.max))
    points = (points - [points[:, 0].min(), top]) / max(foot - top, 1)
    return Inked(points.astype(np.float32), starts, float(points[:, 0].max()))


def _authored(rng: Generator) -> Hand:
    """Return a hand that keeps to the scene maker's own shapes, a dozen of each digit."""
    habit = pen.with_shapes(pen.pick_hand(rng), rng)
    return {
        digit: [_of_strokes([path[::4, :2] for path in pen.write(digit, habit, rng)]) for _ in range(12)]
        for digit in "0123456789"
    }


def _rarer(rng: Generator) -> Hand:
    """Return a hand that keeps to one of the rarer forms of each digit, eight of each."""
    kept = {digit: int(rng.integers(len(shapes))) for digit, shapes in forms.FORMS.items()}
    return {d: [_of_strokes(forms.write(d, form, rng)) for _ in range(8)] for d, form in kept.items()}


def _of_strokes(strokes: list[NDArray[Any]]) -> Inked:
    """Return a digit of strokes (n, 2), 1 em high."""
    points = np.concatenate(strokes).astype(np.float32)
    points -= points.min(axis=0)
    points /= max(float(points[:, 1].max()), 0.2)
    return Inked(points, tuple(np.cumsum([len(s) for s in strokes])[:-1].tolist()), float(points[:, 0].max()))


def _mnist(folder: Path, held_out: bool) -> Hand:
    """Return MNIST's training digits as glyphs; the last 5,000 are held out."""
    images, labels = (part.numpy() for part in read_mnist(folder / "mnist", "train"))
    chosen = slice(-5000, None) if held_out else slice(0, -5000, 2)
    hand: Hand = defaultdict(list)
    for image, label in zip(images[chosen], labels[chosen], strict=True):
        x, y, w, h = cv2.boundingRect((image.reshape(28, 28) > 60).astype(np.uint8))
        hand[str(int(label))].append(Printed(image.reshape(28, 28)[y : y + h, x : x + w], 0.0, 1.0, w / h))
    return hand


def _bhmsds(folder: Path, held_out: bool) -> Hand:
    """Return the photographed digits, which were stretched to squares, made slim again; the last tenth is held out."""
    with np.load(folder / "digits" / "bhmsds_digits.npz") as file:
        images, labels = 255 - file["images"], file["labels"]
    hand: Hand = defaultdict(list)
    for digit in range(10):
        own = images[labels == digit]
        last = len(own) // 10
        for k, image in enumerate(own[-last:] if held_out else own[:-last]):
            width = (0.3 if digit == 1 else 0.62) * (0.8 + 0.4 * ((k * 0.618) % 1))
            hand[str(digit)].append(Printed(image, 0.0, 1.0, width))
    return hand


def _font(path: Path) -> Hand:
    """Return the glyphs of a font file, one em its digits' height."""
    face = cv2.FontFace(str(path))
    drawn: dict[str, tuple[NDArray[np.uint8], int]] = {}
    for sign in FONT_SIGNS:
        canvas = np.zeros((3 * FONT_SIZE, 3 * FONT_SIZE, 1), np.uint8)
        cv2.putText(canvas, sign, (FONT_SIZE, 2 * FONT_SIZE), (255.0,), face, FONT_SIZE)
        x, y, w, h = cv2.boundingRect(canvas)
        if w and h:
            drawn[sign] = (np.ascontiguousarray(canvas[y : y + h, x : x + w, 0]), y)
    zero, top = drawn["0"]
    em = len(zero)
    return {sign: [Printed(ink, (y - top) / em, len(ink) / em, ink.shape[1] / em)] for sign, (ink, y) in drawn.items()}
