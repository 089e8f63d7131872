"""The pen: turns a shape into the path of a hand and the path into ink."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .shapes import DIGITS, SIGNS, Shape, Stroke

_STEP = 0.012  # em between two samples of a path, well under the thinnest pen
_SHIFT = 4  # cv2 draws circles at sixteenths of a pixel

Path = NDArray[np.float64]  # (N, 3): x, y of the pen in em and its radius in em


@dataclass(frozen=True)
class Hand:
    """The habits of one writer on one sheet; lengths in em, the height of a digit."""

    slant: float = 0.1  # x sheared per y: 0.2 leans right like most right-handers
    aspect: float = 1.0  # width over the authored width
    width: float = 0.09  # pen width
    jitter: float = 0.018  # control points
    wobble: float = 0.006  # tremor along the path
    tilt: float = 2.5  # degrees a single digit turns
    pressure: float = 0.12  # share by which the width varies along a stroke
    uneven: float = 0.05  # share by which the size of digits varies
    shapes: tuple[tuple[str, str], ...] = ()  # (digit, shape name): what this writer writes; empty: anything


def pick_hand(rng: Generator) -> Hand:
    """Draw the habits of an ordinary writer: leaning a little either way, ballpoint to felt tip."""
    return Hand(
        slant=float(rng.normal(0.1, 0.09)),
        aspect=float(rng.uniform(0.86, 1.12)),
        width=float(rng.uniform(0.065, 0.125)),
        jitter=float(rng.uniform(0.01, 0.022)),
        wobble=float(rng.uniform(0.003, 0.008)),
        tilt=float(rng.uniform(1, 3.5)),
        pressure=float(rng.uniform(0.06, 0.18)),
        uneven=float(rng.uniform(0.02, 0.07)),
    )


def with_shapes(hand: Hand, rng: Generator) -> Hand:
    """Give a hand one fixed shape per digit, drawn at random: most people write each digit in one way."""
    return replace(hand, shapes=tuple((d, str(rng.choice(sorted(forms)))) for d, forms in DIGITS.items()))


def shape_of(sign: str, hand: Hand, rng: Generator) -> Shape:
    """Return a shape for a digit or sign; raise ValueError for a character that nobody drew."""
    if sign in DIGITS:
        name = dict(hand.shapes).get(sign)
        drawn = str(rng.choice(sorted(DIGITS[sign])))
        return DIGITS[sign][name or drawn]
    if sign in SIGNS:
        return SIGNS[sign]
    raise ValueError(f"no pen strokes for {sign!r}; there are {''.join([*DIGITS, *SIGNS])}")


def spline(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Run a cubic Hermite curve through points (N, 2), returned about a hundredth of an em apart, (M, 2)."""
    chords = np.maximum(np.hypot(*np.diff(points, axis=0).T), 1e-6)
    knots = np.concatenate([[0], np.cumsum(np.sqrt(chords))])  # centripetal: no loops where points are near each other
    slopes = np.gradient(points, knots, axis=0, edge_order=2 if len(points) > 2 else 1)
    count = max(2, round(float(chords.sum()) / _STEP))
    at = np.linspace(0, knots[-1], count)
    i = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(points) - 2)
    h = (knots[i + 1] - knots[i])[:, None]
    u = (at - knots[i])[:, None] / h
    ends = (2 * u**3 - 3 * u**2 + 1) * points[i] + (3 * u**2 - 2 * u**3) * points[i + 1]
    return ends + h * ((u**3 - 2 * u**2 + u) * slopes[i] + (u**3 - u**2) * slopes[i + 1])


def slow_noise(count: int, knots: int, rng: Generator) -> NDArray[np.float64]:
    """Return count values of smooth noise of unit size, with about knots bends."""
    values = rng.normal(0, 1, max(knots, 2) + 1)
    at = np.linspace(0, len(values) - 1, count)
    i = np.minimum(at.astype(int), len(values) - 2)
    u = (1 - np.cos(np.pi * (at - i))) / 2
    return values[i] * (1 - u) + values[i + 1] * u


def _smooth(line: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Round the corners as a moving hand does; the ends stay."""
    half = window // 2
    if len(line) <= window:
        return line
    padded = np.concatenate([2 * line[0] - line[half:0:-1], line, 2 * line[-1] - line[-2 : -2 - half : -1]])
    kernel = np.ones(window) / window
    return np.stack([np.convolve(padded[:, k], kernel, "valid") for k in (0, 1)], axis=1)


def trace(stroke: Stroke, hand: Hand, rng: Generator) -> Path:
    """Follow one stroke as this hand would, (N, 3)."""
    points, corners = stroke
    points = points + rng.normal(0, hand.jitter, points.shape)
    cuts = [0, *(c for c in corners if 0 < c < len(points) - 1), len(points) - 1]
    line = np.concatenate([spline(points[a : b + 1]) for a, b in zip(cuts, cuts[1:], strict=False)])
    line = _smooth(line, 5)
    bends = 2 + len(line) // 14
    line = line + hand.wobble * np.stack([slow_noise(len(line), bends, rng) for _ in range(2)], axis=1)
    pressure = 1 + hand.pressure * slow_noise(len(line), 3, rng)
    lift = np.interp(np.arange(len(line)), [0, len(line) * 0.7, len(line) - 1], [1, 1, 1 - 1.5 * hand.pressure])
    radius = hand.width / 2 * np.clip(pressure * lift, 0.55, 1.5)
    return np.column_stack([line, radius])


def write(sign: str, hand: Hand, rng: Generator) -> list[Path]:
    """Write one digit or sign; return its paths in em, standing on y = 1."""
    size = 1 + hand.uneven * float(np.clip(rng.normal(), -2.5, 2.5))
    slant = hand.slant + 0.03 * rng.normal()
    turn = np.deg2rad(hand.tilt * rng.normal())
    aspect = hand.aspect * (1 + 0.05 * rng.normal())
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = size * matrix @ np.array([[aspect, -slant], [0, 1]])
    paths = [trace(stroke, hand, rng) for stroke in shape_of(sign, hand, rng)]
    for path in paths:
        path[:, :2] = (path[:, :2] - (0.3, 1)) @ matrix.T + (0, 1)
    return paths


def stain(ink: NDArray[np.uint8], paths: list[Path], origin: tuple[float, float], height: float) -> None:
    """Lay paths onto ink (H, W) uint8 in place: origin is where em (0, 0) falls, height the pixels of an em."""
    for path in paths:
        xy = np.rint((path[:, :2] * height + origin) * 2**_SHIFT).astype(int)
        radii = np.rint(path[:, 2] * height * 2**_SHIFT).astype(int)
        for (x, y), r in zip(xy.tolist(), radii.tolist(), strict=True):
            cv2.circle(ink, (x, y), r, 255, cv2.FILLED, cv2.LINE_AA, _SHIFT)
