"""Draw a training scene with the truth about every pixel: `python -m training.scenes.draw --data FOLDER sheet.png`.

11 ms a scene of 320x320 on one x86-64 core.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.scenes import layouts, lens, texts
from training.scenes.canvas import Canvas, Digit, Pen, core
from training.scenes.glyphs import Hands
from training.scenes.grounds import Grounds, Image, ruling

SIDE = 320  # pixels
FAINT, FAINTER = 7.0, 0.6  # grey levels, and deviations of the paper, below which ink is too faint for a person
SMALLEST, BLURRED = 6.5, 0.16  # pixels of an em, and ems of blur, beyond which a digit is a guess
NONE = 255  # in the map of classes
EVEN = 100.0  # pixels of a map; smaller cores count for more
BETWEEN = 48  # sixteenths, what a pixel between two digits counts


@dataclass(frozen=True)
class Scene:
    """A picture and its truth.

    image: (S, S, 3) uint8 BGR. maps: (3, S/2, S/2) uint8, core of digits, ink of digits, other ink, 255 for all of it.
    weight: (S/2, S/2) uint8, how much a pixel counts in sixteenths, 0 where nobody can tell. known: whether the ink is
    known, or only that no digit is there. classes: (S/4, S/4) uint8, the digit at its core, else NONE. cores: (S/2, S/2)
    int16, i + 1 on the core of digit i. digits: those that are to be found.
    """

    image: NDArray[np.uint8]
    maps: NDArray[np.uint8]
    weight: NDArray[np.uint8]
    known: bool
    classes: NDArray[np.uint8]
    cores: NDArray[np.int16]
    digits: list[Digit]


@dataclass(frozen=True)
class Source:
    """All that scenes are drawn from."""

    hands: Hands
    grounds: Grounds

    @classmethod
    def of(cls, data: Path, validation: bool = False) -> "Source":
        """Read the banks of a data folder; for validation the writers and pictures held out."""
        return cls(Hands(data, validation), Grounds(data, validation))


def draw(source: Source, rng: Generator, side: int = SIDE) -> Scene:
    """Draw one scene."""
    grounds, canvas, view = source.grounds, Canvas(side), _view(side, rng)
    empty = rng.random()
    if empty < 0.07:  # nothing but a room, or a page of words: no digit is to be found
        image, _ = lens.seen(lens.lit(grounds.crop(grounds.scenes, side, rng), rng), grounds, rng)
        return _truth(canvas, image, 0.0, None, known=True)
    if empty < 0.10:
        image, _ = lens.seen(lens.lit(grounds.crop(grounds.pages, side, rng, turn=False), rng), grounds, rng)
        return _truth(canvas, image, 0.0, None, known=False)
    paper = grounds.paper(side, rng)
    pens = _pens(canvas, paper, rng)
    page = layouts.Page(canvas, source.hands, source.hands.pick_hand(rng), pens, view, float(rng.normal(0.14, 0.1)), rng)
    if rng.random() < 0.35:
        _blend(paper, ruling(side, view, rng), _near(paper, rng), rng.uniform(0.1, 0.9))
    if rng.random() < 0.08:
        _show_through(page, paper)
    if rng.random() < 0.12:
        _print(page)
    layout = list(layouts.LAYOUTS)[rng.choice(len(layouts.LAYOUTS), p=list(layouts.LAYOUTS.values()))]
    layout(page)
    sheet = _sheet(side, view, rng) if rng.random() < 0.3 else None
    for pen in pens:
        alpha = pen.alpha if sheet is None else np.minimum(pen.alpha, sheet)
        if pen.dry:
            grain = np.clip(1 - pen.dry * np.abs(grounds.grain(side, rng, int(rng.integers(0, 3)))), 0, 1)
            _blend(paper, alpha * grain, pen.colour, pen.strength)
        elif alpha.any():
            _blend(paper, alpha, pen.colour, pen.strength)
    if sheet is not None:
        paper = _upon(paper, sheet, grounds, rng)
    image, blur = lens.seen(lens.lit(paper, rng), grounds, rng)
    if rng.random() < 0.06:
        sheet = _trim(canvas, image, sheet, rng)
    return _truth(canvas, image, blur, sheet, known=True)


def _view(side: int, rng: Generator) -> NDArray[np.float64]:
    """Return how the page is looked at, (3, 3): turned by up to 15 degrees mostly, a little from aside."""
    kind = rng.random()
    angle = np.radians(np.clip(rng.normal(0, 5), -15, 15) if kind < 0.85 else rng.uniform(-15, 15) if kind < 0.94 else rng.uniform(-45, 45))
    stretch = np.exp(rng.normal(0, 0.06))
    cos, sin = np.cos(angle), np.sin(angle)
    middle = np.array([[1, 0, side / 2], [0, 1, side / 2], [0, 0, 1]])
    turn = np.array([[cos * stretch, -sin, 0], [sin * stretch, cos, 0], [*rng.normal(0, 0.12, 2) / side, 1]])
    return middle @ turn @ np.linalg.inv(middle)


def _pens(canvas: Canvas, paper: Image, rng: Generator) -> list[Pen]:
    """Return one to three pens for a paper; the first writes the digits."""
    pens = []
    for k in range(int(rng.choice([1, 2, 3], p=[0.55, 0.33, 0.12]))):
        width = float(np.exp(rng.uniform(np.log(0.03), np.log(0.17))) if rng.random() < 0.9 else rng.uniform(0.15, 0.24))
        pen = canvas.pen(_near(paper, rng) if k and rng.random() < 0.4 else _ink(paper, rng), width)
        pen.strength = float(rng.uniform(0.75, 1.0) if rng.random() < 0.75 else rng.uniform(0.25, 0.75))
        pen.dry = float(rng.uniform(0.1, 0.7)) if rng.random() < 0.25 else 0.0
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
    return np.clip(np.array(cv2.mean(paper)[:3]) * rng.uniform(0.3, 0.95, 3) + rng.uniform(0, 30), 0, 255).astype(np.float32)


def _blend(paper: Image, alpha: NDArray[np.generic], colour: NDArray[np.float32], strength: float) -> None:
    """Lay ink of a colour upon paper in place."""
    x, y, w, h = cv2.boundingRect(alpha if alpha.dtype == np.uint8 else alpha.astype(np.uint8))
    part, over = paper[y : y + h, x : x + w], alpha[y : y + h, x : x + w].astype(np.float32)
    over *= np.float32(strength / 255)
    for channel in range(3):
        plane = part[..., channel]
        plane += over * (colour[channel] - plane)


def _show_through(page: layouts.Page, paper: Image) -> None:
    """Let writing or print on the back shine through, mirrored and soft; it is no ink of this side."""
    side, rng = page.canvas.side, page.rng
    back = Canvas(side)
    pen = back.pen(_ink(paper, rng), page.pen.width)
    mirrored = page.view @ np.array([[-1, 0, side], [0, 1, 0], [0, 0, 1.0]])
    other = layouts.Page(back, page.hands, page.hand, [pen], mirrored, page.gap, rng)
    (layouts.rows, layouts.listed, _print)[rng.integers(3)](other)
    _blend(paper, cv2.GaussianBlur(pen.alpha, (0, 0), rng.uniform(0.7, 2.5)), pen.colour, rng.uniform(0.08, 0.4))


def _print(page: layouts.Page) -> None:
    """Print a paragraph, a label or a heading: no handwriting, and nobody says whether its digits count."""
    side, rng, pen = page.canvas.side, page.rng, page.pens[-1]
    font = page.hands.prints[rng.integers(len(page.hands.prints))]
    height = side * np.exp(rng.uniform(np.log(0.022), np.log(0.12)))
    y, foot, left = rng.uniform(0, 0.8) * side, rng.uniform(0.3, 1.1) * side, rng.uniform(-0.1, 0.5) * side
    count = 0
    while y < foot and count < 90:
        x = left
        for char in texts.sentence(rng, int(rng.integers(1, 6))) + (" " + texts.signed(rng) if rng.random() < 0.2 else ""):
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


def _trim(
    canvas: Canvas, image: NDArray[np.uint8], sheet: NDArray[np.uint8] | None, rng: Generator
) -> NDArray[np.uint8] | None:
    """Cut the picture tight about its digits, in place, as if it ended there; return where the sheet is now."""
    hulls = [d.hull for d in canvas.digits if not _cut(d, sheet, canvas.side)]
    if not hulls:
        return sheet
    room = rng.uniform(0.0, 0.15) * canvas.digits[0].height 
    low, high = np.concatenate(hulls).min(axis=0) - room, np.concatenate(hulls).max(axis=0) + room
    x0, y0 = np.maximum(low, 0).astype(int).tolist()
    x1, y1 = np.minimum(high + 1, canvas.side).astype(int).tolist()
    part = image[y0:y1, x0:x1]
    edge = np.median(np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]]), axis=0)
    left = np.zeros((canvas.side, canvas.side), np.uint8)
    left[y0:y1, x0:x1] = 255 if sheet is None else sheet[y0:y1, x0:x1]
    kept = part.copy()
    image[:] = edge
    image[y0:y1, x0:x1] = kept
    return left


def _upon(paper: Image, sheet: NDArray[np.uint8], grounds: Grounds, rng: Generator) -> Image:
    """Lay the sheet upon a table or into a room, with its shadow."""
    side = len(sheet)
    behind = grounds.crop(grounds.scenes, side, rng) if rng.random() < 0.7 else grounds.paper(side, rng) * rng.uniform(0.2, 1)
    on = (sheet.astype(np.float32) / 255)[..., None]
    shade = cv2.blur(np.roll(sheet, rng.integers(-4, 5, 2), axis=(0, 1)), (9, 9)).astype(np.float32)[..., None] / 255
    return paper * on + behind * (1 - rng.uniform(0, 0.6) * shade) * (1 - on)


def _truth(canvas: Canvas, image: NDArray[np.uint8], blur: float, sheet: NDArray[np.uint8] | None, known: bool) -> Scene:
    """Tell core, ink and other ink of what was drawn, and where nobody can tell; known False: where ink is at all."""
    side, half = canvas.side, canvas.side // 2
    ink = canvas.digit_ink if sheet is None else np.minimum(canvas.digit_ink, sheet)
    other = canvas.other_ink if sheet is None else np.minimum(canvas.other_ink, sheet)
    cores, sure = np.zeros((half, half), np.int16), np.ones((half, half), np.uint8)
    found: list[Digit] = []
    unsure = list(canvas.unsure)
    for digit in canvas.digits:
        if _cut(digit, sheet, side) or digit.height < SMALLEST or blur > BLURRED * digit.height or _faint(digit, image, ink, other):
            unsure.append(digit.hull)
            continue
        found.append(digit)
        cv2.fillConvexPoly(cores, np.rint(core(digit.hull) * 8 - 4).astype(np.int32), len(found), cv2.LINE_8, 4)
    for hull in unsure:
        cv2.fillConvexPoly(sure, np.rint(hull * 8 - 4).astype(np.int32), 0, cv2.LINE_8, 4)
        cv2.polylines(sure, [np.rint(hull * 8 - 4).astype(np.int32)], True, 0, 3, cv2.LINE_8, 4)
    between = _part(cores)
    areas = np.maximum(np.bincount(cores.ravel(), minlength=1), 1)
    counted = np.clip(16 * np.sqrt(EVEN / areas), 16, 64).astype(np.uint8)  # a small digit counts for more than its size
    counted[0] = 16
    weight = np.where(sure | (cores > 0), counted[cores], 0).astype(np.uint8)
    weight[between] = BETWEEN
    labels = np.array([NONE, *(d.label for d in found)], np.uint8)
    size = (half, half)
    maps = np.stack([np.where(cores > 0, 255, 0).astype(np.uint8), cv2.resize(ink, size, interpolation=cv2.INTER_AREA), cv2.resize(other, size, interpolation=cv2.INTER_AREA)])
    return Scene(image, maps, weight, known, labels[cores[::2, ::2]], cores, found)


def _part(cores: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Clear in place where the cores of two digits meet, so that their contours stay two; return all that is between."""
    meeting = _two_within(cores, 3)
    cores[meeting] = 0
    return _two_within(cores, 5) & (cores == 0)


