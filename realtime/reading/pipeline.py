"""Read one frame: the finder's digits, the classifier's word on all of them in one batch, their lines, numbers."""

from dataclasses import replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from realtime.reading.ensemble import Networks
from realtime.reading.expectation import Expectation
from realtime.reading.found import ACCEPTED, Found, find
from realtime.reading.page import Number, Page
from realtime.reading.page_lines import read_lines
from realtime.reading.parts import Part
from realtime.reading.reasons import Reason, Refusal
from realtime.reading.stages import StageClock
from realtime.reading.straightening import straighten

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
    page, part = _read(image, networks, confidence, polarity, clock, thorough, expectation)
    if part is not None:
        again, _ = _read(part.image, networks, confidence, polarity, clock, thorough, expectation)
        page = part.put_back(again, "") if again.belief > page.belief else page
    return replace(page, size=(image.shape[1], image.shape[0]), latency_ms=1000 * (perf_counter() - start))


def _read(
    image: NDArray[np.uint8],
    networks: Networks,
    confidence: float,
    polarity: str,
    clock: StageClock,
    thorough: bool,
    expectation: Expectation | None,
) -> tuple[Page, Part | None]:
    """Read a picture as it lies; return its page, and the picture straightened where its lines run aslant."""
    found = find(image, networks.finder, networks.classifier, polarity, thorough, clock)
    with clock.stage("lines"):
        numbers, lines = read_lines(image, found, networks.rows, confidence, polarity, expectation)
    page = Page(
        tuple(found.looks), found.boxes, found.crops, found.digits * found.sure[:, None], 1 - found.sure,
        _refusals(found, numbers), numbers, lines, (image.shape[1], image.shape[0]), confidence, polarity, 0.0,
    )  # fmt: skip
    return page, straighten(image, found)


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
