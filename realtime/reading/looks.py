"""Look at a picture at the scales its writing asks for, and tell where digits are: contours of the core map."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.finder import MAPS, NAMED, OUTPUT, STRIDE, Finder

Region = tuple[int, int, int, int]  # x, y, w, h in pixels of the frame

CONTOUR = 102  # of 255, where the map of cores is cut: 0.4, as while training
FIRST = 640  # pixels, the longer side of the first look
SMALL = 224  # pixels; a picture is enlarged to this at least
SMALLER = 1 / 3  # of the first look's scale, for digits that fill the frame
# Pixels: where no ink reaches as far, nothing larger is looked for: at a third of the scale a digit would be below 16.
LARGE = 48
INKED = 60  # of 255, where a map of ink says ink
FINER = 2.5  # times that the scale grows where nothing was found
MOST = 2_400_000  # pixels that the network is given at once, at most
TILE, SEEN = 1280, 128  # pixels, multiples of STRIDE: sides of the tiles of a larger look, and what is seen about each
MARGIN = 16  # pixels around a look


class Effort(NamedTuple):
    """What is done for small digits: least, pixels, digits smaller in a look ask for a finer one, in which they are as
    high as aim; enlarged, how large its scale may be; most, how many pixels it may have.
    """

    least: float
    aim: float
    enlarged: float
    most: float


# For a frame of many, and for a picture alone. Of 1,223 numbers on 80 drawn pages of 640 to 1,600 pixels 52 and 55 %
# were exact before small writing was enlarged, large looks tiled and slant straightened, now 54 and 66 %
# (`python -m training.score_pages --pages 80 --seed 501`, with `--frames` for QUICK).
QUICK, THOROUGH = Effort(28, 44, 2.0, MOST), Effort(36, 52, 2.5, 12e6)


@dataclass(frozen=True)
class Look:
    """A part of the frame as the finder saw it.

    scale: pixels of the look to one of the frame. origin: of the look in the frame, x, y, pixels of the frame. maps:
    (3, H/2, W/2) uint8. cores: (H/2, W/2) int32, i + 1 on the core of its digit i. boxes: (N, 4) int32 x, y, w, h of
    the cores, pixels of the maps. scores: (N,) float32, the core's mean probability. classes: (N, 10) float32,
    probabilities of each digit as the finder takes it.
    """

    scale: float
    origin: tuple[float, float]
    maps: NDArray[np.uint8]
    cores: NDArray[np.int32]
    boxes: NDArray[np.int32]
    scores: NDArray[np.float32]
    classes: NDArray[np.float32]

    @property
    def heights(self) -> NDArray[np.float64]:
        """About how high each digit is, pixels of the look: its core is half as high as it is."""
        return 2.0 * OUTPUT * np.maximum(self.boxes[:, 3], self.boxes[:, 2])

    def to_frame(self, boxes: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return boxes (N, 4) of pixels of the maps in pixels of the frame."""
        return boxes * (OUTPUT / self.scale) + np.array([*self.origin, 0.0, 0.0])


def take(image: NDArray[np.uint8], finder: Finder, scale: float, region: Region) -> Look:
    """Look at a region of a frame (H, W, 3) at a scale."""
    x, y, w, h = region
    width, height = max(round(w * scale), 8), max(round(h * scale), 8)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    part = image[y : y + h, x : x + w]
    small = part if (width, height) == (w, h) else cv2.resize(part, (width, height), interpolation=way)
    right, foot = -(width + 2 * MARGIN) % STRIDE, -(height + 2 * MARGIN) % STRIDE
    edge = np.median(np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]]), axis=0)
    padded = cv2.copyMakeBorder(
        small, MARGIN, MARGIN + foot, MARGIN, MARGIN + right, cv2.BORDER_CONSTANT, value=edge.tolist()
    )
    maps, classes = _run(finder, padded)
    core = maps[0]
    count, cores, stats, _ = cv2.connectedComponentsWithStats(
        cv2.threshold(core, CONTOUR, 255, cv2.THRESH_BINARY)[1], connectivity=4
    )
    origin = (x - MARGIN / scale, y - MARGIN / scale)
    boxes = stats[1:, :4].astype(np.int32)
    return Look(scale, origin, maps, cores, boxes, *_means(cores, stats[1:, cv2.CC_STAT_AREA], core, classes))


