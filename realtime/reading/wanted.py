"""What is to be read in a frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.reading.ensemble import Networks
from realtime.reading.expectation import Expectation
from realtime.reading.page import Page
from realtime.reading.pipeline import CONFIDENCE, read
from realtime.reading.stages import StageClock


@dataclass(frozen=True)
class Wanted:
    """What is to be read: all numbers, held against an expectation where there is one."""

    expectation: Expectation | None = None


ALL = Wanted()


def read_wanted(
    image: NDArray[np.uint8],
    networks: Networks,
    confidence: float = CONFIDENCE,
    polarity: str = "auto",
    wanted: Wanted = ALL,
    clock: StageClock | None = None,
) -> Page:
    """Read what is wanted of a frame, as `pipeline.read` reads all of it."""
    return read(image, networks, confidence, polarity, clock, wanted.expectation)
