"""Lay misread pictures side by side: what was seen, read and refused, with the truth below."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.outputs.overlay import draw
from realtime.outputs.pictures import save_picture
from realtime.reading.page import Number, Page
from realtime.tracking.tracker import settle

# The largest picture of a tile, and the width of its place on the sheet: width, height in pixels. Set by hand.
TILE = (600, 420)
MARGIN = 22  # pixels around a picture, so that the label of a digit at its edge has room
TILE_COLUMNS, TILE_ROWS = 4, 6  # on one sheet; set by hand
LINE = 18  # height of a line of text, pixels
FONT, SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.45  # of the lines of text
REFUSED, CAPTION, BACKGROUND = (80, 80, 230), (230, 230, 230), (30, 30, 30)  # colours, BGR
LEGEND = (
    ("a line below and a text beside: read so; corners: a digit that is not sure, ?", CAPTION),
    ("red: refused, and why", REFUSED),
)


@dataclass(frozen=True)
class Tile:
    """A picture as drawn, at most TILE large, and its lines of text."""

    picture: NDArray[np.uint8]
    lines: tuple[str, ...]


def make_tile(image: NDArray[np.uint8], page: Page, lines: Sequence[str]) -> Tile:
    """Draw what was read, and in red what was refused and why, on image (H, W, 3) brought to the size of a tile."""
    height, width = image.shape[:2]
    scale = min((TILE[0] - 2 * MARGIN) / width, (TILE[1] - 2 * MARGIN) / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    canvas = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    canvas = cv2.copyMakeBorder(canvas, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_CONSTANT, value=BACKGROUND)
    for box, refusal in zip(page.boxes.tolist(), page.refusals, strict=True):
        if refusal:
            x, y, w, h = scale_box(box, scale, MARGIN)
            cv2.rectangle(canvas, (x - 1, y - 1), (x + w, y + h), REFUSED, 1)
            cv2.putText(canvas, refusal.reason.value[:24], (x, y - 3), FONT, 0.36, REFUSED, 1, cv2.LINE_AA)
    drawn = draw(canvas, settle(scale_numbers(page, scale, MARGIN)))
    return Tile(drawn, tuple(piece for line in lines for piece in _wrap(line)))


def save_sheets(tiles: list[Tile], folder: Path, name: str) -> list[Path]:
    """Write the tiles as pictures `name.png`, `name-2.png`... in a folder; return their paths. Raises OutputError."""
    each = TILE_COLUMNS * TILE_ROWS
    paths = []
    for start in range(0, len(tiles), each):
        paths.append(folder / (f"{name}-{start // each + 1}.png" if start else f"{name}.png"))
        save_picture(paths[-1], montage(tiles[start : start + each]))
    return paths


def montage(tiles: list[Tile]) -> NDArray[np.uint8]:
    """Return one picture (H, W, 3) of the tiles, row by row, and a legend above them."""
    columns = min(TILE_COLUMNS, len(tiles))
    legend = np.full((LINE * len(LEGEND) + 14, columns * (TILE[0] + 8), 3), BACKGROUND, np.uint8)
    for k, (line, colour) in enumerate(LEGEND, 1):
        cv2.putText(legend, line, (MARGIN, LINE * k), FONT, SCALE, colour, 1, cv2.LINE_AA)
    strips = [legend]
    for start in range(0, len(tiles), columns):
        row = tiles[start : start + columns]
        picture_height = max(tile.picture.shape[0] for tile in row)
        height = picture_height + LINE * max(len(tile.lines) for tile in row) + 14
        strip = np.full((height, columns * (TILE[0] + 8), 3), BACKGROUND, np.uint8)
        for i, tile in enumerate(row):
            left = i * (TILE[0] + 8)
            tall, wide = tile.picture.shape[:2]
            strip[:tall, left : left + wide] = tile.picture
            for k, line in enumerate(tile.lines, 1):
                place = (left + 3, picture_height + LINE * k)
                cv2.putText(strip, line, place, FONT, SCALE, CAPTION, 1, cv2.LINE_AA)
        strips.append(strip)
    return np.concatenate(strips)


def scale_numbers(page: Page, scale: float, margin: int = 0) -> list[Number]:
    """Return the numbers of a page as they lie on its picture brought to a scale, within a margin in pixels."""
    return [
        replace(n, digits=tuple(replace(digit, box=scale_box(digit.box, scale, margin)) for digit in n.digits))
        for n in page.numbers
    ]


def scale_box(box: Sequence[int], scale: float, margin: int = 0) -> tuple[int, int, int, int]:
    """Bring a box from pixels of a picture to pixels of one brought to a scale, within a margin."""
    x, y, w, h = (round(value * scale) for value in box)
    return x + margin, y + margin, max(1, w), max(1, h)


def _wrap(line: str) -> list[str]:
    """Break a line of text into pieces that fit the width of a tile."""
    pieces = [""]
    for sign in line:
        if cv2.getTextSize(pieces[-1] + sign, FONT, SCALE, 1)[0][0] > TILE[0] - 6:
            pieces.append("  ")
        pieces[-1] += sign
    return pieces
