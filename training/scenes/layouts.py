"""Lay writing out on a page as people do: single digits, rows, tables, sums, lists, tight strings, words."""

from collections.abc import Callable

import numpy as np

from training.scenes import texts
from training.scenes.entries import decorate, size, token, write
from training.scenes.glyphs import LETTERS
from training.scenes.page import Page

ONE = 2.0  # heights; digits that stand evenly apart up to this far are one number
TIGHT = 0.12  # share of single digits that fill the picture, as those that were cut out do

Layout = Callable[[Page], None]


def single(page: Page) -> None:
    """Write one digit, or a few of any size, from tiny to the full frame."""
    side, rng = page.canvas.side, page.rng
    large = rng.random() < 0.4
    height = side * (rng.uniform(0.35, 0.95) if large else np.exp(rng.uniform(np.log(0.05), np.log(0.6))))
    x, y = rng.uniform(0.02, 0.98, 2) * max(side - height * 0.7, 1)
    if height > 0.4 * side:
        x, y = (side - 0.6 * height) / 2 + rng.normal(0, 0.06, 2) * side
        y = (side - height) / 2 + rng.normal(0, 0.05) * side
    if rng.random() < TIGHT:
        height = side * rng.uniform(0.85, 1.02)
        x, y = (side - page.width("0", height)) / 2 + rng.normal(0, 0.03) * side, (side - height) / 2
    box = page.text(str(rng.integers(10)), float(x), float(y) + height, height)
    decorate(page, box, height)


def rows(page: Page) -> None:
    """Write rows of numbers from edge to edge, each with one or more texts."""
    side, rng = page.canvas.side, page.rng
    height = size(page, 0.4)
    pitch = height * rng.uniform(1.25, 2.6)
    y, slope = rng.uniform(0.2, 1.2) * pitch, rng.normal(0, 0.02)
    while y < side * 1.05:
        x = rng.uniform(-0.02, 0.5) * side
        for _ in range(int(rng.integers(1, 5))):
            text = token(page)
            if x > side:
                break
            x = write(page, text, float(x), float(y + slope * x), float(height))[2]
            x += height * rng.choice([rng.uniform(0.7, 1.5), rng.uniform(1.5, 5)]) + page.apart(height)
        y += pitch * rng.uniform(0.9, 1.2)


def strung(page: Page) -> None:
    """Write lines of digits far apart, as on boards, that rise, fall or bend along the way.

    Up to two heights apart they are one number, from there on each is one.
    """
    side, rng = page.canvas.side, page.rng
    height = size(page, 0.2)
    y = rng.uniform(1, 3) * height
    while y < side:
        apart, slope, bend = height * rng.uniform(0.3, 2.5), rng.normal(0, 0.1), rng.normal(0, 0.15) / side
        x = start = rng.uniform(-0.02, 0.4) * side
        first = len(page.canvas.texts)
        for _ in range(int(rng.integers(2, 12))):
            if x > side:
                break
            own = height * np.exp(rng.normal(0, 0.1))
            foot = y + slope * (x - start) + bend * (x - start) ** 2 + rng.normal(0, 0.08) * height
            x = page.text(str(rng.integers(10)), float(x), float(foot), float(own))[2] + apart * rng.uniform(0.7, 1.4)
        if apart < ONE * height:
            page.canvas.join(first)
        y += height * rng.uniform(1.8, 4)


def scattered(page: Page) -> None:
    """Scatter digits, numbers and words of different sizes where there is room."""
    side, rng, taken = page.canvas.side, page.rng, np.zeros((16, 16), bool)
    usual = size(page, 0.3)
    for _ in range(int(rng.integers(2, 24))):
        height = float(usual * np.exp(rng.normal(0, 0.3)))
        text = token(page, 3)
        x, y = rng.uniform(0, 0.95, 2) * side
        wide = page.width(text, height) + height * 0.3
        cells = np.s_[_cell(y - 0.1 * height, side) : _cell(y + 1.2 * height, side) + 1,
                      _cell(x - 0.2 * height, side) : _cell(x + wide, side) + 1]  # fmt: skip
        if not taken[cells].any():
            taken[cells] = True
            write(page, text, float(x), float(y + height), height)


