"""Part what a line says into its numbers: which signs belong to one, which part two, and which gaps are wide."""

from statistics import median

import numpy as np
from numpy.typing import NDArray

UNSURE = "?"
INNER = ".,"  # between two digits these belong to the number
WIDE, TIMES = 1.2, 2.2  # a gap parts numbers above WIDE heights and TIMES the usual gap of its line

Indices = list[int]


def part(texts: list[str], boxes: NDArray[np.int32], inner: str = "") -> list[Indices]:
    """Part the signs of a line, in order, into numbers: each the indices of its digits and of the signs inside it.

    boxes: (N, 4) x, y, w, h in the picture. A point or comma between digits belongs to the number, and so does a minus
    in front of a digit where the line, or what follows a wide gap or a sign, begins; all else parts numbers. inner:
    further signs that belong to the number between two digits.
    """
    wide = wide_gaps(texts, boxes)
    numbers: list[Indices] = []
    current: Indices = []
    for k, text in enumerate(texts):
        if k in wide and current:
            numbers, current = [*numbers, current], []
        inside = current and text in INNER + inner and _is_digit(texts[current[-1]]) and _leads(texts, k, wide)
        if _is_digit(text) or inside:
            current.append(k)
        else:
            numbers, current = numbers + [current] * bool(current), []
            if text == "-" and _leads(texts, k, wide) and (k == 0 or k in wide or not _is_digit(texts[k - 1])):
                current = [k]
    return numbers + [current] * bool(current)


def _is_digit(text: str) -> bool:
    return text.isdigit() or text == UNSURE


def _leads(texts: list[str], k: int, wide: set[int]) -> bool:
    """Tell whether a digit stands right behind a sign."""
    return k + 1 < len(texts) and k + 1 not in wide and _is_digit(texts[k + 1])


def wide_gaps(texts: list[str], boxes: NDArray[np.int32]) -> set[int]:
    """Return the places before which a gap is wide for its line: for the height of its digits and beside other gaps."""
    if len(texts) < 2:
        return set()
    heights = [int(h) for text, h in zip(texts, boxes[:, 3], strict=True) if _is_digit(text)]
    height = median(heights) if heights else int(boxes[:, 3].max())
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    apart = np.hypot(*np.diff(centres, axis=0).T) - (boxes[1:, 2] + boxes[:-1, 2]) / 2
    gaps = (apart / max(height, 1)).tolist()
    widest = max(WIDE, TIMES * (median(gaps) if len(gaps) > 2 else 0.0))
    return {k + 1 for k, gap in enumerate(gaps) if gap > widest}
