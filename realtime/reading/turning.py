"""Read a picture that lies on its side or upside down: the turn in which its digits are surer and more is believed.

Digits that are read the wrong way up are fewer and less sure. A page in doubt is read as it lies.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.reading.box import Box
from realtime.reading.ensemble import Networks
from realtime.reading.expectation import Expectation
from realtime.reading.looks import Look
from realtime.reading.page import Number, Page
from realtime.reading.pipeline import CONFIDENCE, read

TURNS = (0, 90, 180, 270)  # degrees clockwise
SURE = 0.3  # belief a thing found, from which on nothing better is looked for; digits that are sure have 0.45
# A turned picture must be believed so many times as much, by two sure digits more, and its digits be surer in the mean:
# of 54 drawn pages the right way up one is turned, which holds no number; of those on their side two thirds are.
TIMES, GAIN = 1.5, 1.0
FEWEST = 3  # things found, below which a turn cannot gain so much


def read_upright(
    image: NDArray[np.uint8],
    networks: Networks,
    confidence: float = CONFIDENCE,
    polarity: str = "auto",
    turn: int | None = None,
    expectation: Expectation | None = None,
) -> Page:
    """Read a picture (H, W, 3) turned by so many degrees clockwise, one of TURNS; None finds the turn.

    The page is told in pixels of the picture as it was given, its `turned` says by how much it was turned. Raises
    ValueError for another turn, array or polarity.
    """
    if turn is not None and turn not in TURNS:
        raise ValueError(f"a picture is turned by {', '.join(map(str, TURNS))} degrees, not by {turn}")
    if turn is not None:
        return _read_turned(image, networks, confidence, polarity, turn, expectation)
    best = read(image, networks, confidence, polarity, thorough=True, expectation=expectation)
    believed, mean = best.belief, _mean(best)
    if believed >= SURE * len(best.boxes) or len(best.boxes) < FEWEST:
        return best
    spent = best.latency_ms
    for degrees in TURNS[1:]:
        page = _read_turned(image, networks, confidence, polarity, degrees, expectation)
        spent += page.latency_ms
        more, surer = page.belief, _mean(page)
        if more > TIMES * believed + GAIN and surer > mean:
            best, believed, mean = page, more, surer
    return replace(best, latency_ms=spent)


def _mean(page: Page) -> float:
    """Return how sure a page's digits are in the mean, 0 where there are none."""
    sure = [digit.confidence for number in page.numbers for digit in number.digits]
    return sum(sure) / max(len(sure), 1)


def _read_turned(
    image: NDArray[np.uint8],
    networks: Networks,
    confidence: float,
    polarity: str,
    degrees: int,
    expectation: Expectation | None,
) -> Page:
    """Read a picture turned clockwise, and tell the page in its own pixels."""
    quarters = degrees // 90
    if not quarters:
        return read(image, networks, confidence, polarity, thorough=True, expectation=expectation)
    turned = np.ascontiguousarray(np.rot90(image, -quarters))
    page = read(turned, networks, confidence, polarity, thorough=True, expectation=expectation)
    return _back(page, quarters, (image.shape[1], image.shape[0]))


def _back(page: Page, quarters: int, size: tuple[int, int]) -> Page:
    """Return a page of a picture that was turned clockwise by so many quarters, in pixels of the picture before."""
    boxes = back(page.boxes, quarters, size)
    numbers = [_number_back(number, quarters, size) for number in page.numbers]
    lines = [replace(line, box=_box_back(line.box, quarters, size)) for line in page.lines]
    looks = tuple(_look_back(look, quarters, size) for look in page.looks)
    return replace(page, looks=looks, boxes=boxes, numbers=numbers, lines=lines, size=size, turned=90 * quarters)


def back(boxes: NDArray[Any], quarters: int, size: tuple[int, int]) -> NDArray[Any]:
    """Return boxes (N, 4) of a picture that was turned clockwise by so many quarters, before that; size w, h then."""
    width, height = size
    x, y, w, h = boxes.T
    if quarters == 1:
        x, y, w, h = y, height - x - w, h, w
    elif quarters == 2:
        x, y = width - x - w, height - y - h
    elif quarters == 3:
        x, y, w, h = width - y - h, x, h, w
    return np.stack([x, y, w, h], axis=1).astype(boxes.dtype)


def _box_back(box: Box, quarters: int, size: tuple[int, int]) -> Box:
    x, y, w, h = back(np.array([box]), quarters, size)[0].tolist()
    return x, y, w, h


def _number_back(number: Number, quarters: int, size: tuple[int, int]) -> Number:
    digits = (replace(digit, box=_box_back(digit.box, quarters, size)) for digit in number.digits)
    return replace(number, digits=tuple(digits))


def _look_back(look: Look, quarters: int, size: tuple[int, int]) -> Look:
    """Return a look at the turned picture as one at the picture itself."""
    height, width = look.cores.shape
    after = (height, width) if quarters % 2 else (width, height)
    x, y, _, _ = back(look.to_frame(np.array([[0, 0, width, height]])), quarters, size)[0].tolist()
    return replace(
        look,
        origin=(float(x), float(y)),
        maps=np.ascontiguousarray(np.rot90(look.maps, quarters, axes=(1, 2))),
        cores=np.ascontiguousarray(np.rot90(look.cores, quarters)),
        boxes=back(look.boxes, quarters, after),
    )