def _cell(place: float, side: int) -> int:
    return int(np.clip(place / side * 16, 0, 15))


def table(page: Page) -> None:
    """Write numbers into the cells of a drawn or printed table, or without lines in columns."""
    side, rng = page.canvas.side, page.rng
    columns, lines = int(rng.integers(2, 7)), int(rng.integers(2, 8))
    left, top = rng.uniform(-0.1, 0.15, 2) * side
    wide, high = (rng.uniform(0.75, 1.1) * side / n for n in (columns, lines))
    height = min(high * rng.uniform(0.4, 0.85), wide * 0.9)
    longest = max(1, min(6, int(wide / height / max(0.6 * page.hand.aspect + max(page.gap, 0), 0.5))))
    pen, width = page.pens[-1], max(1.0, height * rng.uniform(0.02, 0.1))
    if rng.random() < 0.8:
        for k in range(columns + 1):
            page.line(left + k * wide, top, left + k * wide, top + lines * high, width, pen, rng.choice([0, 0.4]))
        for k in range(lines + 1):
            page.line(left, top + k * high, left + columns * wide, top + k * high, width, pen, rng.choice([0, 0.4]))
    for row in range(lines):
        for column in range(columns):
            if rng.random() < 0.85:
                text = texts.number(rng, longest) if rng.random() < 0.85 else texts.signed(rng)[: longest + 1]
                room = max(wide - page.width(text, height), 0)
                x = left + column * wide + rng.uniform(0.1, 0.8) * room
                page.text(text, float(x), float(top + (row + 0.5) * high + height * rng.uniform(0.4, 0.6)), height)


def sums(page: Page) -> None:
    """Write equations in lines, or a column sum with its line."""
    side, rng = page.canvas.side, page.rng
    height = size(page, 0.25)
    y = rng.uniform(0.8, 2) * height
    while y < side:
        x = rng.uniform(0, 0.35) * side
        if rng.random() < 0.7:
            box = page.text(texts.equation(rng), float(x), float(y), float(height))
            y += height * rng.uniform(1.3, 2.5)
            if rng.random() < 0.3 and box[2] + 2 * height < side:
                page.text(texts.equation(rng), float(box[2] + 2 * height), float(box[3]), float(height))
            continue
        digits = int(rng.integers(2, 5))
        for k in range(int(rng.integers(2, 4))):
            text = ("+" if k else " ") + texts.number(rng, digits).rjust(digits)
            page.text(text, float(x), float(y), float(height))
            y += height * rng.uniform(1.1, 1.4)
        foot = y - 0.95 * height
        page.line(x, foot, x + height * digits, foot, max(page.pen.width * height, 1), page.pen, 0.03 * height)
        page.text(" " + texts.number(rng, digits), float(x), float(y + 0.2 * height), float(height))
        y += height * 2


def listed(page: Page) -> None:
    """Write a list: words with numbers before or behind them."""
    side, rng = page.canvas.side, page.rng
    height = size(page, 0.16)
    y, x, form = height * rng.uniform(1, 2), rng.uniform(0, 0.1) * side, rng.random()
    k = int(rng.integers(1, 90))
    while y < side * 1.02:
        text = texts.sentence(rng, int(rng.integers(1, 4)))
        if form < 0.4:
            text = f"{k}{rng.choice(['.', ')', ' ', ':'])} " + text
        if rng.random() < 0.6:
            text += "  " + token(page, 5)
        page.text(text, float(x), float(y), float(height))
        y, k = y + height * rng.uniform(1.3, 2.2), k + 1


