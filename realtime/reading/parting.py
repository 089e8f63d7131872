"""Tell where a line parts into numbers: by the row network, and by how wide a gap is for the hand that wrote the page.

The row network sees the sides of cells too. How much each counts was fitted on drawn pages
(`python -m training.fit_parting --pages 500 --seed 48`).
"""

import numpy as np
from numpy.typing import NDArray

from realtime.reading import gaps
from realtime.reading.row_lines import LineReading
from realtime.reading.two_readings import Sign, logit

# Logistic weights of the two evidences, and the offset.
WEIGHTS = (0.62, 0.28, 0.23)
# Log odds that a width tells, at most: where it may tell more, no more gaps on drawn pages are told rightly.
LARGEST = 2.0
# Heights of a digit. No hand writes the digits of a number so far apart, and of a gap as wide as this the row network
# does not see both ends.
FARTHEST = 5.0


def spacing(lines: list[list[Sign]]) -> float:
    """Return the usual gap between digits of a number on a page, heights of a digit, by the signs of its lines."""
    inner = [
        gap
        for signs in lines
        for gap, a, b in zip(_gaps(signs).tolist(), signs, signs[1:], strict=False)
        if a.text.isdigit() and b.text.isdigit()
    ]
    return gaps.usual(np.array(inner))


def evidence(signs: list[Sign], reading: LineReading, usual: float) -> NDArray[np.float64]:
    """Return what tells that neighbours of a line belong to two numbers, (K - 1, 2), in log odds.

    By the row network, and by the width of the gap where `usual` is the page's spacing.
    """
    told = [reading.parted(a.column, b.column) for a, b in zip(signs, signs[1:], strict=False)]
    wide = np.clip(gaps.odds(_gaps(signs), usual), -LARGEST, LARGEST)
    return np.column_stack([logit(np.array(told, np.float64)), wide])


def starts(signs: list[Sign], reading: LineReading, usual: float) -> set[int]:
    """Return the places of a line before which another number begins, whatever stands there."""
    odds = evidence(signs, reading, usual) @ np.array(WEIGHTS[:2]) + WEIGHTS[2]
    return {k + 1 for k in np.flatnonzero((odds > 0) | (_gaps(signs) > FARTHEST)).tolist()}


def _gaps(signs: list[Sign]) -> NDArray[np.float64]:
    """Return the gaps of a line, heights of its digits."""
    boxes = np.array([sign.box for sign in signs], np.int32).reshape(-1, 4)
    return gaps.between(boxes, gaps.height(boxes[[sign.text.isdigit() for sign in signs]]))
