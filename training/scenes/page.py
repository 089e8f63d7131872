"""A page seen at an angle, and the hand that writes and draws on it."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.scenes import texts
from training.scenes.canvas import Canvas, Pen
from training.scenes.glyphs import LETTERS, Glyph, Hand, Hands
from training.scenes.handwriting import looseness

Box = tuple[float, float, float, float]  # left, top, right, foot in pixels of the page

UNEVEN = 0.12  # share of the gaps of a hand that writes loosely by which they deviate


@dataclass
class Page:
    """A page to be written on: `view` (3, 3) leads from its pixels to those of the canvas."""

    canvas: Canvas
    hands: Hands
    hand: Hand
    pens: list[Pen]
    view: NDArray[np.float64]
    gap: float  # ems between two characters
    rng: Generator

    @property
    def pen(self) -> Pen:
        """The pen of the digits."""
        return self.pens[0]

    def seen(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where points of the page (N, 2) lie on the canvas, (N, 2)."""
        moved = np.column_stack([points, np.ones(len(points))]) @ self.view.T
        return moved[:, :2] / moved[:, 2:]

    def put(self, glyph: Glyph, x: float, y: float, height: float, pen: Pen, kind: str, habit: bool = True) -> None:
        """Write a glyph with its origin at (x, y), the foot of its line; with the habits of the hand, or none."""
        corners = self.seen(np.array([[x, y], [x + height, y], [x, y - height]]))
        base = np.column_stack([corners[1] - corners[0], corners[0] - corners[2]])  # of an em each way
        if habit:
            hand, rng = self.hand, self.rng
            turn, size = rng.normal(0, hand.tilt), 1 + np.clip(rng.normal(0, hand.uneven), -0.35, 0.35)
            shape = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
            base = base @ (size * shape @ np.array([[hand.aspect, -hand.slant], [0, 1]]))
            middle = sum(glyph.extent) / 2
            corners[0] += base @ np.array([(1 - hand.aspect) / 2 * middle, rng.normal(0, hand.uneven / 2)])
        offset = corners[0] - base @ np.array([0.0, 1.0])
        self.canvas.put(glyph, np.column_stack([base, offset]), pen, kind, self.rng)

    def text(self, text: str, x: float, y: float, height: float, kind: str = "digit", pen: Pen | None = None) -> Box:
        """Write text from x on the line y; digits are of `kind`, all else is other ink. Returns its box."""
        pen, start, top, after = pen or self.pen, x, y - height, x
        first = len(self.canvas.marks)
        spoken = sum(char in LETTERS for char in text) >= 2 or any(map(str.isdigit, text))
        for char in text:
            if char == " ":
                x += height * self.rng.uniform(0.5, 0.9) + self.apart(height)
                continue
            glyph = self.hands.glyph(char, self.hand, self.rng)
            left, right = glyph.extent
            doubtful = not spoken and char in texts.AMBIGUOUS
            what = kind if char.isdigit() else "unsure" if doubtful else "other"
            self.put(glyph, x - left * height * self.hand.aspect, y, height, pen, what)
            after = x + (right - left) * height * self.hand.aspect
            room = self.gap + self.rng.normal(0, 0.04 + UNEVEN * looseness(self.gap))
            if not char.isdigit():
                room = max(room, 0.06)
            if char == "1":
                room = max(room, 0.1)
            x = after + max(room * height, -0.6 * (after - x))
        self.canvas.tell(text, first, struck=kind == "other")
        return start, top, after, y

    def apart(self, height: float) -> float:
        """Return by how much a gap that parts two texts is wider for a hand that writes loosely, pixels."""
        return height * looseness(self.gap) * float(self.rng.uniform(0.7, 1.5))

    def width(self, text: str, height: float) -> float:
        """Return about how wide a text will be."""
        return len(text) * (0.6 * self.hand.aspect + max(self.gap, -0.3)) * height

    def line(self, x0: float, y0: float, x1: float, y1: float, width: float, pen: Pen, waver: float = 0.0) -> None:
        """Draw a line of the page, width and wavering in pixels."""
        at = np.linspace(0, 1, 8)[:, None]
        points = np.array([[x0, y0]]) * (1 - at) + np.array([[x1, y1]]) * at
        points[:, 1] += np.cumsum(self.rng.normal(0, 1, 8)) * waver / 3
        self.canvas.line(self.seen(points), width, pen)

    def ring(self, box: Box, pen: Pen, width: float) -> None:
        """Draw a ring about a box."""
        left, top, right, foot = box
        reach = (foot - top) * self.rng.uniform(0.3, 0.6)
        turns = np.linspace(0, 2 * np.pi * self.rng.uniform(0.93, 1.12), 40) + self.rng.uniform(0, 6)
        round_ = 1 + np.cumsum(self.rng.normal(0, 0.006, 40))
        half = np.array([(right - left) / 2 * 1.15 + reach, (foot - top) / 2 + reach])
        middle = np.array([left + right, top + foot]) / 2
        spots = middle + half * np.column_stack([np.cos(turns), np.sin(turns)]) * round_[:, None]
        self.canvas.line(self.seen(spots), width, pen)

    def frame(self, box: Box, pen: Pen, width: float, room: float) -> None:
        """Draw a box about a box, `room` pixels away."""
        a, b, c, d = box[0] - room, box[1] - room, box[2] + room, box[3] + room
        for ends in ((a, b, c, b), (c, b, c, d), (c, d, a, d), (a, d, a, b)):
            self.line(*ends, width, pen)
