"""What ink lies on and what a camera makes of it, for strips: patterned paper, uneven light, blur, noise, JPEG."""

from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from realtime.reading.strips import HEIGHT, normalise

TILE = (96, 640)  # rows and columns of a tile of paper
PATTERNS = 160  # tiles drawn
MOST_TILES = 4  # of each photographed paper

Grey = NDArray[np.float32]
Margin = tuple[int, int]  # columns at both ends that lie outside the picture


class Papers:
    """A bank of tiles of paper (96, 640) float32, mean 0, spread 1, dark is positive as ink is."""

    def __init__(self, folder: Path, held_out: bool, rng: Generator) -> None:
        self.tiles: list[Grey] = [_pattern(rng) for _ in range(PATTERNS)]
        for k, path in enumerate(sorted((folder / "backgrounds").glob("*.*"))):
            if path.suffix == ".csv" or (k % 8 == 0) != held_out or not path.name.startswith("blank_"):
                continue
            image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            if image is not None:
                self.tiles += [_photographed(image, rng) for _ in range(MOST_TILES)]

    def cut(self, width: int, rng: Generator) -> Grey:
        """Return texture (32, width) float32 from a random place of a random tile."""
        tile = self.tiles[int(rng.integers(len(self.tiles)))]
        if width > tile.shape[1]:
            tile = np.concatenate([tile, tile[:, ::-1]], axis=1)
        y, x = int(rng.integers(tile.shape[0] - HEIGHT + 1)), int(rng.integers(tile.shape[1] - width + 1))
        return tile[y : y + HEIGHT, x : x + width]


def _standard(tile: Grey) -> Grey:
    tile = tile - cv2.blur(tile, (65, 65))
    standard: Grey = (tile / max(float(tile.std()), 1e-3)).astype(np.float32)
    return np.clip(standard, -3, 3)


def _photographed(image: NDArray[np.uint8], rng: Generator) -> Grey:
    """Cut a tile from a photograph of paper at a random scale."""
    scale = float(rng.uniform(0.15, 1.0)) * min(1.0, 2000 / max(image.shape))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if small.shape[0] < TILE[0] or small.shape[1] < TILE[1]:
        small = cv2.resize(image, (max(TILE[1], small.shape[1]), max(TILE[0], small.shape[0])))
    y, x = (int(rng.integers(s - t + 1)) for s, t in zip(small.shape, TILE, strict=True))
    return _standard(-small[y : y + TILE[0], x : x + TILE[1]].astype(np.float32))


