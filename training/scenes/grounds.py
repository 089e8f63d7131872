"""What is written upon and what lies around it: papers, boards, tables, rooms, rulings, all from banks read once."""

import csv
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from realtime.sources.frame import SourceError

Image = NDArray[np.float32]  # (S, S, 3) BGR 0..255
LARGEST = 900  # pixels of the longer side that pictures are kept at
HELD_CLIPS = 3  # the last clips of clutter by name measure, nobody trains on them
FRAMES = 24  # kept of each clip
_GRAIN = 1024  # pixels, the side of the noise in the bank


class Grounds:
    """Banks of grounds in a data folder: papers and scenes without writing, pages with words but no number."""

    def __init__(self, data: Path, validation: bool = False) -> None:
        self.papers: list[NDArray[np.uint8]] = []
        self.scenes: list[NDArray[np.uint8]] = []
        self.pages: list[NDArray[np.uint8]] = []
        with (data / "backgrounds" / "backgrounds.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for k, row in enumerate(rows):
            kind, name = row["kind"], row["file"]
            if "WITH digits" in kind or "board" in kind and not name.startswith("blank"):
                continue  # digits stand on these, and nobody has marked where
            if (k % 8 == 3) != validation:
                continue
            picture = _smaller(_read(data / "backgrounds" / name))
            blank = name.startswith("blank") or kind == "tile" and "paper5a" not in name and "50_" not in name
            written = not name.startswith("blank") and any(word in kind for word in ("words", "book", "text"))
            (self.papers if blank else self.pages if written else self.scenes).append(picture)
        clips = sorted((data / "clutter").iterdir())[:-HELD_CLIPS]
        for clip in clips[::5] if validation else [c for c in clips if c not in clips[::5]]:
            self.scenes += _frames(clip)
        rng = np.random.default_rng(7)
        white = rng.standard_normal((_GRAIN, _GRAIN), dtype=np.float32)
        blurred = [white, *(cv2.GaussianBlur(white, (0, 0), s) for s in (0.8, 1.6, 4.0))]
        coarse = cv2.resize(
            rng.standard_normal((24, 24), dtype=np.float32), (_GRAIN, _GRAIN), interpolation=cv2.INTER_CUBIC
        )
        self.grains = [g / g.std() for g in (*blurred, coarse)]

    def grain(self, size: int, rng: Generator, coarseness: int = 0) -> NDArray[np.float32]:
        """Return noise of unit deviation, (size, size); coarseness 0 is white, 1 to 3 paper, 4 clouds."""
        bank = self.grains[coarseness]
        if size >= _GRAIN:
            bank = np.tile(bank, (2 + size // _GRAIN,) * 2)
        y, x = rng.integers(0, len(bank) - size, 2)
        return bank[y : y + size, x : x + size]

    def crop(self, pictures: list[NDArray[np.uint8]], side: int, rng: Generator, turn: bool = True) -> Image:
        """Return a random part of a random picture, at a random size."""
        picture = pictures[rng.integers(len(pictures))]
        least = min(picture.shape[:2])
        size = int(min(least, np.exp(rng.uniform(np.log(side * 0.35), np.log(side * 2.5)))))
        y, x = rng.integers(0, picture.shape[0] - size + 1), rng.integers(0, picture.shape[1] - size + 1)
        part = cv2.resize(
            picture[y : y + size, x : x + size],
            (side, side),
            interpolation=cv2.INTER_AREA if size > side else cv2.INTER_LINEAR,
        )
        if turn:
            part = np.rot90(part, int(rng.integers(4)))[:, :: rng.choice([-1, 1])]
        return np.ascontiguousarray(part, np.float32)

    def paper(self, side: int, rng: Generator) -> Image:
        """Draw a ground to write on: light paper mostly, coloured paper, boards, wood."""
        kind = rng.random()
        if kind < 0.28:
            base = self.crop(self.papers, side, rng)
            if rng.random() < 0.4:
                base *= (rng.uniform(0.75, 1.2) * rng.uniform(0.93, 1.07, 3)).astype(np.float32)
            return base
        if kind < 0.36:
            flat = self.crop(self.scenes, side, rng)
            calm = rng.uniform(0.15, 0.9)  # how much of the scene's own contrast stays
            return flat * np.float32(calm) + np.array(cv2.mean(flat)[:3], np.float32) * np.float32(1 - calm)
        if kind < 0.82:
            colour = 255 * rng.uniform(0.5, 1.0) ** 0.6 * (1 + rng.normal(0, 0.04, 3))
        elif kind < 0.87:
            colour = 255 * rng.uniform(0.3, 1.0, 3)
        else:
            colour = rng.uniform(8, 100) * (1 + rng.normal(0, 0.2, 3))
        base = np.empty((side, side, 3), np.float32)
        base[:] = np.clip(colour, 0, 255)
        amount = abs(rng.normal(0, 0.025)) * (3 if rng.random() < 0.12 else 1)
        texture = 1 + amount * self.grain(side, rng, int(rng.integers(1, 4)))
        if rng.random() < 0.4:
            texture += 0.04 * rng.random() * self.grain(side, rng, 4)
        return base * texture.astype(np.float32)[..., None]


def ruling(side: int, view: NDArray[np.float64], rng: Generator) -> NDArray[np.uint8]:
    """Draw what is printed on a sheet, (side, side) uint8: rules, squares, dots or a security pattern."""
    drawn, kind = np.zeros((side, side), np.uint8), rng.random()
    step = side * np.exp(rng.uniform(np.log(0.035), np.log(0.3)))
    thick = int(max(1, round(step * rng.uniform(0.01, 0.06))))
    if kind < 0.12:
        y, x = np.mgrid[0:side, 0:side].astype(np.float32)
        for _ in range(int(rng.integers(1, 3))):
            angle, period = rng.uniform(0, np.pi), rng.uniform(4, 30)
            wave = np.sin(x / rng.uniform(8, 40)) * rng.uniform(0, 8)
            field = np.sin((x * np.cos(angle) + y * np.sin(angle) + wave) * 2 * np.pi / period)
            drawn = np.maximum(drawn, np.clip(field * 400 - 150, 0, 255).astype(np.uint8))
        return drawn
    reach = np.arange(-0.6 * side + rng.uniform(0, step), 1.6 * side, step)
    far = np.array([-0.6 * side, 1.6 * side])
    lines = [np.column_stack([far, [y, y]]) for y in reach]
    if kind < 0.55:
        lines += [np.column_stack([[x, x], far]) for x in reach]
    elif rng.random() < 0.4:
        x = rng.uniform(0, 0.3) * side
        lines.append(np.column_stack([[x, x], far]))
    for line in lines:
        seen = np.column_stack([line, [1, 1]]) @ view.T
        ends = np.rint(np.clip(seen[:, :2] / seen[:, 2:], -2000, 2000) * 16).astype(np.int32)
        cv2.line(drawn, ends[0].tolist(), ends[1].tolist(), 255, thick, cv2.LINE_AA, 4)
    return drawn


def _read(path: Path) -> NDArray[np.uint8]:
    """Return a picture, (H, W, 3). Raises SourceError where there is none."""
    picture = cv2.imread(str(path))
    if picture is None:
        raise SourceError(f"{path} is no picture: the folder of backgrounds is not whole")
    return picture


def _smaller(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = min(1.0, LARGEST / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    short = max(0, 200 - min(small.shape[:2]))  # strips are mirrored until a square of some size fits in
    return cv2.copyMakeBorder(small, 0, short, 0, short, cv2.BORDER_REFLECT) if short else small


def _frames(clip: Path) -> list[NDArray[np.uint8]]:
    """Return frames spread over a clip."""
    capture = cv2.VideoCapture(str(clip))
    frames: list[NDArray[np.uint8]] = []
    while capture.grab() and len(frames) < 400:
        frames.append(capture.retrieve()[1])
    capture.release()
    return [_smaller(frames[i]) for i in np.linspace(0, len(frames) - 1, min(FRAMES, len(frames))).astype(int)]