def tight(page: Page) -> None:
    """Write strings whose digits touch and overlap, one or a few to a page."""
    side, rng = page.canvas.side, page.rng
    page.gap = float(rng.uniform(-0.3, 0.08))
    count = int(rng.integers(1, 5))
    for k in range(count):
        digits = int(rng.integers(2, 10))
        high = side / count * rng.uniform(0.35, 0.8)
        height = min(high, side / digits / max(0.6 * page.hand.aspect + page.gap, 0.3) * rng.uniform(0.5, 1.0))
        x = rng.uniform(0, max(side - page.width("0" * digits, height), 1))
        text = texts.number(rng, digits).ljust(digits, str(rng.integers(10)))
        if rng.random() < 0.3:
            text = text[:-2] + str(rng.choice([".", ",", "-"])) + text[-2:]
        box = page.text(text, float(x), float((k + 0.5) * side / count + height / 2), float(height))
        decorate(page, box, height)


def celled(page: Page) -> None:
    """Write one digit into each box of a form."""
    side, rng = page.canvas.side, page.rng
    height = size(page, 0.25)
    wide, high = height * rng.uniform(0.95, 1.6), height * rng.uniform(1.15, 1.7)
    y, pen, width = rng.uniform(0, 1) * height, page.pens[-1], max(1.0, height * rng.uniform(0.015, 0.08))
    apart = rng.choice([0.0, rng.uniform(0.1, 0.5) * height])
    while y < side:
        x = rng.uniform(0, 0.4) * side
        for _ in range(int(rng.integers(2, 12))):
            page.frame((x, y, x + wide, y + high), pen, width, 0)
            if rng.random() < 0.85:
                page.text(str(rng.integers(10)), float(x + rng.uniform(0.1, 0.4) * (wide - 0.5 * height)),
                          float(y + high / 2 + height * rng.uniform(0.4, 0.55)), float(height))  # fmt: skip
            x += wide + apart
        y += high * rng.uniform(1.2, 2.5)


def wordy(page: Page) -> None:
    """Write words and signs alone, no digit among them."""
    side, rng = page.canvas.side, page.rng
    height = size(page, 0.3)
    y = height * rng.uniform(1, 2)
    while y < side * 1.1:
        text = texts.sentence(rng, int(rng.integers(1, 6)))
        if rng.random() < 0.25:
            text = "".join(rng.choice(list("+-=*?&@#%$<>~^" + LETTERS), int(rng.integers(1, 4))))
        page.text(text, float(rng.uniform(-0.1, 0.4) * side), float(y), float(height))
        y += height * rng.uniform(1.3, 3)


def scribbled(page: Page) -> None:
    """Draw lines, arrows and scribbles, and rings that may as well be zeros."""
    side, rng = page.canvas.side, page.rng
    for _ in range(int(rng.integers(1, 8))):
        width = max(1.0, side * rng.uniform(0.003, 0.02))
        start, reach = rng.uniform(0, side, 2), side * rng.uniform(0.05, 0.5)
        if rng.random() < 0.35:
            a, b = start, start + rng.uniform(0.2, 1.5) * reach
            page.ring((float(a[0]), float(a[1]), float(b[0]), float(b[1])), page.pen, width)
            page.canvas.unsure.append(
                page.seen(
                    np.array([a - reach, (b[0] + reach, a[1] - reach), b + reach, (a[0] - reach, b[1] + reach)])
                ).astype(np.float32)
            )
        else:
            steps = np.cumsum(rng.normal(0, reach / 3, (int(rng.integers(2, 14)), 2)), axis=0)
            page.canvas.line(page.seen(start + steps), width, page.pen)


LAYOUTS: dict[Layout, float] = {
    single: 0.15, rows: 0.18, strung: 0.04, scattered: 0.12, table: 0.1, sums: 0.1, listed: 0.06, tight: 0.12,
    celled: 0.04, wordy: 0.06, scribbled: 0.03,
}  # fmt: skip
