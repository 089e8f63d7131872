"""How one line is written: the pen, the gaps, the slant, and the habits of the hand."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator


@dataclass(frozen=True)
class Style:
    """How one line is written; lengths in em, the height of a digit."""

    gap: float
    uneven: float  # of gaps
    slant: float
    aspect: float
    size: float  # spread of the digits' sizes
    tilt: float  # spread of their turns, radians
    drift: float  # rise of the line over its length
    bow: float  # its curve
    wobble: float  # how far strokes are bent out of shape
    width: float  # of the pen
    zeros: float  # size of zeros; some write them small
    joined: float  # share of the digits joined to the next
    tails: float  # share of the digits with a lengthened last stroke
    flags: float  # share of the ones with a long upstroke
    shape: tuple[float, float, float]  # how digits are out of shape: low waist, bow, narrow foot


def looseness(gap: float) -> float:
    """Return by how much the gap between a hand's characters, ems, is wider than of hands that write closely."""
    return max(gap - 0.3, 0)


def style(rng: Generator) -> Style:
    """Draw how a line is written."""
    kind = rng.random()
    if kind < 0.14:
        gap = rng.uniform(0.4, 1.4)
        uneven = 0.06 + 0.12 * gap
    elif kind < 0.3:
        gap, uneven = rng.uniform(0.12, 0.5), 0.08
    elif kind < 0.65:
        gap, uneven = rng.uniform(0.0, 0.18), 0.07
    elif kind < 0.9:
        gap, uneven = rng.uniform(-0.14, 0.02), 0.06
    else:
        gap, uneven = rng.uniform(-0.27, -0.08), 0.06
    fat = rng.random()
    width = (
        rng.uniform(0.025, 0.06) if fat < 0.25 else rng.uniform(0.06, 0.13) if fat < 0.85 else rng.uniform(0.13, 0.24)
    )
    return Style(
        gap=float(gap),
        uneven=uneven,
        slant=float(np.clip(rng.normal(0.1, 0.26), -0.55, 0.95)),
        aspect=float(np.clip(rng.lognormal(-0.03, 0.22), 0.55, 1.7)),
        size=float(rng.uniform(0.02, 0.13)),
        tilt=float(rng.uniform(0, 0.1)),
        drift=float(rng.normal(0, 0.06)),
        bow=float(rng.normal(0, 0.05)),
        wobble=float(rng.uniform(0, 0.035)),
        width=float(width),
        zeros=float(rng.uniform(0.45, 0.85)) if rng.random() < 0.15 else 1.0,
        joined=float(rng.uniform(0.3, 0.9)) if rng.random() < 0.2 else 0.0,
        tails=float(rng.uniform(0.1, 0.5)) if rng.random() < 0.25 else 0.0,
        flags=float(rng.uniform(0.3, 1)) if rng.random() < 0.3 else 0.0,
        shape=(float(rng.normal(0, 0.22)), float(rng.normal(0, 0.12)), float(rng.normal(0, 0.2))),
    )
