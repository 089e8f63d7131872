"""Digits of writers that no network was trained on, as crops: drawn from their strokes, or cut from their photos."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.reading import crops
from realtime.reading.ensemble import Networks
from training.corrections import read_corrections
from training.scenes.glyphs import held
from training.strokes import SIDE, Patch, blank, stroke

WRITTEN = 0.7  # of a patch's side that the longer side of a digit takes
PENS = (3, 8)  # widths of pens, pixels, half-open
DRAWINGS = 8  # of each digit of Chars74K, of which every writer wrote one: by other pens, turned, stretched, slanted


@dataclass(frozen=True)
class Hands:
    """Digits of many writers: crops (N, 1, 28, 28) uint8, labels and writers (N,)."""

    name: str
    crops: NDArray[np.uint8]
    labels: NDArray[np.intp]
    writers: NDArray[np.intp]


def unipen(path: Path) -> Hands:
    """Read the digits of UNIPEN's held-out writers, a line of JSON each, and draw each once."""
    rng = np.random.default_rng(0)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = [line for text in file if held((line := json.loads(text))["writer"])]
    names = sorted({line["writer"] for line in lines})
    patches = [_draw([np.array(s, float) for s in line["strokes"]], rng) for line in lines]
    labels = np.array([int(line["label"]) for line in lines], np.intp)
    return Hands("UNIPEN", crops.stack(patches), labels, np.array([names.index(line["writer"]) for line in lines]))


def chars74k(path: Path) -> Hands:
    """Read the digits of Chars74K, {digit: [strokes of each writer]}, and draw each several times."""
    rng = np.random.default_rng(0)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        forms = json.load(file)
    patches, labels, writers = [], [], []
    for digit in "0123456789":
        for writer, form in enumerate(forms[digit]):
            for _ in range(DRAWINGS):
                matrix = _distortion(rng)
                patches.append(_draw([np.array(s, float) @ matrix.T for s in form], rng))
                labels.append(int(digit))
                writers.append(writer)
    return Hands("Chars74K", crops.stack(patches), np.array(labels), np.array(writers))


def photos(folders: Sequence[Path], networks: Networks) -> Hands:
    """Cut the digits of photos by the path of live reading; a folder of folders 0 to 9 for each writer."""
    found = [(writer, c) for writer, folder in enumerate(folders) for c in read_corrections(folder, networks)[0]]
    cut = np.stack([c.crop for _, c in found])[:, None]
    return Hands("photos", cut, np.array([c.label for _, c in found]), np.array([writer for writer, _ in found]))


def _distortion(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a small turn, stretch and slant, (2, 2)."""
    angle = rng.normal(0, 0.07)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return turn @ np.array([[rng.uniform(0.88, 1.12), rng.normal(0, 0.1)], [0, 1]])


def _draw(strokes: list[NDArray[np.float64]], rng: np.random.Generator) -> Patch:
    """Draw strokes (N, 2) x, y of any size in the middle of a patch."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    patch, width = blank(), int(rng.integers(*PENS))
    for line in strokes:
        placed = (line - (low + high) / 2) / max((high - low).max(), 1e-3) * WRITTEN * SIDE + SIDE / 2
        stroke(patch, np.repeat(placed, 2, axis=0) if len(placed) == 1 else placed, width)
    return patch
