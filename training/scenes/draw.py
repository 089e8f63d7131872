"""Draw training scenes with the truth about every pixel: `python -m training.scenes.draw --data FOLDER sheet.png`.

20 ms a scene of 320x320 on one x86-64 core.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from realtime.commands.console import console_command, exit_codes
from realtime.commands.options import overwrite_option, refuse_overwriting
from realtime.outputs.files import write_whole
from realtime.outputs.guard import Output
from training.requirements import require
from training.scenes import layouts, lens, texts, things
from training.scenes.canvas import Canvas, Pen
from training.scenes.glyphs import Hands
from training.scenes.grounds import Grounds, Image, ruling
from training.scenes.page import Page
from training.scenes.truth import Scene, picture, tell, trim

SIDE = 320  # pixels
LOOSE = 0.22  # share of the hands that write loosely
EMPTY = 0.2  # share of scenes without writing of ours
THINGS = 0.45  # share of rooms that things are laid into


@dataclass(frozen=True)
class Source:
    """All that scenes are drawn from."""

    hands: Hands
    grounds: Grounds

    @classmethod
    def of(cls, data: Path, validation: bool = False) -> "Source":
        """Read the banks of a data folder; for validation the writers and pictures held out."""
        return cls(Hands(data, validation), Grounds(data, validation))


def draw(
    source: Source,
    rng: Generator,
    side: int = SIDE,
    layout: layouts.Layout | None = None,
    trouble: float = 1.0,
    aslant: float | None = None,
) -> Scene:
    """Draw one scene, laid out in a given way, else any way or empty.

    trouble: how much light, camera and pens may spoil, from 0, as a careful person takes a picture, to 1. aslant:
    degrees by which the page lies turned, else as people hold pages.
    """
    if layout is None and rng.random() < EMPTY:
        return empty(source.grounds, rng, side, trouble)
    grounds, canvas, view = source.grounds, Canvas(side), _view(side, rng, aslant)
    paper = grounds.paper(side, rng)
    pens = _pens(canvas, paper, rng, trouble)
    page = Page(canvas, source.hands, source.hands.pick_hand(rng), pens, view, _gap(rng), rng)
    if rng.random() < 0.35:
        canvas.ruling = ruling(side, view, rng)
        _blend(paper, canvas.ruling, _near(paper, rng), rng.uniform(0.1, 0.9))
    if rng.random() < 0.08 * trouble:
        _show_through(page, paper)
    if rng.random() < 0.12:
        _print(page)
    chosen = list(layouts.LAYOUTS)[rng.choice(len(layouts.LAYOUTS), p=list(layouts.LAYOUTS.values()))]
    (layout or chosen)(page)
    sheet = _sheet(side, view, rng) if rng.random() < 0.3 else None
    for pen in pens:
        _stain(paper, pen, sheet, grounds, rng)
    if sheet is not None:
        paper = _upon(paper, sheet, grounds, rng)
    image, blur = lens.seen(lens.lit(paper, rng, trouble), grounds, rng, trouble)
    if rng.random() < 0.06:
        sheet = trim(canvas, image, sheet, rng)
    return tell(canvas, image, blur, sheet, known=True)


def empty(grounds: Grounds, rng: Generator, side: int = SIDE, trouble: float = 1.0) -> Scene:
    """Draw nothing but a room, or a page of words written by hand or in print: no digit is to be found."""
    room = rng.random() < 0.8
    ground = _room(grounds, side, rng) if room else grounds.crop(grounds.pages, side, rng, turn=False)
    image, _ = lens.seen(lens.lit(ground, rng, trouble), grounds, rng, trouble)
    return tell(Canvas(side), image, 0.0, None, known=room)


def _room(grounds: Grounds, side: int, rng: Generator) -> Image:
    """Return a part of a room, of a table or of a plain ground, with things in it at times."""
    room = grounds.crop(grounds.scenes, side, rng) if rng.random() < 0.8 else grounds.paper(side, rng)
    if rng.random() < THINGS:
        things.lay(room, rng)
    return room


def _view(side: int, rng: Generator, aslant: float | None) -> NDArray[np.float64]:
    """Return how the page is looked at, (3, 3): turned by so many degrees, by up to 15 mostly, a little from aside."""
    kind = rng.random()
    usual = np.clip(rng.normal(0, 5), -15, 15)
    drawn = usual if kind < 0.85 else rng.uniform(-15, 15) if kind < 0.94 else rng.uniform(-45, 45)
    angle = np.radians(drawn if aslant is None else aslant)
    stretch = np.exp(rng.normal(0, 0.06 if rng.random() < 0.93 else 0.4))  # some pictures were squeezed to a square
    cos, sin = np.cos(angle), np.sin(angle)
    middle = np.array([[1, 0, side / 2], [0, 1, side / 2], [0, 0, 1]])
    turn = np.array([[cos * stretch, -sin, 0], [sin * stretch, cos, 0], [*rng.normal(0, 0.12, 2) / side, 1]])
    return middle @ turn @ np.linalg.inv(middle)


def _gap(rng: Generator) -> float:
    """Return the gap between two characters of a hand, ems: close mostly, at times as wide as on boards and forms."""
    return float(rng.uniform(0.3, 1.4) if rng.random() < LOOSE else rng.normal(0.14, 0.1))


def _pens(canvas: Canvas, paper: Image, rng: Generator, trouble: float) -> list[Pen]:
    """Return one to three pens for a paper; the first writes the digits."""
    pens = []
    for k in range(int(rng.choice([1, 2, 3], p=[0.55, 0.33, 0.12]))):
        width = float(
            np.exp(rng.uniform(np.log(0.012), np.log(0.17))) if rng.random() < 0.9 else rng.uniform(0.15, 0.24)
        )
        pen = canvas.pen(_near(paper, rng) if k and rng.random() < 0.4 else _ink(paper, rng), width)
        pen.strength = float(rng.uniform(0.75, 1.0) if rng.random() > 0.25 * trouble else rng.uniform(0.25, 0.75))
        pen.dry = float(rng.uniform(0.1, 0.7)) if rng.random() < 0.25 * trouble else 0.0
        pen.doubled = float(rng.uniform(0.01, 0.05)) if rng.random() < 0.06 else 0.0
        pens.append(pen)
    return pens


def _ink(paper: Image, rng: Generator) -> NDArray[np.float32]:
    """Return a colour of ink for a paper: dark on light, light on dark, at times another hue alone."""
    ground = np.array(cv2.mean(paper)[:3])
    grey = float(ground.mean())
    if rng.random() < 0.06:  # as bright as the paper, but of another hue
        shift = rng.normal(0, 1, 3)
        shift -= shift @ np.array([0.114, 0.587, 0.299]) / 0.447
        return (ground + shift / np.abs(shift).max() * rng.uniform(35, 110)).astype(np.float32)
    if grey < rng.uniform(70, 150):
        return np.clip(grey + (255 - grey) * rng.uniform(0.4, 1) + rng.normal(0, 25, 3), 0, 255).astype(np.float32)
    kind = rng.random()
    if kind < 0.45:
        colour = rng.uniform(0, 90) + rng.normal(0, 8, 3)
    elif kind < 0.75:
        colour = np.array([rng.uniform(90, 220), rng.uniform(10, 120), rng.uniform(5, 80)])  # blue
    elif kind < 0.88:
        colour = np.array([rng.uniform(10, 90), rng.uniform(10, 90), rng.uniform(110, 230)])  # red
    else:
        colour = rng.uniform(0, 200, 3)
    return np.clip(colour * min(1.0, grey / 160), 0, 255).astype(np.float32)


def _near(paper: Image, rng: Generator) -> NDArray[np.float32]:
    """Return a colour that printed lines may have on a paper."""
    if rng.random() < 0.4:
        return _ink(paper, rng)
    return np.clip(np.array(cv2.mean(paper)[:3]) * rng.uniform(0.3, 0.95, 3) + rng.uniform(0, 30), 0, 255).astype(
        np.float32
    )


def _stain(paper: Image, pen: Pen, sheet: NDArray[np.uint8] | None, grounds: Grounds, rng: Generator) -> None:
    """Lay the ink of a pen upon paper in place, as far as the sheet reaches."""
    alpha = pen.alpha if sheet is None else np.minimum(pen.alpha, sheet)
    if pen.dry:
        grain = np.clip(1 - pen.dry * np.abs(grounds.grain(len(paper), rng, int(rng.integers(0, 3)))), 0, 1)
        _blend(paper, alpha * grain, pen.colour, pen.strength)
    elif alpha.any():
        _blend(paper, alpha, pen.colour, pen.strength)


def _blend(paper: Image, alpha: NDArray[np.generic], colour: NDArray[np.float32], strength: float) -> None:
    """Lay ink of a colour upon paper in place."""
    x, y, w, h = cv2.boundingRect(alpha if alpha.dtype == np.uint8 else alpha.astype(np.uint8))
    part, over = paper[y : y + h, x : x + w], alpha[y : y + h, x : x + w].astype(np.float32)
    over *= np.float32(strength / 255)
    for channel in range(3):
        plane = part[..., channel]
        plane += over * (colour[channel] - plane)


def _show_through(page: Page, paper: Image) -> None:
    """Let writing or print on the back shine through, mirrored and soft; it is no ink of this side."""
    side, rng = page.canvas.side, page.rng
    back = Canvas(side)
    pen = back.pen(_ink(paper, rng), page.pen.width)
    mirrored = page.view @ np.array([[-1, 0, side], [0, 1, 0], [0, 0, 1.0]])
    other = Page(back, page.hands, page.hand, [pen], mirrored, page.gap, rng)
    (layouts.rows, layouts.listed, _print)[rng.integers(3)](other)
    _blend(paper, cv2.GaussianBlur(pen.alpha, (0, 0), rng.uniform(0.7, 2.5)), pen.colour, rng.uniform(0.08, 0.4))


def _print(page: Page) -> None:
    """Print a paragraph, a label or a heading: no handwriting, and nobody says whether its digits count."""
    side, rng, pen = page.canvas.side, page.rng, page.pens[-1]
    font = page.hands.prints[rng.integers(len(page.hands.prints))]
    height = side * np.exp(rng.uniform(np.log(0.022), np.log(0.12)))
    y, foot, left = rng.uniform(0, 0.8) * side, rng.uniform(0.3, 1.1) * side, rng.uniform(-0.1, 0.5) * side
    count = 0
    while y < foot and count < 90:
        x = left
        for char in texts.sentence(rng, int(rng.integers(1, 6))) + (
            " " + texts.signed(rng) if rng.random() < 0.2 else ""
        ):
            glyph = None if char == " " else page.hands.printed(char, font)
            if glyph is not None and x < side:
                page.put(glyph, x, y, height, pen, "unsure" if char.isdigit() else "other", habit=False)
                count += 1
            x += height * (0.4 if glyph is None else float(glyph.hull[:, 0].max()) + 0.14)
        y += height * 1.7


def _sheet(side: int, view: NDArray[np.float64], rng: Generator) -> NDArray[np.uint8]:
    """Return where the sheet is, (S, S) uint8 255 on it: one or two of its edges are in view."""
    edges = np.array([-1.0, -1.0, 2.0, 2.0]) * side  # left, top, right, foot
    for k in rng.choice(4, int(rng.integers(1, 3)), replace=False):
        edges[k] = side * (rng.uniform(0.01, 0.25) if k < 2 else rng.uniform(0.75, 0.99))
    a, b, c, d = edges
    corners = np.array([[a, b, 1], [c, b, 1], [c, d, 1], [a, d, 1]]) @ view.T
    drawn = np.zeros((side, side), np.uint8)
    cv2.fillConvexPoly(drawn, np.rint(corners[:, :2] / corners[:, 2:] * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    return drawn


def _upon(paper: Image, sheet: NDArray[np.uint8], grounds: Grounds, rng: Generator) -> Image:
    """Lay the sheet upon a table or into a room, with its shadow."""
    side = len(sheet)
    behind = _room(grounds, side, rng) if rng.random() < 0.7 else grounds.paper(side, rng) * rng.uniform(0.2, 1)
    on = (sheet.astype(np.float32) / 255)[..., None]
    shade = cv2.blur(np.roll(sheet, rng.integers(-4, 5, 2), axis=(0, 1)), (9, 9)).astype(np.float32)[..., None] / 255
    return paper * on + behind * (1 - rng.uniform(0, 0.6) * shade) * (1 - on)


@console_command
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of the sources.")
@click.option("--count", type=click.IntRange(1), default=24, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.argument("path", type=click.Path(path_type=Path))
@overwrite_option
def main(data: Path, count: int, seed: int, path: Path, overwrite: bool) -> None:
    """Draw a sheet of scenes beside their truth as the PNG file PATH, and tell how long a scene takes."""
    refuse_overwriting([Output("PATH", path, "picture")], [data], overwrite)
    cv2.setNumThreads(1)
    require("torch")
    with exit_codes():
        source = Source.of(data)
        began = time.perf_counter()
        scenes = [draw(source, np.random.default_rng([seed, k])) for k in range(count)]
        click.echo(f"{(time.perf_counter() - began) / count * 1000:.1f} ms a scene")
        pictures = [picture(scene) for scene in scenes]
        blank = [np.zeros_like(pictures[0])] * (-count % 4)
        tiles = pictures + blank
        sheet = np.vstack([np.hstack(tiles[i : i + 4]) for i in range(0, len(tiles), 4)])
        write_whole(path, cv2.imencode(".png", sheet)[1].tobytes())


if __name__ == "__main__":
    main()
