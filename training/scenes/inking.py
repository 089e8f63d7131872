"""Write tokens as pieces of ink in em: digits, signs, letters and scribbles of one hand, as one line has them."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.scenes.handwriting import Style
from training.scenes.lettering import LETTERS, OTHERS, Hand, Inked, Lettering, Printed

Points = NDArray[np.float32]


@dataclass
class Piece:
    """One token in em: strokes (n, 2) each, or a picture with its box x, y, w, h; from x = 0 to width."""

    strokes: list[Points]
    picture: NDArray[np.uint8] | None
    box: tuple[float, float, float, float]
    width: float
    digit: bool = False


_SPREAD = np.array([0.22, 0.12, 0.2])  # of what one writer's digits differ in by chance

# Of signs: longest side in em and how far down the middle stands, as ranges.
_SIGNS = {
    ".": ((0.03, 0.12), (0.85, 1.02)),
    ",": ((0.12, 0.32), (0.92, 1.12)),
    "-": ((0.22, 0.75), (0.4, 0.66)),
    "+": ((0.4, 0.85), (0.4, 0.66)),
    "x": ((0.35, 0.8), (0.46, 0.72)),
    "/": ((0.85, 1.5), (0.42, 0.6)),
    ":": ((0.35, 0.75), (0.45, 0.7)),
    "=": ((0.35, 0.8), (0.38, 0.66)),
    **dict.fromkeys("()[]", ((0.95, 1.5), (0.4, 0.6))),
    "%": ((0.7, 1.1), (0.4, 0.6)),
}


def piece(token: str, lettering: Lettering, hand: Hand, how: Style, rng: Generator) -> Piece:
    """Write one token; a token of several zeros is written as one chain of loops."""
    if token.isdigit() and len(token) == 1:
        return _digit(token, lettering, hand, how, rng)
    if len(token) > 1:
        return _chain(len(token), how, rng)
    if token == "S":
        return _of_strokes(scribble(rng))
    if token in _SIGNS:
        sizes, middles = _SIGNS[token]
        return _sign(token, lettering, hand, float(rng.uniform(*sizes)), float(rng.uniform(*middles)), rng)
    letters = [str(c) for c in rng.choice(list(LETTERS + OTHERS), 1 if token == "a" else int(rng.integers(3, 9)))]
    return _word(letters, lettering, hand, rng)


def _digit(token: str, lettering: Lettering, hand: Hand, how: Style, rng: Generator) -> Piece:
    """Write a digit: turned, stretched and sized a little differently each time."""
    size = float(np.clip(1 + how.size * rng.normal(), 0.6, 1.35)) * (how.zeros if token == "0" else 1)
    aspect = how.aspect * float(np.clip(1 + 0.1 * rng.normal(), 0.75, 1.3))
    foot = 1 + 0.5 * how.size * float(rng.normal()) - (0.5 * (1 - how.zeros) * (token == "0") * (rng.random() < 0.3))
    glyph = lettering.glyph(token, hand, rng)
    if isinstance(glyph, Printed):
        width = glyph.width * aspect * size
        top = foot - size + glyph.top * size
        return Piece([], glyph.ink, (0.0, top, width, glyph.height * size), width, True)
    strokes = np.split(glyph.points, glyph.starts)
    if token == "1" and rng.random() < how.flags:
        strokes = [_flagged(rng)]
    elif token == "7" and rng.random() < 0.12:
        x = glyph.width * float(rng.uniform(0.4, 0.75))
        strokes.append(_line((x - rng.uniform(0.15, 0.4), 0.52), (x + rng.uniform(0.15, 0.4), rng.uniform(0.4, 0.54))))
    elif token == "0" and rng.random() < 0.03:
        strokes.append(_line((glyph.width * 1.1, -0.05), (-0.1 * glyph.width, 1.05)))
    if rng.random() < how.tails:
        strokes.append(_tail(strokes[-1], rng))
    turn = how.tilt * float(rng.normal())
    matrix = size * np.array([[aspect, turn * aspect], [-turn, 1]], np.float32)
    strokes = [_shaped(s, how.shape + 0.5 * rng.normal(0, 1, 3) * _SPREAD, glyph.width) @ matrix for s in strokes]
    low = min(float(s[:, 0].min()) for s in strokes[: len(glyph.starts) + 1])
    high = max(float(s[:, 0].max()) for s in strokes[: len(glyph.starts) + 1])
    shift = np.array([-low, foot - size], np.float32)
    return Piece([s + shift for s in strokes], None, (0, 0, 0, 0), high - low, True)


def _shaped(points: Points, shape: NDArray[np.float64], width: float) -> Points:
    """Move a digit's waist up or down, bow it, and make its foot narrower than its head, or wider."""
    x, y = points[:, 0], points[:, 1]
    waist, bow, foot = np.clip(shape, -0.5, 0.5).astype(np.float32)
    arch = y * (1 - y)
    return np.stack([width / 2 + (x - width / 2) * (1 + foot * (1 - 2 * y)) + bow * arch, y + waist * arch], axis=1)


