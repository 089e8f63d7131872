"""Read one frame: the finder's digits, the classifier's word on all of them in one batch, their lines, numbers."""

from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from realtime.reading.ensemble import Networks
from realtime.reading.expectation import Expectation
from realtime.reading.found import ACCEPTED, Found, find
from realtime.reading.page import Number, Page
from realtime.reading.page_lines import read_lines
from realtime.reading.reasons import Reason, Refusal
from realtime.reading.stages import StageClock

CONFIDENCE = 0.5  # probability below which a digit is shown as unsure: it is likelier wrong than right
POLARITIES = ("auto", "dark", "light")


def read(
    image: NDArray[np.uint8],
    networks: Networks,
    confidence: float = CONFIDENCE,
    polarity: str = "auto",
    clock: StageClock | None = None,
    thorough: bool = False,
    expectation: Expectation | None = None,
) -> Page:
    """Read the numbers of one frame, image (H, W, 3) BGR uint8; a digit below `confidence` becomes "?".

    polarity: "dark" or "light" ink alone, or "auto" for both. clock: told what each stage takes. thorough: take more
    time for small digits. expectation: what numbers may be. Raises ValueError for another array or polarity.
    """
    start = perf_counter()
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"an image is (H, W, 3) uint8 BGR, not empty; got {image.shape} {image.dtype}")
    if polarity not in POLARITIES:
        raise ValueError(f"unknown polarity {polarity!r}: use {', '.join(POLARITIES)}")
    clock = clock or StageClock()
    found = find(image, networks.finder, networks.classifier, polarity, thorough, clock)
    with clock.stage("lines"):
        numbers, lines = read_lines(image, found, networks.rows, confidence, polarity, expectation)
    size, latency = (image.shape[1], image.shape[0]), 1000 * (perf_counter() - start)
    return Page(
        tuple(found.looks), found.boxes, found.crops, found.digits * found.sure[:, None], 1 - found.sure,
        _refusals(found, numbers), numbers, lines, size, confidence, polarity, latency,
    )  # fmt: skip


def _refusals(found: Found, numbers: list[Number]) -> list[Refusal | None]:
    """Tell of each that was found and is no digit of a number why."""
    read_ = {digit.blob for number in numbers for digit in number.digits}
    return [None if k in read_ else _refusal(found, k) for k in range(len(found.boxes))]


def _refusal(found: Found, k: int) -> Refusal:
    """Tell why one is no digit."""
    if found.junk[k] >= 0.5:
        return Refusal(Reason.NOT_A_DIGIT, f"{found.junk[k]:.2f}")
    if found.sure[k] < ACCEPTED:
        return Refusal(Reason.FAINT, f"{found.sure[k]:.2f}")
    return Refusal(Reason.OUTVOTED)