def _run(finder: Finder, picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the maps (3, H/2, W/2) and classes (10, H/4, W/4) of a picture (H, W, 3), a large one tile by tile."""
    height, width = picture.shape[:2]
    if height * width <= MOST:
        maps, classes = finder.run(picture[None])
        return maps[0], classes[0]
    maps = np.empty((len(MAPS), height // OUTPUT, width // OUTPUT), np.uint8)
    classes = np.empty((10, height // NAMED, width // NAMED), np.uint8)
    for y in range(0, height, TILE):
        for x in range(0, width, TILE):
            top, left = max(y - SEEN, 0), max(x - SEEN, 0)
            part = picture[top : y + TILE + SEEN, left : x + TILE + SEEN]
            for whole, own, step in zip((maps, classes), finder.run(part[None]), (OUTPUT, NAMED), strict=True):
                a, b = (y - top) // step, (x - left) // step
                spot = whole[:, y // step : (y + TILE) // step, x // step : (x + TILE) // step]
                spot[...] = own[0, :, a : a + spot.shape[1], b : b + spot.shape[2]]
    return maps, classes


def _means(
    cores: NDArray[np.int32], areas: NDArray[np.int32], core: NDArray[np.uint8], classes: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean of a map (h, w) and of those of classes (10, h/2, w/2) over each core: (N,), (N, 10), 0..1.

    cores: (h, w), i + 1 on core i. areas: (N,) of the cores, pixels.
    """
    v, u = np.nonzero(cores)
    label, step = cores[v, u] - 1, NAMED // OUTPUT
    inside = np.vstack([core[v, u][None], classes[:, v // step, u // step]])
    sums = np.array([np.bincount(label, values, len(areas)) for values in inside])
    means = (sums / areas / 255).astype(np.float32)
    return means[0], means[1:].T


def looks(image: NDArray[np.uint8], finder: Finder, thorough: bool = False) -> list[Look]:
    """Look at a frame (H, W, 3): as a whole, smaller for digits that fill it, finer where they are small or none.

    thorough: a finer look even at digits of middling size, and a smaller one even where all writing is small.
    """
    effort = THOROUGH if thorough else QUICK
    height, width = image.shape[:2]
    longer = max(height, width)
    whole = (0, 0, width, height)
    scale = min(1.0, FIRST / longer)
    if longer < SMALL:
        scale = min(4.0, SMALL / longer)
    taken = [take(image, finder, scale, whole)]
    if thorough or not _is_small(taken[0], finder.threshold):
        taken.append(take(image, finder, scale * SMALLER, whole))
    region, finest = whole, taken[0]
    while finest.scale < effort.enlarged:
        found, finer = finest.scores >= finder.threshold, FINER
        if found.any():
            low = float(np.percentile(finest.heights[found], 25))  # digits that run together look higher than they are
            if low >= effort.least:
                break
            region, finer = _around(finest.to_frame(finest.boxes[found]), width, height), effort.aim / low
        elif finest.scale * longer > 2 * FIRST:
            break  # nothing at two scales: there is nothing
        scale = min(effort.enlarged, finest.scale * finer, (effort.most / (region[2] * region[3])) ** 0.5)
        if scale < 1.2 * finest.scale:
            break
        finest = take(image, finder, scale, region)
        taken.append(finest)
    return taken


def _is_small(look: Look, threshold: float) -> bool:
    """Tell whether digits were found, and no ink of any kind reaches so far that it could be of larger ones."""
    if not (look.scores >= threshold).any():
        return False
    ink = cv2.threshold(cv2.max(look.maps[1], look.maps[2]), INKED, 1, cv2.THRESH_BINARY)[1]
    stats = cv2.connectedComponentsWithStats(ink, connectivity=8)[2]
    return int(stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(initial=0)) * OUTPUT < LARGE


def _around(boxes: NDArray[np.float64], width: int, height: int) -> Region:
    """Return the region around boxes (N, 4) of the frame with room for lines that were missed."""
    low, high = boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    room = 8 * np.median(boxes[:, 3]) + 0.1 * (high - low)
    x0, y0 = np.maximum(low - room, 0).astype(int)
    x1, y1 = np.minimum(high + room, [width, height]).astype(int)
    return int(x0), int(y0), int(x1 - x0), int(y1 - y0)
