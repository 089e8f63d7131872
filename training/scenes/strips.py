"""Draw lines of writing as strips for the row network, with what they say.

What is decided here: a slashed zero is a 0 and a crossed 7 a 7; two dashes at an amount's end are two minus signs; a
wave or a scribble is ~; a run of letters is one ~; digits struck out are one ~; a ruled line or a border is nothing.
Ink is drawn bright, at twice the strip's size; paper, light and camera come afterwards (`papers`).
"""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from realtime.reading.strips import COVER, HEIGHT, SIGN
from training.scenes import handwriting, inking, lettering, wording
from training.scenes.handwriting import Style
from training.scenes.inking import Piece, Points
from training.scenes.marking import draw_glyph, draw_lines, draw_strokes
from training.scenes.papers import Margin, Papers, degrade, on_paper

FINE = 2  # ink is drawn at so many times the size of the strip
TALL = FINE * HEIGHT
MOST = 480  # columns of a drawn strip; what is longer is written again with fewer tokens
PENS, SCANS = 0.77, 0.14  # shares of the lines by pen and in scanned glyphs; the rest is in fonts
RARER = 0.3  # share of the lines by pen with rarer forms of digits
CHAINED = 0.3  # share of the lines by pen in which zeros side by side are one chain
WHOLE = 0.22  # share of the lines by pen that hold a number written in one go
MILD = 1.7  # power of chance that says how hard a paper and a camera make a line to read: 0 clean to 1
STRUCK = 0.035  # share of the lines in which a number is struck out

Canvas = NDArray[np.uint8]