def _pattern(rng: Generator) -> Grey:
    """Draw what is printed on cheques and forms, waves, hatching, nets, dots, or the cloud of rough paper."""
    rows, columns = (TILE[0] * 2, TILE[1] * 2)
    tile = np.zeros((rows, columns), np.uint8)
    kind = rng.integers(6)
    if kind == 0:
        coarse = rng.normal(0, 1, (rows // int(rng.integers(2, 9)), columns // int(rng.integers(2, 9))))
        return _standard(cv2.resize(coarse.astype(np.float32), (TILE[1], TILE[0]), interpolation=cv2.INTER_CUBIC))
    if kind == 1:
        pitch = int(rng.integers(6, 16))
        for down in range(0, rows, pitch):
            for along in range((down // pitch % 2) * pitch // 2, columns, pitch):
                cv2.circle(tile, (along, down), int(rng.integers(1, 3)), 255, -1, cv2.LINE_AA)
    else:
        x: NDArray[np.float64] = np.arange(-20, columns + 20, 6, dtype=np.float64)
        for _ in range(1 if kind < 4 else 2):
            spacing, angle = rng.uniform(7, 26), rng.uniform(-0.9, 0.9) if kind > 2 else rng.normal(0, 0.08)
            height, length, phase, turn = (
                rng.uniform(0, 22),
                rng.uniform(60, 500),
                rng.uniform(0, 7),
                rng.normal(0, 0.4),
            )
            for k in np.arange(-columns / spacing, (rows + columns) / spacing):
                y = k * spacing + angle * x + height * np.sin(2 * np.pi * x / length + phase + turn * k)
                line = np.round(np.stack([x, y], axis=1) * 8).astype(np.int32)
                cv2.polylines(tile, [line], False, 255, int(rng.integers(1, 3)), cv2.LINE_AA, 3)
    small = cv2.resize(tile, (TILE[1], TILE[0]), interpolation=cv2.INTER_AREA).astype(np.float32)
    return _standard(small + rng.normal(0, 8, small.shape).astype(np.float32))


def on_paper(ink: NDArray[np.uint8], papers: Papers, hard: float, rng: Generator) -> Grey:
    """Lay ink (64, 2 W) uint8, drawn at twice the size, on paper: (32, W) float32 grey, ink 1 brighter than paper.

    hard: from 0, a clean sheet in focus, to 1.
    """
    width = ink.shape[1] // 2
    if rng.random() < 0.6:
        spread = (
            float(rng.uniform(0.3, 0.6 + 1.4 * hard)) if rng.random() < 1 - 0.2 * hard else float(rng.uniform(1.5, 2.8))
        )
        ink = cv2.GaussianBlur(ink, (0, 0), spread, sigmaY=spread * float(rng.uniform(0.8, 1.25)))
    grey = cv2.resize(ink, (width, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    if rng.random() < 0.25 * hard:  # a pen that runs dry, pencil on rough paper
        grey = grey * np.clip(
            float(rng.uniform(0.5, 1.1)) + papers.cut(width, rng) * float(rng.uniform(0.2, 0.6)), 0, 1
        )
    if rng.random() < 0.3:  # pressure along the line
        knots = rng.uniform(0.5, 1, (1, max(width // 12, 2))).astype(np.float32)
        grey = grey * cv2.resize(knots, (width, 1), interpolation=cv2.INTER_LINEAR)
    through = rng.random()
    if through < 0.05:  # print through: mirrored, faint
        behind = np.roll(grey[:, ::-1], int(rng.integers(width)), axis=1)
        grey = np.maximum(grey, float(rng.uniform(0.1, 0.35)) * behind)
    laid: Grey = grey + papers.cut(width, rng) * float(abs(rng.normal(0, 0.11 * hard))) + _light(width, rng)
    return laid


def _light(width: int, rng: Generator) -> Grey:
    """Return uneven light (32, width): a slope, and now and then the edge of a shadow."""
    x, y = np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, HEIGHT, dtype=np.float32)
    slope, fall = (float(v) for v in rng.normal(0, 0.08, 2))
    light = slope * x[None] + fall * y[:, None]
    if rng.random() < 0.12:
        edge = (
            x[None] * float(rng.normal(0, 1)) * width / 40 + y[:, None] * float(rng.normal(0, 1)) + float(rng.normal())
        )
        light = light + float(rng.uniform(0.1, 0.6)) / (1 + np.exp(np.clip(-edge * float(rng.uniform(1, 6)), -30, 30)))
    if rng.random() < 0.08:  # a band of darker paper
        row, tilt = float(rng.uniform(-1, 1)), float(rng.normal(0, 0.15))
        band = (y[:, None] + tilt * x[None] > row) == (rng.random() < 0.5)
        light = light + float(rng.uniform(0.1, 0.5)) * band
    return light.astype(np.float32)


def degrade(grey: Grey, margin: Margin, hard: float, rng: Generator) -> NDArray[np.uint8]:
    """See a strip (32, W) float32 through a camera or scanner and normalise it as reading does: (32, W) uint8.

    hard: from 0, sharp and of full contrast, to 1.
    """
    width = grey.shape[1]
    contrast = float(np.exp(rng.uniform(np.log(18 + 60 * (1 - hard)), np.log(190))))
    if rng.random() < 0.3 * hard:  # a small picture, enlarged
        share = float(rng.uniform(0.42, 0.95))
        size = (max(round(width * share), 2), max(round(HEIGHT * share), 2))
        small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        grey = _spoil(small, contrast, hard, rng)
        grey = cv2.resize(
            grey, (width, HEIGHT), interpolation=(cv2.INTER_LINEAR, cv2.INTER_CUBIC)[int(rng.integers(2))]
        )
    else:
        grey = _spoil(grey, contrast, hard, rng)
    if rng.random() < 0.15:  # as cameras sharpen
        grey = grey + float(rng.uniform(0.3, 1.2)) * (grey - cv2.blur(grey, (3, 3)))
    inside = np.ones(grey.shape, np.bool_)
    inside[:, : margin[0]] = False
    inside[:, width - margin[1] :] = False
    if rng.random() < 0.05:  # the picture ends within the line
        rows = int(rng.integers(1, 6))
        inside[slice(0, rows) if rng.random() < 0.5 else slice(-rows, None)] = False
    return normalise(grey, inside)


def _spoil(grey: Grey, contrast: float, hard: float, rng: Generator) -> Grey:
    """Add noise, round to grey levels, and now and then pack as JPEG; returned in grey levels."""
    levels = grey * contrast
    noise = float(abs(rng.normal(0, 0.08 * hard))) * contrast + float(rng.uniform(0, 1.2))
    levels = np.round(levels + rng.standard_normal(grey.shape, dtype=np.float32) * noise)
    if rng.random() < 0.25:
        low, high = float(levels.min()), float(levels.max())
        shift = float(rng.uniform(0, max(255 - (high - low), 0)))
        packed = 255 - np.clip(levels - low + shift, 0, 255).astype(np.uint8)
        _, data = cv2.imencode(".jpg", packed, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))])
        levels = 255 - np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.float32)
    return levels.astype(np.float32)