def _chain(count: int, how: Style, rng: Generator) -> Piece:
    """Write zeros without lifting the pen: rings one after another, near or into each other."""
    size = float(rng.uniform(0.4, 1.0))
    width = size * float(rng.uniform(0.5, 1.0)) * min(how.aspect, 1.3)
    turn = np.linspace(0, 2 * np.pi * float(rng.uniform(0.92, 1.12)), 18) + float(rng.uniform(-0.6, 0.4))
    points = []
    x = 0.0
    for _ in range(count):
        w, h = width * float(rng.uniform(0.85, 1.15)), size * float(rng.uniform(0.85, 1.15))
        ring = np.stack([x + w / 2 + w / 2 * np.sin(-turn), 1 - h / 2 - h / 2 * np.cos(turn)], axis=1)
        points.append(ring)
        x += w * float(rng.uniform(0.75, 1.15))
    joined = np.concatenate(points).astype(np.float32)
    strokes = [joined] if rng.random() < 0.75 else [p.astype(np.float32) for p in points]
    piece = _of_strokes(strokes)
    return Piece(piece.strokes, None, piece.box, piece.width, True)


def _line(start: tuple[float, float], end: tuple[float, float]) -> Points:
    return np.array([start, end], np.float32)


def _curve(a: Points, b: Points, c: Points, d: Points, count: int = 9) -> Points:
    """Return a cubic curve from a to d by way of b and c."""
    t = np.linspace(0, 1, count, dtype=np.float32)[:, None]
    s = 1 - t
    curve: Points = (s**3 * a + 3 * s**2 * t * b + 3 * s * t**2 * c + t**3 * d).astype(np.float32)
    return curve


def _flagged(rng: Generator) -> Points:
    """Return a one with a long upstroke."""
    out, down = float(rng.uniform(0.12, 0.6)), float(rng.uniform(0.15, 0.95))
    top, foot = np.array([out, 0.0], np.float32), np.array([out + rng.uniform(-0.2, 0.1), 1], np.float32)
    start = np.array([0, down], np.float32)
    bend: Points = ((start + top) / 2 + rng.normal(0, 0.06, 2)).astype(np.float32)
    return np.concatenate([_curve(start, bend, bend, top), np.stack([top, foot])])


def _tail(stroke: Points, rng: Generator) -> Points:
    """Return a stroke that goes on where another ends, in a bow."""
    end = stroke[-1]
    ahead = end - stroke[max(-4, -len(stroke))]
    ahead = ahead / max(float(np.hypot(*ahead)), 1e-3) * float(rng.uniform(0.1, 0.55))
    side = np.array([-ahead[1], ahead[0]], np.float32) * float(rng.normal(0, 0.8))
    return _curve(end, end + ahead * 0.4, end + ahead * 0.8 + side * 0.3, end + ahead + side)