def _two_within(cores: NDArray[np.int16], size: int) -> NDArray[np.bool_]:
    """Tell of every pixel whether the square of `size` about it holds two cores."""
    kernel = np.ones((size, size), np.uint8)
    least = -cv2.dilate(np.where(cores > 0, -cores, np.int16(-30000)), kernel)
    most = cv2.dilate(cores, kernel)
    return (most != least) & (most > 0)


def _cut(digit: Digit, sheet: NDArray[np.uint8] | None, side: int) -> bool:
    """Tell whether the frame or the edge of the sheet cuts a digit."""
    room = 0.04 * digit.height
    low, high = digit.hull.min(axis=0) + room, digit.hull.max(axis=0) - room
    if (low < 0).any() or (high > side - 1).any():
        return True
    if sheet is None:
        return False
    spots = np.clip(np.rint(digit.hull), 0, side - 1).astype(int)
    return bool((sheet[spots[:, 1], spots[:, 0]] < 128).any())


def _faint(digit: Digit, image: NDArray[np.uint8], ink: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """Tell whether a person would hardly see a digit: its colour is too near to the paper about it."""
    reach = 0.12 * digit.height + 2
    x0, y0 = np.maximum(digit.hull.min(axis=0) - reach, 0).astype(int)
    x1, y1 = (digit.hull.max(axis=0) + reach).astype(int) + 1
    part, own, others = image[y0:y1, x0:x1], ink[y0:y1, x0:x1], other[y0:y1, x0:x1]
    written = cv2.inRange(own, int(max(own.max() * 0.6, 1)), 255)
    paper = cv2.inRange(cv2.max(own, others), 0, 8)
    if not written.any() or not paper.any():
        return not written.any()
    mean, deviation = cv2.meanStdDev(part, mask=paper)
    apart = np.abs(np.array(cv2.mean(part, mask=written)[:3]) - mean[:, 0])
    return bool(apart.max() < FAINT or (apart < FAINTER * deviation[:, 0]).all())


def picture(scene: Scene) -> NDArray[np.uint8]:
    """Return a scene beside its truth: core red, ink of digits blue, other ink green, unknown grey."""
    side = scene.image.shape[0]
    truth = np.stack([scene.maps[1], scene.maps[2], scene.maps[0]], axis=2)
    unknown = (scene.weight == 0) | (not scene.known)
    truth[unknown] = truth[unknown] // 2 + 70
    return np.hstack([scene.image, cv2.resize(truth, (side, side), interpolation=cv2.INTER_NEAREST)])


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of the sources.")
@click.option("--count", type=click.IntRange(1), default=24, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.argument("path", type=click.Path(path_type=Path))
def main(data: Path, count: int, seed: int, path: Path) -> None:
    """Draw a sheet of scenes beside their truth, and tell how long a scene takes."""
    cv2.setNumThreads(1)
    source = Source.of(data)
    began = time.perf_counter()
    scenes = [draw(source, np.random.default_rng([seed, k])) for k in range(count)]
    click.echo(f"{(time.perf_counter() - began) / count * 1000:.1f} ms a scene")
    pictures = [picture(scene) for scene in scenes]
    blank = [np.zeros_like(pictures[0])] * (-count % 4)
    tiles = pictures + blank
    cv2.imwrite(str(path), np.vstack([np.hstack(tiles[i : i + 4]) for i in range(0, len(tiles), 4)]))


if __name__ == "__main__":
    main()
