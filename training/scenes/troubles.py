"""The troubles that numbers come with, each at a strength from 0 to 1.

0.5 is what an ordinary user meets, at 1 a person begins to struggle. A seed and an index fix the rows, the hand and the
view of a picture; kind and strength change nothing else, so that pictures of two strengths can be compared in pairs.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from . import camera
from .camera import Image
from .pen import Hand
from .shapes import SIGNS
from .sheet import Layout, Sheet


@dataclass(frozen=True)
class Writing:
    """What a writer sets out with."""

    rows: tuple[str, ...]
    hand: Hand
    layout: Layout


@dataclass(frozen=True)
class Page:
    """A written sheet before the camera sees it: paper (H, W, 3), colours in BGR."""

    sheet: Sheet
    paper: Image
    ink: tuple[float, float, float]
    dry: float


def slant(writing: Writing, strength: float, rng: Generator) -> Writing:
    """Let the rows rise or fall by up to 12 degrees, and lean, bow and bounce."""
    way = float(rng.choice([-1, 1]))
    layout = replace(
        writing.layout,
        slope=way * 12 * strength,
        drift=0.6 + 1.4 * strength,
        curve=0.05 + 0.12 * strength,
        bounce=0.02 + 0.08 * strength,
        fill=0.62 - 0.12 * strength,
    )
    lean = writing.hand.slant + 0.35 * strength * float(rng.choice([-0.6, 1]))
    return replace(writing, layout=layout, hand=replace(writing.hand, slant=lean))


def uneven(writing: Writing, strength: float, rng: Generator) -> Writing:
    """Write digits of uneven size, in uneven places and shapes."""
    hand = replace(writing.hand, uneven=0.05 + 0.13 * strength, jitter=0.018 + 0.02 * strength, shapes=())
    layout = replace(writing.layout, spread=0.05 + 0.15 * strength, spacing=0.17 + 0.1 * strength, fill=0.55)
    return replace(writing, hand=hand, layout=layout)


def touching(writing: Writing, strength: float, rng: Generator) -> Writing:
    """Let neighbours touch: at 0.5 a quarter of them, at 1 every second pair."""
    return replace(writing, layout=replace(writing.layout, touching=0.5 * strength))


def signs(writing: Writing, strength: float, rng: Generator) -> Writing:
    """Put signs a wide gap beside numbers, at 0.5 every second one, and a word into every second picture."""
    words, letters = sorted(SIGNS), [sign for sign in sorted(SIGNS) if sign.isalpha()]
    rows = []
    for row in writing.rows:
        mixed = []
        for number in row.split():
            mixed += [number, str(rng.choice(words))] if rng.random() < strength else [number]
        rows.append(" ".join(mixed))
    if rng.random() < strength:
        rows.insert(int(rng.integers(len(rows) + 1)), "".join(rng.choice(letters, rng.integers(2, 6))))
    return replace(writing, rows=tuple(rows))


def spaced(writing: Writing, strength: float, rng: Generator) -> Writing:
    """Leave room for boxes around the digits; the stronger, the closer they come."""
    layout = replace(writing.layout, spacing=0.62 - 0.25 * strength, spread=0.04, fill=0.5, drift=0.2, curve=0.0)
    return replace(writing, layout=replace(layout, wide=2.4))


def texture(page: Page, strength: float, rng: Generator) -> Page:
    """Show the grain of the paper, stains and folds."""
    h, w = page.paper.shape[:2]
    grain = cv2.GaussianBlur(rng.standard_normal((h, w), dtype=np.float32), (0, 0), 1.2)
    coarse = rng.standard_normal((h // 40, w // 40), dtype=np.float32)
    patches = cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC)
    shade = 0.22 * strength * grain + 0.05 * strength * patches
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    for _ in range(int(rng.integers(2, 4))):
        angle, where = rng.uniform(0, np.pi), rng.uniform(0.2, 0.8, 2) * (w, h)
        across = (x - where[0]) * np.cos(angle) + (y - where[1]) * np.sin(angle)
        fold = 1 / (1 + (across / (0.004 * w)) ** 2) + 0.5 / (1 + np.abs(across) / (0.05 * w))
        shade -= 0.22 * strength * fold * np.sign(across)
    return replace(page, paper=_lit(page.paper, shade))


def ruled(page: Page, strength: float, rng: Generator) -> Page:
    """Rule the paper: digits stand on its lines, and often a little through them."""
    sheet, (h, w) = page.sheet, page.paper.shape[:2]
    paper, step = page.paper.copy(), sheet.pitch / rng.integers(1, 3)
    start = sheet.lines[0] + sheet.height * rng.uniform(-0.08, 0.1)
    colour, thick = _line(page, strength, rng), _thickness(sheet, strength)
    for y in np.arange(start - step * np.ceil(start / step), h, step):
        cv2.line(paper, (0, round(y)), (w, round(y)), colour, thick, cv2.LINE_AA)
    if rng.random() < 0.5:
        x = round(w * rng.uniform(0.03, 0.06))
        cv2.line(paper, (x, 0), (x, h), (110, 110, 220), thick, cv2.LINE_AA)
    return replace(page, paper=paper)


def squares(page: Page, strength: float, rng: Generator) -> Page:
    """Print squares: a digit takes one to two of them."""
    (h, w), paper, step = page.paper.shape[:2], page.paper.copy(), page.sheet.height * rng.uniform(0.55, 1.05)
    colour, thick = _line(page, strength, rng), _thickness(page.sheet, strength)
    for x in np.arange(rng.uniform(0, step), w, step):
        cv2.line(paper, (round(x), 0), (round(x), h), colour, thick, cv2.LINE_AA)
    for y in np.arange(rng.uniform(0, step), h, step):
        cv2.line(paper, (0, round(y)), (w, round(y)), colour, thick, cv2.LINE_AA)
    return replace(page, paper=paper)


def boxes(page: Page, strength: float, rng: Generator) -> Page:
    """Print a box for every digit, as forms do."""
    paper, em = page.paper.copy(), page.sheet.height
    colour, thick = _line(page, 0.4 + 0.6 * strength, rng), _thickness(page.sheet, strength)
    room = (0.22 - 0.1 * strength) * em
    for number in page.sheet.boxes:
        top, low = min(b[1] for b in number) - room, max(b[1] + b[3] for b in number) + room
        gaps = [(a[0] + a[2] + b[0]) / 2 for a, b in zip(number, number[1:], strict=False)]
        edges = [number[0][0] - 1.2 * room, *gaps, number[-1][0] + number[-1][2] + 1.2 * room]
        for left, right in zip(edges, edges[1:], strict=False):
            cv2.rectangle(paper, (round(left), round(top)), (round(right), round(low)), colour, thick, cv2.LINE_AA)
    return replace(page, paper=paper)


def through(page: Page, strength: float, rng: Generator) -> Page:
    """Let the writing on the back show through, mirrored and soft."""
    back = np.roll(page.sheet.ink[:, ::-1], round(page.sheet.pitch * rng.uniform(0.3, 0.7)), axis=0)
    soft = cv2.GaussianBlur(back, (0, 0), page.sheet.height * 0.03).astype(np.float32)[..., None] / 255
    mixed = page.paper * (1 - 0.4 * strength * soft) + np.array(page.ink, np.float32) * 0.4 * strength * soft
    return replace(page, paper=np.clip(mixed, 0, 255).astype(np.uint8))


def faint(page: Page, strength: float, rng: Generator) -> Page:
    """Let the ink run out: hard pencil, dry pen, thin chalk."""
    keep = (1 - 0.63 * strength) ** 2
    blue, green, red = (float(g + (i - g) * keep) for g, i in zip(page.paper.mean(axis=(0, 1)), page.ink, strict=True))
    return replace(page, ink=(blue, green, red), dry=max(page.dry, 0.45 * strength))


def _lit(paper: Image, shade: NDArray[np.float32]) -> Image:
    return np.clip(np.rint(paper * (1 + shade[..., None])), 0, 255).astype(np.uint8)


def _line(page: Page, strength: float, rng: Generator) -> tuple[float, float, float]:
    """Return the colour of printed lines: at 0.5 well paler than ink, at 1 nearly as strong."""
    hue = np.array(page.ink if rng.random() < 0.5 else (190, 120, 90), np.float64)
    if page.paper.mean() < 128:
        hue = np.array(page.ink)
    mix = hue * 0.8 * strength + page.paper[0, 0] * (1 - 0.8 * strength)
    return float(mix[0]), float(mix[1]), float(mix[2])


def _thickness(sheet: Sheet, strength: float) -> int:
    return max(1, round(sheet.height * (0.02 + 0.03 * strength)))


def blur(picture: Image, strength: float, rng: Generator) -> Image:
    """Blur the picture, out of focus or shaken."""
    return (camera.defocus if rng.random() < 0.5 else camera.motion_blur)(picture, strength, rng)


WRITING: dict[str, Callable[[Writing, float, Generator], Writing]] = {
    "slant": slant, "uneven": uneven, "touching": touching, "signs": signs, "boxes": spaced,
}  # fmt: skip
PAPER: dict[str, Callable[[Page, float, Generator], Page]] = {
    "texture": texture, "ruled": ruled, "squares": squares, "boxes": boxes, "through": through, "faint": faint,
}  # fmt: skip
CAMERA: dict[str, Callable[[Image, float, Generator], Image]] = {
    "light": camera.uneven_light, "vignette": camera.vignette, "shadow": camera.shadow, "glare": camera.glare,
    "cast": camera.colour_cast, "blur": blur, "noise": camera.noise, "jpeg": camera.jpeg,
}  # fmt: skip
KINDS: tuple[str, ...] = ("none", *dict.fromkeys([*WRITING, *PAPER, "perspective", *CAMERA]))
