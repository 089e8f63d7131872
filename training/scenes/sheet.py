"""Lay rows of numbers onto a sheet, as people write them, and keep the truth."""

from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .pen import Hand, Path, stain, write

Box = tuple[float, float, float, float]  # x, y, w, h of the ink in pixels

_BINS = 25  # bands of height in which the gap between two digits is measured
_REACH = 2  # bands


@dataclass(frozen=True)
class Layout:
    """How rows lie on the sheet; lengths in em unless said otherwise."""

    margin: float = 0.09  # share of the sheet's width and height that stays free of ink
    fill: float = 0.62  # share of the row pitch that the digits take
    spacing: float = 0.17  # between two digits of a number
    spread: float = 0.05  # by how much spacing varies
    wide: float = 1.7  # the gap that parts two numbers, at least 1.2
    slope: float = 0.0  # degrees that all rows rise or fall
    drift: float = 0.6  # degrees by which rows differ from one another
    curve: float = 0.05  # bow of a row
    bounce: float = 0.02  # digits above and below their line
    touching: float = 0.0  # share of neighbours in a number that touch
    indent: float = 0.6  # share of the free width by which a row may start further right
    largest: float = 150.0  # pixels, the highest digit


@dataclass(frozen=True)
class Sheet:
    """What was written: ink (H, W) uint8 with 255 for full ink, the truth, and where each row stands."""

    ink: NDArray[np.uint8]
    rows: tuple[str, ...]  # digits alone, a blank for a wide gap
    boxes: tuple[tuple[Box, ...], ...]  # of the digits or signs of each number, row by row
    lines: tuple[float, ...]  # y of each row's line at the left margin
    height: float  # pixels of an em
    pitch: float  # pixels from row to row


def truth(row: str) -> str:
    """Return the digits of a row, its signs left out: '12 + 7' is read '12 7'."""
    return " ".join("".join(c for c in word if c.isdigit()) for word in row.split() if any(map(str.isdigit, word)))


def _profile(paths: list[Path]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the left and right edge of the ink in each band of height; bands without ink are infinite."""
    points = np.concatenate(paths)
    left, right = np.full(_BINS, np.inf), np.full(_BINS, -np.inf)
    band = np.clip(((points[:, 1] + 0.15) / 1.3 * _BINS).astype(int), 0, _BINS - 1)
    np.minimum.at(left, band, points[:, 0] - points[:, 2])
    np.maximum.at(right, band, points[:, 0] + points[:, 2])
    # The pen is about two bands wide, so ink in one band reaches into the next.
    near = np.arange(_BINS)[:, None] + np.arange(-_REACH, _REACH + 1)
    return left, np.take(right, near, mode="clip").max(axis=1)


def compose(row: str, hand: Hand, layout: Layout, rng: Generator) -> list[list[Path]]:
    """Write a row in em from x = 0 on: a list of paths for each digit or sign."""
    placed: list[list[Path]] = []
    for word in row.split():
        for k, sign in enumerate(word):
            paths = write(sign, hand, rng)
            left, right = _profile(paths)
            touch = rng.random() < layout.touching
            gap = max(layout.spacing + layout.spread * rng.normal(), 0.07)
            overlap = hand.width * rng.uniform(0.1, 0.5)
            if not placed:
                x = -left.min()
            else:
                before = _profile(placed[-1])[1]
                x = before.max() - left.min() + (gap if k else layout.wide * rng.uniform(0.9, 1.25))
                if k and touch and word[k - 1 : k + 1] != "11":  # two ones laid into each other are one thick one
                    x = float(np.max(before - left)) - overlap
            for path in paths:
                path[:, 0] += x
            placed.append(paths)
    return placed


def _bend(placed: list[list[Path]], layout: Layout, rng: Generator) -> None:
    """Move each digit of a row off its line in place: slope, bow and bounce."""
    slope = np.tan(np.deg2rad(layout.slope + layout.drift * rng.normal()))
    bow, phase = layout.curve * rng.normal(), rng.uniform(0, np.pi)
    for paths in placed:
        x = float(np.concatenate(paths)[:, 0].mean())
        for path in paths:
            path[:, 1] += slope * x + bow * np.sin(phase + x / 3) + layout.bounce * rng.normal(0, 0.6)


def _box(paths: list[Path]) -> Box:
    points = np.concatenate(paths)
    low, high = (points[:, :2] - points[:, 2:]).min(axis=0), (points[:, :2] + points[:, 2:]).max(axis=0)
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


def lay(rows: list[str], size: tuple[int, int], hand: Hand, layout: Layout, rng: Generator) -> Sheet:
    """Write rows from top to bottom on a sheet of size (W, H) pixels; every digit is whole on it.

    Raises ValueError where there is nothing to write.
    """
    if not rows or not all(row.strip() for row in rows):
        raise ValueError(f"rows must each hold a digit or sign, got {rows}")
    width, height = size[0] * (1 - 2 * layout.margin), size[1] * (1 - 2 * layout.margin)
    written = [compose(row, hand, layout, rng) for row in rows]
    longest = max(_box(placed[-1])[0] + _box(placed[-1])[2] for placed in written)
    rise = np.tan(np.deg2rad(layout.slope)) * width  # of a row over the whole sheet
    pitch = (height - abs(rise)) / len(rows)
    em = min(pitch * layout.fill, width / longest, layout.largest)
    ink = np.zeros((size[1], size[0]), np.uint8)
    boxes, lines = [], []
    for k, (row, placed) in enumerate(zip(rows, written, strict=True)):
        _bend(placed, layout, rng)
        right = _box(placed[-1])[0] + _box(placed[-1])[2]
        x = size[0] * layout.margin + rng.uniform(0, layout.indent) * max(width - right * em, 0)
        line = size[1] * layout.margin + (k + 0.5) * pitch + em / 2 - min(rise, 0)
        line += rise * (x / size[0] - layout.margin)
        for paths in placed:
            stain(ink, paths, (x, line - em), em)
        found = iter([(x + a * em, line - em + b * em, c * em, d * em) for a, b, c, d in map(_box, placed)])
        boxes += [tuple(islice(found, len(word))) for word in row.split()]
        lines.append(line)
    return Sheet(ink, tuple(filter(None, map(truth, rows))), tuple(boxes), tuple(lines), em, pitch)


def random_rows(rng: Generator, count: int, longest: int = 6) -> list[str]:
    """Draw count rows of digits: numbers of 1 to longest digits, one row in four with two numbers."""
    rows = []
    for _ in range(count):
        numbers = ["".join(map(str, rng.integers(0, 10, rng.integers(1, longest + 1)))) for _ in range(2)]
        rows.append(" ".join(numbers) if rng.random() < 0.25 else numbers[0])
    return rows


def coloured(
    sheet: Sheet, paper: NDArray[np.uint8], colour: tuple[float, float, float], dry: float, rng: Generator
) -> NDArray[np.uint8]:
    """Put the ink on paper (H, W, 3): colour is BGR, dry 0..1 the share of grain (chalk, dry pen) in it."""
    alpha = sheet.ink.astype(np.float32)[..., None] / 255
    if dry > 0:
        grain = rng.normal(0, 1, sheet.ink.shape).astype(np.float32)
        alpha = alpha * np.clip(1 - dry * (0.25 + 0.5 * np.abs(grain)), 0, 1)[..., None]
    mixed = paper * (1 - alpha) + np.array(colour, np.float32) * alpha
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