def _sign(token: str, lettering: Lettering, hand: Hand, size: float, middle: float, rng: Generator) -> Piece:
    """Write a sign, its longest side `size`, its middle so far down."""
    plain = {
        ".": [_line((0, 0), (0.02, 0.3))],
        ",": [_line((0.4, 0), (0, 1))],
        "-": [_line((0, 0.1), (1, float(rng.normal(0.1, 0.1))))],
        "=": [_line((0, 0), (1, float(rng.normal(0, 0.06)))), _line((0.05, 0.45), (1, float(rng.normal(0.45, 0.06))))],
        "/": [_line((float(rng.uniform(0.25, 0.7)), 0), (0, 1))],
        "x": [_line((0, 0), (0.9, 1)), _line((0.9, 0), (0, 1))],
        "+": [_line((0, 0.5), (1, 0.5)), _line((0.5, 0), (0.5, 1))],
    }
    glyph = lettering.glyph(token, hand, rng)
    if isinstance(glyph, Printed):
        return Piece([], glyph.ink, (0.0, glyph.top, glyph.width, glyph.height), glyph.width)
    strokes = np.split(glyph.points, glyph.starts)
    if token in plain and rng.random() < 0.45:
        strokes = plain[token]
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = size / max(float((high - low).max()), 0.1)
    shift = np.array([-low[0] * scale, middle - (low[1] + high[1]) / 2 * scale], np.float32)
    return Piece([s * scale + shift for s in strokes], None, (0, 0, 0, 0), float(high[0] - low[0]) * scale)


def _word(letters: list[str], lettering: Lettering, hand: Hand, rng: Generator) -> Piece:
    """Write letters beside one another, one kind of case."""
    strokes: list[Points] = []
    x, size, gap = 0.0, float(rng.uniform(0.55, 1.1)), float(rng.uniform(0.0, 0.22))
    capital = rng.random() < 0.4
    cursive = not capital and rng.random() < 0.5
    for letter in letters:
        letter = letter.upper() if capital else letter
        forms = lettering.everyone[letter]
        own = [g for g in hand.get(letter, []) if isinstance(g, Inked)]
        glyph = (own or forms)[int(rng.integers(len(own or forms)))]
        assert isinstance(glyph, Inked)  # noqa: S101
        high = size * (1 if capital or letter in "bdfhklt" or not letter.isalpha() else 0.72)
        down = 0.3 * size if letter in "gjpqy" else 0.0
        shift = np.array([x, 1 - high + down], np.float32)
        own_strokes = [s * high + shift for s in np.split(glyph.points, glyph.starts)]
        if strokes and cursive:
            strokes.append(_curve(strokes[-1][-1], strokes[-1][-1], own_strokes[0][0], own_strokes[0][0]))
        strokes += own_strokes
        x += glyph.width * high + gap
    return _of_strokes(strokes)


def _of_strokes(strokes: list[Points]) -> Piece:
    low = min(float(s[:, 0].min()) for s in strokes)
    high = max(float(s[:, 0].max()) for s in strokes)
    return Piece([s - np.array([low, 0], np.float32) for s in strokes], None, (0, 0, 0, 0), high - low)


def scribble(rng: Generator) -> list[Points]:
    """Return what fills the rest of a line: waves, zigzags, loops, a signature."""
    count, length = int(rng.integers(6, 26)), float(rng.uniform(0.5, 2.5))
    t = np.linspace(0, 1, count * 4, dtype=np.float32)
    turns, height = float(rng.uniform(2, 9)), float(rng.uniform(0.1, 0.5))
    fade = 1 - t * float(rng.uniform(0, 1))
    x = length * t + float(rng.uniform(0, 0.06)) * np.cos(2 * np.pi * turns * t) * fade
    y = height * np.sin(2 * np.pi * turns * t + rng.uniform(0, 6)) * fade + float(rng.normal(0, 0.2)) * t
    if rng.random() < 0.4:
        y = y + np.interp(t, np.linspace(0, 1, 8), rng.normal(0, 0.2, 8))
    return [np.stack([x, y + float(rng.uniform(0.4, 0.75))], axis=1).astype(np.float32)]


def link(left: Piece, right: Piece, rng: Generator) -> Points | None:
    """Return the stroke by which a hurried hand goes from one placed piece to the next, if it is short enough."""
    if not left.strokes or not right.strokes:
        return None
    a, b = left.strokes[-1], right.strokes[0]
    away = float(np.hypot(*(b[0] - a[-1])))
    if not 0.02 < away < 1.3:
        return None

    def heading(p: Points, q: Points) -> Points:
        d = q - p
        return (d / max(float(np.hypot(*d)), 1e-3) * away * float(rng.uniform(0.1, 0.5))).astype(np.float32)

    return _curve(a[-1], a[-1] + heading(a[max(-4, -len(a))], a[-1]), b[0] - heading(b[0], b[min(3, len(b) - 1)]), b[0])
