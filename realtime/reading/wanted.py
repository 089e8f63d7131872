"""What is to be read in a frame: numbers in regions of it, or all of them, each held against what it should be."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from realtime.reading.box import Box
from realtime.reading.ensemble import Networks
from realtime.reading.expectation import Expectation
from realtime.reading.page import Digit, Page
from realtime.reading.pipeline import CONFIDENCE, read
from realtime.reading.stages import StageClock
from realtime.reading.turning import read_upright

ReadPart = Callable[[NDArray[np.uint8], Expectation | None], Page]

MOST = 1e6  # pixels; no frame is as large
_REGION = re.compile(r"(?P<name>[\w-]+)=(?P<place>[^=]+)")


@dataclass(frozen=True)
class Region:
    """A part of every frame: its name, and x, y, w, h in pixels, or in percent of the frame's width and height."""

    name: str
    place: tuple[float, float, float, float]
    percent: bool = False
    expectation: Expectation | None = None

    def __str__(self) -> str:
        """Return it as it is written."""
        sign = "%" if self.percent else ""
        return f"{self.name}={','.join(f'{side:g}{sign}' for side in self.place)}"

    def box(self, width: int, height: int) -> Box:
        """Return the region in pixels of a frame of that size. Raises ValueError where it lies outside."""
        x, y, w, h = self.place
        if self.percent:
            x, w, y, h = x * width / 100, w * width / 100, y * height / 100, h * height / 100
        left, top = max(round(x), 0), max(round(y), 0)
        right, bottom = min(round(x + w), width), min(round(y + h), height)
        if left >= right or top >= bottom:
            raise ValueError(f"region {self.name} lies outside of the frame of {width}x{height} pixels")
        return left, top, right - left, bottom - top


@dataclass(frozen=True)
class Limits:
    """How the numbers of a meter may change: whether they only rise, and by how much a second at most, if told."""

    rises: bool = False
    per_second: Decimal | None = None


@dataclass(frozen=True)
class Wanted:
    """What is to be read: what stands in `regions`, or where there are none in the whole frame.

    expectation: what numbers of the whole frame should be; regions have their own. limits: how they may change.
    """

    expectation: Expectation | None = None
    regions: tuple[Region, ...] = ()
    limits: Limits | None = None


ALL = Wanted()


def parse_region(text: str) -> Region:
    """Return the region NAME=x,y,w,h, all four with a % or none. Raises ValueError.

    >>> parse_region("total=50%,80%,40%,10%")
    Region(name='total', place=(50.0, 80.0, 40.0, 10.0), percent=True, expectation=None)
    """
    told = _REGION.fullmatch(text)
    parts = [part.strip() for part in told["place"].split(",")] if told else []
    percent = bool(parts) and all(part.endswith("%") for part in parts)
    try:
        x, y, w, h = (float(part.removesuffix("%") if percent else part) for part in parts)
    except ValueError:
        raise ValueError(f"{text!r} is no region: write total=40,30,200,60 or total=10%,5%,30%,8%") from None
    if not (told and w and h and all(0 <= side < MOST for side in (x, y, w, h))):
        raise ValueError(f"{text!r} is no region: it begins within the frame and is wider and higher than nothing")
    return Region(told["name"], (x, y, w, h), percent)


def read_wanted(
    image: NDArray[np.uint8],
    networks: Networks,
    confidence: float = CONFIDENCE,
    polarity: str = "auto",
    wanted: Wanted = ALL,
    clock: StageClock | None = None,
) -> Page:
    """Read what is wanted of a frame, as `pipeline.read` reads all of it; of a region nothing outside is seen.

    Raises ValueError for a region outside of the frame, as well.
    """

    def read_part(part: NDArray[np.uint8], expectation: Expectation | None) -> Page:
        return read(part, networks, confidence, polarity, clock, expectation=expectation)

    return _read_each(image, wanted, read_part)


def read_wanted_upright(
    image: NDArray[np.uint8],
    networks: Networks,
    confidence: float = CONFIDENCE,
    polarity: str = "auto",
    wanted: Wanted = ALL,
    turn: int | None = None,
) -> Page:
    """Read what is wanted of a picture, as `turning.read_upright` reads all of it; each region by itself.

    Raises ValueError for a region outside of the picture, as well.
    """

    def read_part(part: NDArray[np.uint8], expectation: Expectation | None) -> Page:
        return read_upright(part, networks, confidence, polarity, turn, expectation)

    return _read_each(image, wanted, read_part)


def _read_each(image: NDArray[np.uint8], wanted: Wanted, read_part: ReadPart) -> Page:
    """Read all of a frame, or each region alone."""
    if not wanted.regions:
        return read_part(image, wanted.expectation)
    height, width = image.shape[:2]
    boxes = [(region, region.box(width, height)) for region in wanted.regions]
    pages = []
    for region, (x, y, w, h) in sorted(boxes, key=lambda item: (item[1][1], item[1][0])):
        page = read_part(np.ascontiguousarray(image[y : y + h, x : x + w]), region.expectation)
        pages.append(_placed(page, region.name, x, y))
    regions = tuple((region.name, box) for region, box in boxes)
    return replace(_joined(pages), size=(width, height), regions=regions)


def _placed(page: Page, name: str, x: int, y: int) -> Page:
    """Return the page of a region whose upper left corner is at x, y, in pixels of its frame."""

    def moved(box: Box) -> Box:
        return box[0] + x, box[1] + y, box[2], box[3]

    def digits(number: tuple[Digit, ...]) -> tuple[Digit, ...]:
        return tuple(replace(digit, box=moved(digit.box)) for digit in number)

    return replace(
        page,
        looks=tuple(replace(look, origin=(look.origin[0] + x, look.origin[1] + y)) for look in page.looks),
        boxes=page.boxes + np.array([x, y, 0, 0], np.int32),
        numbers=[replace(number, digits=digits(number.digits), region=name) for number in page.numbers],
        lines=[replace(line, box=moved(line.box), region=name) for line in page.lines],
    )


def _joined(pages: list[Page]) -> Page:
    """Return pages as one: blobs and rows of each are counted on from those of the one before."""
    numbers, lines, blobs, rows = [], [], 0, 0
    for page in pages:
        for number in page.numbers:
            digits = (replace(d, blob=d.blob + blobs if d.blob >= 0 else d.blob) for d in number.digits)
            numbers.append(replace(number, digits=tuple(digits), row=number.row + rows))
        lines += [replace(line, row=line.row + rows) for line in page.lines]
        blobs += len(page.boxes)
        rows += 1 + max([n.row for n in page.numbers] + [line.row for line in page.lines], default=-1)
    return replace(
        pages[0],
        looks=tuple(look for page in pages for look in page.looks),
        boxes=np.concatenate([page.boxes for page in pages]),
        crops=np.concatenate([page.crops for page in pages]),
        digits=np.concatenate([page.digits for page in pages]),
        reject=np.concatenate([page.reject for page in pages]),
        refusals=[refusal for page in pages for refusal in page.refusals],
        numbers=numbers,
        lines=lines,
        latency_ms=sum(page.latency_ms for page in pages),
    )
