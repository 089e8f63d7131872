"""Pictures of one sheet each, with one or several troubles and their truth."""

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from realtime.outputs.files import write_whole

from . import camera
from .camera import Image
from .pen import pick_hand, with_shapes
from .sheet import Layout, Sheet, coloured, lay, random_rows
from .troubles import CAMERA, KINDS, PAPER, WRITING, Page, Writing

SIZES = ((640, 480), (800, 600), (1280, 720), (1024, 768), (720, 960))
_PAPERS = ((240, 244, 245), (226, 232, 234), (214, 228, 236), (238, 236, 228), (206, 220, 224))  # BGR
_INKS = ((40, 36, 34), (112, 52, 30), (52, 48, 44), (40, 40, 150), (60, 92, 34), (84, 82, 80))
_BOARDS = ((52, 58, 48), (40, 38, 36), (28, 26, 24), (72, 52, 40))
_CHALKS = ((226, 234, 236), (240, 240, 240), (190, 226, 236), (200, 236, 206))


def kinds_of(name: str) -> tuple[str, ...]:
    """Split 'ruled+shadow' into its troubles; raise ValueError for one that is not known."""
    kinds = tuple(name.split("+"))
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise ValueError(f"no trouble named {', '.join(unknown)}; there are {', '.join(KINDS)}")
    return kinds


def _write(kinds: tuple[str, ...], strength: float, size: tuple[int, int], rng: Generator) -> Sheet:
    """Write one to five rows; the rows depend on rng alone."""
    rows = random_rows(rng, int(rng.integers(1, 6)))
    hand = with_shapes(pick_hand(rng), rng)
    layout = Layout(largest=float(rng.uniform(0.06, 0.2)) * min(size), spacing=float(rng.uniform(0.14, 0.26)))
    writing, (turns, strokes) = Writing(tuple(rows), hand, layout), rng.spawn(2)
    for kind in kinds:
        if kind in WRITING:
            writing = WRITING[kind](writing, strength, turns)
    return lay(list(writing.rows), size, writing.hand, writing.layout, strokes)


def draw_picture(name: str, strength: float, seed: int, index: int) -> tuple[Image, Sheet, bool]:
    """Draw picture number index of a seed: picture (H, W, 3), sheet, light on dark or not.

    Raises ValueError for an unknown trouble or a strength outside 0..1.
    """
    kinds = kinds_of(name)
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must be in 0..1, got {strength}")
    written, papers, views, trouble, grains = np.random.default_rng([seed, index]).spawn(5)
    size = SIZES[views.integers(len(SIZES))]
    sheet = _write(kinds, strength, size, written)
    dark = bool(papers.random() < 0.25)
    grounds, inks = (_BOARDS, _CHALKS) if dark else (_PAPERS, _INKS)
    paper = np.empty((size[1], size[0], 3), np.uint8)
    paper[:] = grounds[papers.integers(len(grounds))]
    page = Page(sheet, paper, inks[papers.integers(len(inks))], 0.25 if dark else 0.05)
    for kind in kinds:
        if kind in PAPER:
            page = PAPER[kind](page, strength, trouble)
    picture = coloured(sheet, page.paper, page.ink, page.dry, papers)
    picture = camera.perspective(picture, page.paper, strength if "perspective" in kinds else 0.2, views)
    picture = camera.vignette(camera.uneven_light(picture, 0.2, views), 0.3, views)
    for kind in kinds:
        if kind in CAMERA:
            picture = CAMERA[kind](picture, strength, trouble)
    return camera.noise(camera.defocus(picture, 0.1, views), 0.08, grains), sheet, dark


def picture_names(names: Iterable[str], strengths: Iterable[float], count: int) -> dict[str, tuple[str, float, int]]:
    """Return the files of all pictures of a set: trouble, strength and index by name. Raises ValueError as kinds_of."""
    strengths = list(strengths)
    for name in (names := list(names)):
        kinds_of(name)
    told = [(name, strength, index) for name in names for strength in strengths for index in range(count)]
    return {f"{name}-{strength:.2f}-{index:03d}.png": (name, strength, index) for name, strength, index in told}


def save_pictures(out: Path, names: list[str], strengths: list[float], count: int, seed: int) -> Iterator[Path]:
    """Write count pictures for each trouble and strength into out and truth.csv beside them; yield each file."""
    out.mkdir(parents=True, exist_ok=True)
    lines = []
    for file, (name, strength, index) in picture_names(names, strengths, count).items():
        picture, sheet, dark = draw_picture(name, strength, seed, index)
        write_whole(out / file, cv2.imencode(".png", picture)[1].tobytes())
        lines.append((file, "|".join(sheet.rows), name, f"{strength:g}", "light" if dark else "dark"))
        yield out / file
    table = io.StringIO(newline="")
    csv.writer(table).writerows([("file", "rows", "kind", "strength", "ink"), *lines])
    write_whole(out / "truth.csv", table.getvalue().encode())
