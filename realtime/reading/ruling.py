"""See the drawn lines of a table: those that run through most of it, by the finder's map of other ink."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.box import Box
from realtime.reading.finder import OUTPUT
from realtime.reading.looks import INKED, Look

LONG = 2.0  # heights of the writing that a piece of a line has at least, so that no digit is one
FEWEST = 9  # pixels of the maps; a shorter piece of a line is too coarse to be told from writing
RUNS = 0.6  # share of the table's height or width that a line runs along
CUTTING = 0.25  # share of the numbers that lines may run through; on squared paper it is more, which is no table
STEEP = 0.2  # slope, at most, of a line; a sheet that lies more askew is to be turned first


@dataclass(frozen=True)
class Rule:
    """A drawn line: x is `place` + `slope` * y where it is upright, y is `place` + `slope` * x where it is level."""

    place: float
    slope: float

    def at(self, along: float) -> float:
        """Return where the line is at a place along it."""
        return self.place + self.slope * along


@dataclass(frozen=True)
class _Piece:
    """A piece of a line, and from where to where along it that is seen."""

    rule: Rule
    start: float
    end: float


def find_rules(looks: Sequence[Look], boxes: list[Box]) -> tuple[list[Rule], list[Rule]]:
    """Return the lines that part columns, from the left, and those that part rows, from the top, of numbers' boxes.

    There are none on paper that is squared, where lines run through numbers, or only ruled.
    """
    if len(boxes) < 2:
        return [], []
    height = float(np.median([box[3] for box in boxes]))
    columns = _through(looks, np.array(boxes, np.float64), height, upright=True)
    rows = _through(looks, np.array(boxes, np.float64)[:, [1, 0, 3, 2]], height, upright=False)
    return (columns, rows) if len(columns) > 1 else ([], [])


def _through(looks: Sequence[Look], boxes: NDArray[np.float64], height: float, upright: bool) -> list[Rule]:
    """Return the lines that run along most of where boxes (N, 4) stand: across, along, and both sizes."""
    first, last = boxes[:, 1].min(), (boxes[:, 1] + boxes[:, 3]).max()
    middle = (first + last) / 2
    lines: list[list[_Piece]] = []
    for piece in sorted((p for look in looks for p in _pieces(look, height, upright)), key=lambda p: p.rule.at(middle)):
        if lines and abs(piece.rule.at(middle) - lines[-1][-1].rule.at(middle)) < height / 2:
            lines[-1].append(piece)
        else:
            lines.append([piece])
    rules = []
    for line in lines:
        longest = max(line, key=lambda piece: piece.end - piece.start)
        if _covered(line, first, last) >= RUNS * (last - first):
            rules.append(longest.rule)
    across, size = boxes[:, 0], boxes[:, 2]
    middles = boxes[:, 1] + boxes[:, 3] / 2
    at = np.array([[rule.at(along) for rule in rules] for along in middles]).reshape(len(boxes), len(rules))
    inside = (at > (across + 0.2 * size)[:, None]) & (at < (across + 0.8 * size)[:, None])
    return [] if inside.any(axis=1).mean() > CUTTING else rules


def _covered(pieces: list[_Piece], first: float, last: float) -> float:
    """Return how much from first to last is covered by pieces of a line."""
    total, done = 0.0, first
    for piece in sorted(pieces, key=lambda piece: piece.start):
        start, end = max(piece.start, done), min(piece.end, last)
        total, done = total + max(0.0, end - start), max(done, end)
    return total


def _pieces(look: Look, height: float, upright: bool) -> list[_Piece]:
    """Return the long straight pieces of other ink in a look, upright or level."""
    zoom = OUTPUT / look.scale  # pixels of the frame to one of the maps
    ink = (look.maps[2] if upright else np.ascontiguousarray(look.maps[2].T)) >= INKED
    along = round(LONG * height / zoom)
    if along < FEWEST:
        return []
    thick = cv2.dilate(ink.astype(np.uint8), np.ones((3, 3), np.uint8))
    runs = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((along // 2, 1), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(runs)
    left, top = look.origin if upright else look.origin[::-1]
    pieces = []
    for k in range(1, count):
        x, y, w, h, _ = stats[k].tolist()
        if h < along:
            continue
        v, u = np.nonzero(labels[y : y + h, x : x + w] == k)
        points = np.stack([u + x, v + y], axis=1).astype(np.float32)
        vx, vy, u0, v0 = cv2.fitLine(points, cv2.DIST_HUBER, 0, 0.01, 0.01).ravel().tolist()
        slope = vx / vy if abs(vy) > 1e-6 else np.inf
        if abs(slope) > STEEP or w > 0.25 * h + 6:
            continue
        place = left + (u0 + 0.5) * zoom - slope * (top + (v0 + 0.5) * zoom)
        pieces.append(_Piece(Rule(place, slope), top + y * zoom, top + (y + h) * zoom))
    return pieces
