"""The bundled clip: a sheet of numbers held before a camera, then a dark board with other numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from realtime.outputs.files import write_whole

from . import camera
from .pen import Hand
from .sheet import Layout, coloured, lay

SIZE = (1280, 720)
FPS = 25
SEED = 7
_SHEET = (1500, 1060)  # pixels of the drawn sheet, larger than it appears
_PLAIN = {"0": "round", "1": "flag", "2": "plain", "3": "round", "4": "open", "5": "one", "6": "bow", "7": "plain"}
_OTHER = {"0": "wide", "1": "bare", "2": "swan", "3": "soft", "4": "closed", "5": "roof", "6": "hook", "7": "crossed"}


@dataclass(frozen=True)
class Half:
    """Four seconds of the clip; colours are BGR."""

    rows: tuple[str, ...]
    paper: tuple[float, float, float]
    ink: tuple[float, float, float]
    wall: tuple[float, float, float]
    table: tuple[float, float, float]
    hand: Hand
    dry: float
    start: float
    end: float


HALVES = (
    Half(
        ("0742", "518  36", "90125", "47", "630981", "2504"),
        paper=(226, 234, 236),
        ink=(92, 48, 38),
        wall=(150, 158, 160),
        table=(70, 98, 128),
        hand=Hand(slant=0.1, width=0.095, jitter=0.012, shapes=(*_PLAIN.items(), ("8", "one"), ("9", "straight"))),
        dry=0.0,
        start=0.0,
        end=4.0,
    ),
    Half(
        ("3906", "81", "270  458", "917324", "08", "55639"),
        paper=(58, 62, 52),
        ink=(222, 232, 234),
        wall=(120, 132, 140),
        table=(60, 84, 104),
        hand=Hand(slant=0.04, width=0.11, jitter=0.014, shapes=(*_OTHER.items(), ("8", "circles"), ("9", "tailed"))),
        dry=0.3,
        start=4.0,
        end=8.0,
    ),
)


def _field(size: tuple[int, int], cells: int, rng: Generator) -> NDArray[np.float32]:
    """Return smooth noise of unit size, about cells patches across, (H, W)."""
    coarse = rng.standard_normal((max(2, cells * size[1] // size[0]), cells), dtype=np.float32)
    return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)


def _room(half: Half, rng: Generator) -> camera.Image:
    """Draw what stands behind the sheet: a plain wall, a table's edge and a soft patch of light; no strokes."""
    w, h = SIZE[0] + 80, SIZE[1] + 80
    room = np.empty((h, w, 3), np.float32)
    room[:] = half.wall
    edge = int(h * 0.80)
    room[edge:] = half.table
    room[edge : edge + 5] = np.array(half.table, np.float32) * 0.6
    grain = cv2.resize(rng.standard_normal((h - edge, 12), dtype=np.float32), (w, h - edge))
    room[edge:] += 5 * grain[..., None]
    room *= (1 + 0.05 * _field((w, h), 4, rng))[..., None]
    return np.clip(np.rint(cv2.GaussianBlur(room, (0, 0), 3)), 0, 255).astype(np.uint8)


def _sheet(half: Half, rng: Generator) -> camera.Image:
    """Write the rows of one half on its paper or board, (H, W, 3)."""
    layout = Layout(margin=0.075, fill=0.64, spacing=0.22, spread=0.025, wide=2.0, drift=0.35, curve=0.03, indent=0.85)
    sheet = lay(list(half.rows), _SHEET, half.hand, layout, rng)
    paper = np.empty((_SHEET[1], _SHEET[0], 3), np.float32)
    paper[:] = half.paper
    paper *= (1 + 0.006 * _field(_SHEET, 40, rng) + 0.02 * _field(_SHEET, 6, rng))[..., None]
    return coloured(sheet, np.clip(paper, 0, 255).astype(np.uint8), half.ink, half.dry, rng)


