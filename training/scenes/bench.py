"""The clips that are measured: sizes, numbers of digits, and what is hard, each standing still and moving.

All are H.264, four seconds at 25 frames a second, 5 Mbit/s at 720p: costs can be held against decoding.
Sizes vary at 24 digits, digits at 1080p and one height of writing, so that nothing else changes along.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from realtime.outputs.files import write_whole

from . import camera
from .clip import FPS, pack
from .pen import Hand
from .sheet import Layout, coloured, lay

SIZES = {"480p": (854, 480), "720p": (1280, 720), "1080p": (1920, 1080), "4K": (3840, 2160)}
FINE = 31.0  # pixels, the height of a digit where the count of digits varies: 500 of them fill the sheet
SECONDS = 4.0
EDGE = 0.06  # of the frame's size that shows the table around the sheet, on each side
ROOM = 0.1  # by which the table is larger than the frame, on each side: the hand moves both
SPECKS = 20_000
CRF = 21  # 5 Mbit/s at 720p, as a phone packs it: above 22 the noise of a still scene is packed away
_PAPER, _INK, _TABLE = (226, 234, 236), (92, 48, 38), (70, 98, 128)  # BGR
_COLUMNS = {24: 2, 100: 5, 500: 9}  # numbers of four digits in a row


@dataclass(frozen=True)
class Scene:
    """What one clip shows; specks and clutter lie on it besides, `fine` writing is of one height whatever the count."""

    name: str
    size: tuple[int, int]  # W, H
    digits: int = 24
    fine: bool = False
    specks: bool = False
    clutter: bool = False
    edge: float = EDGE  # below 0 the sheet reaches beyond the frame


SCENES = (
    *(Scene(f"{name}-24", size) for name, size in SIZES.items()),
    *(Scene(f"1080p-fine-{count}", SIZES["1080p"], count, fine=True) for count in (0, 1, 24, 100, 500)),
    Scene("720p-24-specks", SIZES["720p"], specks=True),
    # The tutorials' loop takes the outline of a sheet for one digit and sees nothing on it.
    Scene("720p-24-close", SIZES["720p"], edge=-ROOM),
    Scene("720p-clutter", SIZES["720p"], 0, clutter=True),
)


def rows_of(count: int, rng: Generator) -> list[str]:
    """Draw rows of numbers of four digits, `count` digits in all; fewer than four are one number."""
    digits = "".join(map(str, rng.integers(0, 10, count)))
    numbers = [digits[i : i + 4] for i in range(0, count, 4)]
    across = _COLUMNS.get(count, 4)
    return [" ".join(numbers[i : i + across]) for i in range(0, len(numbers), across)]


def draw_view(scene: Scene, seed: int) -> tuple[camera.Image, list[str]]:
    """Draw what lies before the camera, ROOM larger than the frame on each side, and return it with the rows on it."""
    rng = np.random.default_rng([seed, scene.digits])  # the same digits at every size
    (w, h), rows = scene.size, rows_of(scene.digits, rng)
    view = np.empty((round(h * (1 + 2 * ROOM)), round(w * (1 + 2 * ROOM)), 3), np.uint8)
    view[:] = _TABLE
    if scene.clutter:
        _clutter(view, rng)
        return view, rows
    width, height = round(w * (1 - 2 * scene.edge)), round(h * (1 - 2 * scene.edge))
    paper = np.empty((height, width, 3), np.uint8)
    paper[:] = _PAPER
    if rows:
        margin, largest = 0.05 + max(0.0, -scene.edge), FINE if scene.fine else 0.0625 * h
        layout = Layout(margin=margin, fill=0.6, wide=2.0, largest=largest, drift=0.2, curve=0.02)
        hand = Hand(width=0.1, jitter=0.012, tilt=1.5)
        sheet = lay(rows, (width, height), hand, layout, rng)
        paper = coloured(sheet, paper, _INK, 0.0, rng)
    x, y = (view.shape[1] - width) // 2, (view.shape[0] - height) // 2
    view[y : y + height, x : x + width] = paper
    return view, rows


def _clutter(view: camera.Image, rng: Generator) -> None:
    """Cover the view with things that are no writing: solid shapes, stripes, checks, gratings and bars, in place."""
    h, w = view.shape[:2]
    for _ in range(160):
        colour = tuple(int(c) for c in rng.integers(20, 236, 3))
        size = rng.uniform(0.01, 0.12, 2) * w
        x, y = (rng.uniform(0, 1, 2) * (w, h)).astype(int)
        box = cv2.boxPoints(((float(x), float(y)), (float(size[0]), float(size[1])), float(rng.uniform(0, 180))))
        kind = rng.integers(4)
        if kind == 0:
            axes, angle = (int(size[0] / 2), int(size[1] / 2)), float(rng.uniform(0, 180))
            cv2.ellipse(view, (int(x), int(y)), axes, angle, 0, 360, colour, cv2.FILLED, cv2.LINE_AA)
        elif kind == 1:
            cv2.fillConvexPoly(view, np.rint(box).astype(np.int32), colour, cv2.LINE_AA)
        elif kind == 2:
            points = (rng.uniform(-0.06, 0.06, (7, 2)) * w + (x, y)).astype(np.int32)
            cv2.fillPoly(view, [points], colour, cv2.LINE_AA)
        else:
            _print_pattern(view, np.rint(box).astype(np.int32), rng)


def _print_pattern(view: camera.Image, box: NDArray[np.int32], rng: Generator) -> None:
    """Fill a box with stripes, checks or grain, in place."""
    x, y, w, h = cv2.boundingRect(box)
    x, y, stop = max(x, 0), max(y, 0), (min(x + w, view.shape[1]), min(y + h, view.shape[0]))
    across, down = np.meshgrid(np.arange(x, stop[0]), np.arange(y, stop[1]))
    step, kind = int(rng.integers(4, 16)), rng.integers(3)
    if kind == 0:
        shade = (across + down) // step % 2 * 120
    elif kind == 1:
        shade = (across // step + down // step) % 2 * 120
    else:
        shade = rng.integers(0, 120, across.shape)
    inside = np.zeros(view.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, box, 255)
    part, within = view[y : stop[1], x : stop[0]], inside[y : stop[1], x : stop[0]] > 0
    part[within] = (60 + shade[within, None]).astype(np.uint8)


def film(scene: Scene, moving: bool, seed: int, count: int) -> tuple[Iterator[camera.Image], list[str]]:
    """Return `count` frames (H, W, 3) of a scene, held in a hand or lying still, and the rows it shows."""
    view, rows = draw_view(scene, seed)
    return _frames(scene, view, moving, seed, count), rows


def _frames(scene: Scene, view: camera.Image, moving: bool, seed: int, count: int) -> Iterator[camera.Image]:
    (w, h), rng = scene.size, np.random.default_rng([seed, 1])
    grain = _grain((w + 256, h + 256), rng)
    moves = camera.shake(np.arange(count) / FPS, 0.3, rng) * w if moving else np.zeros((count, 4, 2))
    rest = camera.corners(scene.size) + np.array([ROOM * w, ROOM * h])
    places, dark = _specks(scene, rng)
    for move in moves:
        to_frame = cv2.getPerspectiveTransform((rest + move).astype(np.float32), camera.corners(scene.size))
        picture = cv2.warpPerspective(view, to_frame, scene.size, flags=cv2.INTER_LINEAR)
        picture = cv2.GaussianBlur(picture, (0, 0), 0.6)
        if moving:
            places, dark = _specks(scene, rng)
        picture[places] = dark
        # At another place of one large field in each frame: to draw noise anew takes seconds at 4K.
        x, y = rng.integers(0, 256, 2)
        yield np.clip(picture + grain[y : y + h, x : x + w], 0, 255).astype(np.uint8)


def _grain(size: tuple[int, int], rng: Generator) -> NDArray[np.int16]:
    """Return a sensor's noise of size (W, H) in grey levels, (H, W, 1): grains of two sizes, as in the bundled clip."""
    fine = rng.standard_normal(size[::-1], np.float32)
    coarse = cv2.resize(rng.standard_normal((size[1] // 2, size[0] // 2), np.float32), size)
    return np.rint(4 * (0.75 * fine + 0.6 * coarse)).astype(np.int16)[..., None]


def _specks(scene: Scene, rng: Generator) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], NDArray[np.uint8]]:
    """Return where the frame has specks of one or two pixels, as y and x, and how dark they are, (N, 1)."""
    count = SPECKS if scene.specks else 0
    y, x = rng.integers(0, scene.size[1], count), rng.integers(0, scene.size[0] - 1, count)
    dark = rng.integers(20, 110, (count, 1)).astype(np.uint8)
    wide = rng.random(count) < 0.5
    return (np.concatenate([y, y[wide]]), np.concatenate([x, x[wide] + 1])), np.concatenate([dark, dark[wide]])


def bench_names() -> list[str]:
    """Return the files of all scenes, still and moving."""
    return [f"{scene.name}-{'moving' if moving else 'still'}.mp4" for scene in SCENES for moving in (False, True)]


def save_bench(folder: Path, seed: int = 1, seconds: float = SECONDS) -> Iterator[Path]:
    """Write every scene, still and moving, as H.264 into a folder and truth.csv beside them; yield each file.

    Raises ImportError without PyAV.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["file,rows"]
    scenes = [(scene, moving) for scene in SCENES for moving in (False, True)]
    for name, (scene, moving) in zip(bench_names(), scenes, strict=True):
        frames, rows = film(scene, moving, seed, round(seconds * FPS))
        pack(folder / name, frames, scene.size, preset="veryfast", crf=CRF)
        lines.append(f"{name},{'|'.join(rows)}")
        yield folder / name
    write_whole(folder / "truth.csv", ("\n".join(lines) + "\n").encode())