class Drawer:
    """Draws strips without end from one set of hands: `drawer.draw(rng)` gives (32, W) uint8 and its text."""

    def __init__(self, folder: Path, held_out: bool, rng: Generator) -> None:
        self.lettering = lettering.load(folder, held_out, rng)
        self.papers = Papers(folder, held_out, rng)
        counts = np.sqrt([sum(len(g) for d, g in h.items() if d.isdigit()) for h in self.lettering.pens])
        self._often = np.cumsum(counts / counts.sum())

    def draw(self, rng: Generator) -> tuple[NDArray[np.uint8], str]:
        """Draw one strip (32, W) uint8 and what it says."""
        canvas, margin, text = self.write(rng)
        return self.see(canvas, margin, rng), text

    def see(self, canvas: Canvas, margin: Margin, rng: Generator) -> NDArray[np.uint8]:
        """Lay a written line on paper and look at it through a camera, differently each time: (32, W) uint8."""
        hard = float(rng.random() ** MILD)
        return degrade(on_paper(canvas, self.papers, hard, rng), margin, hard, rng)

    def write(self, rng: Generator) -> tuple[Canvas, Margin, str]:
        """Write one line: its ink (64, 2 W) uint8, the columns at its ends outside the picture, and what it says."""
        how = handwriting.style(rng)
        hand, by_pen = self._hand(rng)
        tokens = wording.draw(rng)
        written: Piece | None = None
        if by_pen and rng.random() < WHOLE:
            tokens, written = self._in_one_go(how, rng)
        elif by_pen and rng.random() < CHAINED:
            tokens = _chained(tokens)
        while True:
            text, pieces, gaps = self._write(tokens, written, hand, how, rng)
            canvas, margin = self._lay(pieces, gaps, hand, how, rng)
            if canvas.shape[1] <= FINE * MOST:
                return canvas, margin, text
            tokens = tokens[: len(tokens) * 2 // 3]

    def _hand(self, rng: Generator) -> tuple[lettering.Hand, bool]:
        """Pick who writes, and tell whether with a pen."""
        own, kind = self.lettering, rng.random()
        if kind < PENS:
            hand = own.pens[min(int(np.searchsorted(self._often, rng.random())), len(own.pens) - 1)]
            if rng.random() < RARER:  # some of this writer's digits are of the rarer forms
                other, share = own.rarer[int(rng.integers(len(own.rarer)))], float(rng.uniform(0.2, 1))
                hand = hand | {digit: shapes for digit, shapes in other.items() if rng.random() < share}
            return hand, True
        if kind < PENS + SCANS:
            return own.scans[int(rng.integers(len(own.scans)))], False
        return own.fonts[int(rng.integers(len(own.fonts)))], False

    def _in_one_go(self, how: Style, rng: Generator) -> tuple[list[str], Piece]:
        """Return tokens around a number written in one go, and that number."""
        label, glyph = self.lettering.whole[int(rng.integers(len(self.lettering.whole)))]
        scale = np.array([how.aspect, 1], np.float32)
        strokes = np.split(glyph.points * scale, glyph.starts)
        tokens = [*str(rng.choice(wording.HEADS)), label, *str(rng.choice(wording.TAILS))]
        return tokens, Piece(strokes, None, (0, 0, 0, 0), glyph.width * how.aspect, True)

    def _write(
        self, tokens: list[str], written: Piece | None, hand: lettering.Hand, how: Style, rng: Generator
    ) -> tuple[str, list[Piece], list[float]]:
        """Return what the line says, its pieces one after another, and where gaps part its numbers."""
        pieces: list[Piece] = []
        gaps: list[float] = []
        of: list[int] = []  # the token of each piece
        end, before, wide = 0.0, "", 0.0
        for place, token in enumerate(tokens):
            if token == " ":
                wide = float(rng.uniform(0.5, 2.2)) + handwriting.looseness(how.gap) * float(rng.uniform(0.5, 1.5))
                continue
            if len(token) > 1 and written is not None:
                piece = written
            else:
                piece = inking.piece(token, self.lettering, hand, how, rng)
            start = end + _gap(before, token, how, rng) + wide
            if pieces:
                least = 0.5 * (max(0.24, 1.7 * how.width) + 0.15 * (not piece.digit or not pieces[-1].digit))
                start = max(start, end - pieces[-1].width / 2 + 2 * least - piece.width / 2)
            if wide:
                gaps.append((end + start) / 2)
            piece = _moved(piece, start)
            if pieces and not wide and rng.random() < how.joined:
                joint = inking.link(pieces[-1], piece, rng)
                piece.strokes += [] if joint is None else [joint]
            pieces.append(piece)
            of.append(place)
            end, before, wide = start + piece.width, token, 0.0
        number = wording.a_number(tokens, rng) if rng.random() < STRUCK else range(0)
        struck = [piece for piece, place in zip(pieces, of, strict=True) if place in number]
        if struck:
            tokens = [*tokens[: number.start], "W", *tokens[number.stop :]]
            start = struck[0].box[0]
            pieces.append(_moved(_strike(struck[-1].box[0] + struck[-1].width - start, rng), start))
        return wording.truth(tokens), pieces, gaps

    def _lay(
        self, pieces: list[Piece], gaps: list[float], hand: lettering.Hand, how: Style, rng: Generator
    ) -> tuple[Canvas, Margin]:
        """Draw pieces on a canvas (64, 2 W) uint8 with lines and what else reaches in; return it with its margins."""
        length = max((p.box[0] + p.width for p in pieces), default=float(rng.uniform(0.5, 4)))
        length = max(length, 0.1)  # a dot alone is as narrow as the pen
        strokes = [_bend(s, length, how) for p in pieces for s in p.strokes]
        ends = [(float(s[:, 0].min()), float(s[:, 0].max())) for s in strokes]
        ends += [(p.box[0], p.box[0] + p.box[2]) for p in pieces if p.picture is not None] or ([] if ends else [(0, 1)])
        low, high = min(a for a, _ in ends), max(b for _, b in ends)
        em, top, left, right, margin = _frame(rng)
        columns = int(np.ceil(max((high - low) * em + left + right, HEIGHT / 2)))
        canvas = np.zeros((TALL, FINE * columns), np.uint8)
        scale, shift = FINE * em, np.array([FINE * left - low * FINE * em, FINE * top], np.float32)
        draw_lines(canvas, scale, shift, gaps, high - low, rng)
        if rng.random() < 0.22:
            draw_strokes(canvas, self._beside(length, hand, how, rng), scale, shift, how.width, rng)
        if rng.random() < 0.12:
            ends_at = -shift[0] / scale, (canvas.shape[1] - shift[0]) / scale
            strokes += self._cut_off((low, high), ends_at, hand, how, rng)
        for p in pieces:
            if p.picture is not None:
                draw_glyph(canvas, p, scale, shift, how.slant)
        if any(p.picture is not None for p in pieces) and rng.random() < 0.4:
            thicken = cv2.dilate if rng.random() < 0.6 else cv2.erode
            canvas = thicken(canvas, np.ones((2, 2), np.uint8), iterations=int(rng.integers(1, 3)))
        draw_strokes(canvas, strokes, scale, shift, how.width, rng)
        return canvas, margin

    def _cut_off(
        self, ink: tuple[float, float], ends: tuple[float, float], hand: lettering.Hand, how: Style, rng: Generator
    ) -> list[Points]:
        """Return a digit that stands for the most part beyond one end of the strip: it is not of this line."""
        piece = inking.piece(str(rng.integers(10)), self.lettering, hand, how, rng)
        shown = piece.width * float(rng.uniform(0.1, 0.4))
        x = ends[1] - shown if rng.random() < 0.5 else ends[0] - piece.width + shown
        apart = x - ink[1] if x > ink[1] else ink[0] - x - piece.width
        return [s + np.array([x, 0], np.float32) for s in piece.strokes] if apart > 0.2 else []

    def _beside(self, length: float, hand: lettering.Hand, how: Style, rng: Generator) -> list[Points]:
        """Return strokes of the lines above and below, of which only the ends reach into the strip."""
        strokes: list[Points] = []
        for side in (-1, 1):
            x = float(rng.uniform(-1, 1))
            away = side * float(rng.uniform(1.0, 1.6))
            while x < length and rng.random() < 0.75:
                piece = inking.piece(str(rng.integers(10)), self.lettering, hand, replace(how, tails=0.3), rng)
                strokes += [s + np.array([x, away], np.float32) for s in piece.strokes]
                x += piece.width + float(rng.uniform(0, 1))
        return strokes


def _chained(tokens: list[str]) -> list[str]:
    """Make one token of zeros side by side."""
    joined: list[str] = []
    for token in tokens:
        if token == "0" and joined and set(joined[-1]) == {"0"}:
            joined[-1] += "0"
        else:
            joined.append(token)
    return joined


def _gap(before: str, token: str, how: Style, rng: Generator) -> float:
    """Return the gap between two tokens, em: signs stand freer than digits, points and commas lie at a digit's foot."""
    gap = how.gap + how.uneven * float(rng.normal())
    if not before:
        return 0.0
    if token in ".,":
        return float(rng.uniform(-0.15, 0.2))
    if before[-1:].isdigit() and token[:1].isdigit():
        return gap
    return max(gap, -0.1) + (float(rng.uniform(0, 0.5)) if rng.random() < 0.6 else 0.0)


def _moved(piece: Piece, x: float) -> Piece:
    """Return a piece at its place along the line."""
    shift = np.array([x, 0], np.float32)
    _, y, w, h = piece.box
    return Piece([s + shift for s in piece.strokes], piece.picture, (x, y, w, h), piece.width, piece.digit)


def _strike(length: float, rng: Generator) -> Piece:
    """Return the strokes that strike a number out: one to four lines, or a zigzag."""
    if rng.random() < 0.3:
        count = int(rng.integers(5, 14))
        x = np.linspace(-0.1, length + 0.1, count)
        y = 0.5 + np.where(np.arange(count) % 2, 1, -1) * rng.uniform(0.15, 0.5, count)
        return Piece([np.stack([x, y], axis=1).astype(np.float32)], None, (0, 0, 0, 0), length)
    ys = 0.5 + rng.normal(0, 0.15, (int(rng.integers(1, 5)), 2))
    lines = [np.array([[-0.15, a], [length + 0.15, b]], np.float32) for a, b in ys]
    return Piece(lines, None, (0, 0, 0, 0), length)


def _bend(points: Points, length: float, how: Style) -> Points:
    """Lean a stroke, and bend it with the line that it stands on."""
    x, y = points[:, 0], points[:, 1]
    along = (2 * x / length - 1) * min(1.0, length / 4)
    y = y + how.drift * along + how.bow * along**2 + how.wobble * np.sin(5 * x + 3 * y + 9 * how.gap)
    x = x + how.slant * (0.5 - y) + how.wobble * np.sin(4 * x + 6 * y)
    return np.stack([x, y], axis=1)


def _frame(rng: Generator) -> tuple[float, float, float, float, Margin]:
    """Return em, top, left and right margin in the strip's pixels, and the columns at its ends outside the picture.

    Half stand as a line that was found on a page, wrong by a little; half fill a picture cut out before.
    """
    if rng.random() < 0.5:
        em = float(np.clip(HEIGHT / COVER * np.exp(rng.normal(0.02, 0.16)), 14, 34))
        top = (HEIGHT - em) / 2 + float(rng.normal(0, 1.8))
        left, right = (float(np.clip(rng.normal(SIGN, 0.35), -0.1, 1.6)) * HEIGHT / COVER for _ in range(2))
        outside = [int(rng.integers(1, 12)) if rng.random() < 0.08 else 0 for _ in range(2)]
    else:
        em = float(rng.uniform(16, 31))
        top = float(rng.uniform(-1, HEIGHT - em + 1))
        left, right = (float(rng.uniform(-0.08, 0.45)) * em for _ in range(2))
        outside = [int(rng.integers(5, 11))] * 2
    return em, top, left + outside[0], right + outside[1], (outside[0], outside[1])
