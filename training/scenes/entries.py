"""Write one entry of a page: a number, signed or not, or a word; at times ringed, boxed, underlined or struck out."""

import numpy as np

from training.scenes import texts
from training.scenes.page import Box, Page

TINY, SMALL = 9.6, 16.0  # pixels, heights of the smallest writing on one page in six and on the others
STRUCK = 0.09  # share of the numbers that are struck out


def decorate(page: Page, box: Box, height: float) -> None:
    """Now and then ring, box or underline what was written."""
    rng, pen = page.rng, page.pens[page.rng.integers(len(page.pens))]
    width = max(page.pen.width * height * rng.uniform(0.6, 1.2), 1)
    kind = rng.random()
    if kind < 0.06:
        page.ring(box, pen, width)
    elif kind < 0.1:
        page.frame(box, pen, width, height * rng.uniform(0.15, 0.5))
    elif kind < 0.16:
        for k in range(int(rng.integers(1, 3))):
            y = box[3] + height * (rng.uniform(0.1, 0.25) + 0.15 * k)
            page.line(box[0] - 0.1 * height, y, box[2] + 0.1 * height, y, width, pen, 0.04 * height)


def token(page: Page, longest: int = 7) -> str:
    """Draw what stands at one place of a page."""
    kind = page.rng.random()
    if kind < 0.62:
        return texts.number(page.rng, longest)
    return texts.signed(page.rng) if kind < 0.87 else texts.word(page.rng)


def write(page: Page, text: str, x: float, y: float, height: float) -> Box:
    """Write one text; two or more digits are at times struck out, and are then no digits any more."""
    rng = page.rng
    if text.isdigit() and len(text) > 1 and rng.random() < STRUCK:
        box = page.text(text, x, y, height, "other")
        _strike(page, box, height)
        return box
    if text.isdigit() and len(text) > 1 and page.hands.numbers and rng.random() < 0.12:
        whole = page.hands.numbers[rng.integers(len(page.hands.numbers))]
        first = len(page.canvas.marks)
        for glyph in whole:
            page.put(glyph, x, y, height, page.pen, "digit" if glyph.char.isdigit() else "other", habit=False)
        page.canvas.tell("".join(glyph.char for glyph in whole), first)
        return x, y - height, x + height * max(glyph.extent[1] for glyph in whole), y
    box = page.text(text, x, y, height)
    decorate(page, box, height)
    return box


def _strike(page: Page, box: Box, height: float) -> None:
    """Strike out what was written: one to three lines, level or aslant, a cross, or a zigzag."""
    rng = page.rng
    (left, top, right, foot), reach = box, height * rng.uniform(0, 0.3)
    width = max(page.pen.width * height * rng.uniform(0.7, 1.2), 1.5)
    kind = rng.random()
    if kind < 0.2:
        x = np.linspace(left - reach, right + reach, int(rng.integers(5, 13)))
        y = (top + foot) / 2 + height * np.where(np.arange(len(x)) % 2, 1, -1) * rng.uniform(0.1, 0.5, len(x))
        for k in range(len(x) - 1):
            page.line(x[k], y[k], x[k + 1], y[k + 1], width, page.pen)
        return
    if kind < 0.35:
        for a, b in ((top, foot), (foot, top)):
            page.line(left - reach, a, right + reach, b, width, page.pen, 0.06 * height)
        return
    for _ in range(int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15]))):
        a, b = (foot - height * rng.uniform(0.25, 0.75) for _ in range(2))
        page.line(left - reach, a, right + reach, b, width, page.pen, 0.06 * height)


def size(page: Page, largest: float) -> float:
    """Draw the height of writing, pixels, up to a share of the page; tiny writing is rare: it is looked at closer."""
    least = TINY if page.rng.random() < 0.15 else SMALL
    return float(np.exp(page.rng.uniform(np.log(least), np.log(max(largest * page.canvas.side, 2 * least)))))
