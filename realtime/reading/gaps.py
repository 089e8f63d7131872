"""Tell which gaps part two numbers: those that are wide for the hand that wrote them.

The gaps of a page are a mixture: within numbers they lie about the hand's own usual gap, between numbers anywhere
above. In 218 numbers of UNIPEN's writers a hand's usual gap is 0.27 heights of a digit with a deviation of 0.16, and
single gaps deviate from it by 0.10 and 0.17 of it.
"""

from statistics import median

import numpy as np
from numpy.typing import NDArray

USUAL, SPREAD = 0.27, 0.16  # heights; of hands, see above
LOOSE = 0.3  # share of hands that write wider apart than on UNIPEN's tablets, up to WIDEST alike
WIDEST = 1.6  # heights
DEVIATION, GROWING = 0.10, 0.17  # heights, and share of the usual gap; of single gaps, see above
PARTED = 0.15  # share of all gaps that part numbers, alike likely on a logarithmic scale from LEAST to MOST heights
LEAST, MOST = 0.5, 12.0
_USUAL = np.linspace(-0.3, WIDEST, 77)


def between(boxes: NDArray[np.int32], height: float) -> NDArray[np.float64]:
    """Return the gaps (N - 1,) between boxes (N, 4) of a line in order, in heights of its digits."""
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    apart = np.hypot(*np.diff(centres, axis=0).T) - (boxes[1:, 2] + boxes[:-1, 2]) / 2
    return np.asarray(apart / max(height, 1.0), np.float64)


def usual(gaps: NDArray[np.float64]) -> float:
    """Return the likeliest usual gap within numbers of a page, heights, of all gaps (N,) between its digits."""
    hands = (1 - LOOSE) * _normal(_USUAL, USUAL, np.full(len(_USUAL), SPREAD)) + LOOSE / np.ptp(_USUAL)
    within = _normal(gaps[:, None], _USUAL[None], _deviation(_USUAL)[None])
    score = np.log(hands) + np.log((1 - PARTED) * within + _parted(gaps)[:, None]).sum(axis=0)
    return float(_USUAL[int(score.argmax())])


def odds(gaps: NDArray[np.float64], hand: float) -> NDArray[np.float64]:
    """Return the log odds that gaps (N,) part two numbers, for a hand's usual gap; a narrower one surely does not."""
    within = (1 - PARTED) * _normal(gaps, np.full(len(gaps), hand), np.full(len(gaps), _deviation(np.array(hand))))
    return np.where(gaps > hand, np.log(_parted(gaps) / within), -np.inf)


def height(boxes: NDArray[np.int32]) -> float:
    """Return the usual height of digits, boxes (N, 4), pixels."""
    return float(median(boxes[:, 3].tolist())) if len(boxes) else 1.0


def _parted(gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how likely gaps are that part numbers, (N,)."""
    density = 1 / (np.clip(gaps, LEAST, MOST) * np.log(MOST / LEAST))
    return np.where(gaps >= LEAST, PARTED * density, 1e-6)


def _deviation(hand: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(DEVIATION + GROWING * np.maximum(hand, 0))


def _normal(
    x: NDArray[np.float64], mean: NDArray[np.float64] | float, deviation: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.asarray(np.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * np.sqrt(2 * np.pi)) + 1e-12)