def _poses(half: Half, count: int, rng: Generator) -> NDArray[np.float32]:
    """Return the corners of the held sheet in each frame, (count, 4, 2) pixels; all of it stays in the frame."""
    rest = np.array([[0.135, 0.062], [0.868, 0.038], [0.888, 0.952], [0.118, 0.938]])
    if half.start > 0:  # the board is seen from the other side
        rest = np.array([[0.118, 0.040], [0.872, 0.070], [0.860, 0.935], [0.124, 0.962]])
    moves = camera.shake(np.arange(count) / FPS, 0.24, rng) * SIZE[0]
    return (rest * SIZE + moves).astype(np.float32)


def _expose(view: camera.Image, light: NDArray[np.float32], rng: Generator) -> camera.Image:
    """Light and develop one frame: uneven light, a slightly soft lens, noise."""
    lit = np.clip(view * light[..., None], 0, 255).astype(np.uint8)
    return camera.noise(cv2.GaussianBlur(lit, (0, 0), 0.7), 4.42 / 48, rng)


def _light(rng: Generator) -> NDArray[np.float32]:
    white = np.full((SIZE[1], SIZE[0], 3), 255, np.uint8)
    lit = camera.vignette(camera.uneven_light(white, 0.55, rng), 0.45, rng)
    return lit[..., 0].astype(np.float32) / np.float32(225)


def draw_half(half: Half, count: int | None = None, seed: int = SEED) -> list[camera.Image]:
    """Draw the first count frames of a half (all of them by default), each (720, 1280, 3) uint8 BGR."""
    written, seen, grains = np.random.default_rng([seed, int(half.start)]).spawn(3)
    sheet, room, light = _sheet(half, written), _room(half, seen), _light(seen)
    poses = _poses(half, round((half.end - half.start) * FPS), seen)
    centre = poses.mean(axis=(0, 1))
    frames = []
    for pose in poses[:count]:
        matrix = cv2.getPerspectiveTransform(camera.corners(_SHEET), pose)
        x, y = np.rint(40 + 0.3 * (centre - pose.mean(axis=0))).astype(int)  # the room moves a little the other way
        view = room[y : y + SIZE[1], x : x + SIZE[0]].astype(np.float32)
        mask = cv2.warpPerspective(np.full(_SHEET[::-1], 255, np.uint8), matrix, SIZE, flags=cv2.INTER_AREA)
        cast = cv2.GaussianBlur(mask, (0, 0), 12).astype(np.float32)[..., None] / 255
        view *= 1 - 0.35 * np.roll(cast, (8, 5), axis=(0, 1))
        cover = mask.astype(np.float32)[..., None] / 255
        board = cv2.warpPerspective(sheet, matrix, SIZE, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
        view = view * (1 - cover) + board * cover
        frames.append(_expose(np.clip(view, 0, 255).astype(np.uint8), light, grains))
    return frames


def pack(path: Path, frames: Iterable[camera.Image], size: tuple[int, int], preset: str, crf: int) -> int:
    """Pack frames of size (W, H) as H.264 into path, whole or not at all; return how many there were.

    Raises ImportError without PyAV: OpenCV writes no H.264.
    """
    import av

    count = 0
    part = path.with_name(f".{path.name}.part")
    with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as file:
        stream = file.add_stream("libx264", rate=FPS, options={"crf": str(crf), "preset": preset, "threads": "1"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for image in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
            count += 1
        file.mux(stream.encode(None))
    part.replace(path)
    return count


def save_clip(path: Path, seed: int = SEED) -> int:
    """Draw the whole clip into path as H.264, the way phones pack it, and truth.csv beside it; return its frames.

    Raises ImportError without PyAV.
    """
    frames = (image for half in HALVES for image in draw_half(half, seed=seed))
    count = pack(path, frames, SIZE, preset="slow", crf=24)
    lines = [f"{path.name},{'|'.join(' '.join(r.split()) for r in h.rows)},{h.start:g},{h.end:g}\n" for h in HALVES]
    write_whole(path.with_name("truth.csv"), ("file,rows,start,end\n" + "".join(lines)).encode())
    return count
