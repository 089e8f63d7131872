"""What is to be read in a frame: numbers in regions of it, or all of them, each held against what it should be."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from realtime.reading.anchor import MISSING, find_corners, place_within, share_of
from realtime.reading.box import Box
from realtime.reading.ensemble import Networks
from realtime.reading.expectation import Expectation
from realtime.reading.page import Page
from realtime.reading.parts import corners_of, cut, join, nothing, outline
from realtime.reading.pipeline import CONFIDENCE, read
from realtime.reading.stages import StageClock
from realtime.reading.turning import read_upright

ReadPart = Callable[[NDArray[np.uint8], Expectation | None], Page]

MOST = 1e6  # pixels; no frame is as large
LEAST = 0.5  # percent that a region which is drawn has in width and height
WITHIN = (1.0, 1.0, 98.0, 98.0)  # percent of a sheet that are read where no region is named: its edges are no writing
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
    anchor: one of ANCHORS, what regions hold on to; empty where they stand still in the frame.
    """

    expectation: Expectation | None = None
    regions: tuple[Region, ...] = ()
    limits: Limits | None = None
    anchor: str = ""

    def drawn(self, name: str, box: Box, image: NDArray[np.uint8]) -> "Wanted":
        """Return what is wanted with one region more, or with that of this name in another place.

        box: where it was drawn in a frame (H, W, 3), pixels. Raises ValueError for one that is too small, and where the
        frame does not show what regions hold on to.
        """
        height, width = image.shape[:2]
        corners = find_corners(image, self.anchor) if self.anchor else corners_of((0, 0, width, height))
        if corners is None:
            raise ValueError(MISSING[self.anchor])
        place = share_of(corners, corners_of(box))
        if min(place[2:]) < LEAST:
            raise ValueError(f"region {name} is too small, or lies outside")
        old = next((region for region in self.regions if region.name == name), None)
        expectation = self.expectation if old is None else old.expectation
        others = tuple(region for region in self.regions if region is not old)
        return replace(self, regions=(*others, Region(name, place, True, expectation)))

    def without_region(self, name: str) -> "Wanted":
        """Return what is wanted without a region."""
        return replace(self, regions=tuple(region for region in self.regions if region.name != name))


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
    height, width = image.shape[:2]
    if wanted.anchor:
        corners = find_corners(image, wanted.anchor)
        if corners is None:
            return nothing((width, height), MISSING[wanted.anchor])
        regions = wanted.regions or (Region("", WITHIN, True, wanted.expectation),)
        places = [(region, place_within(corners, region.place)) for region in regions]
    elif wanted.regions:
        places = [(region, corners_of(region.box(width, height))) for region in wanted.regions]
    else:
        return read_part(image, wanted.expectation)
    pages = []
    for region, place in sorted(places, key=lambda item: (item[1][:, 1].min(), item[1][:, 0].min())):
        part = cut(image, place)
        pages.append(part.put_back(read_part(part.image, region.expectation), region.name))
    outlines = tuple((region.name, outline(place)) for region, place in places)
    return replace(join(pages), size=(width, height), regions=outlines)
