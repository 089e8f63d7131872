"""Cut a line of writing out of a picture as a strip 32 pixels high: the one path to the row network, training and live.

A strip is grey, straightened along the line, its ink bright whatever the pen and the paper were, and its contrast is
always the same. Where the picture ends, a strip is as dark as paper.
"""

from dataclasses import dataclass
from math import ceil, floor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

VERSION = "strip-32-3"
HEIGHT = 32
COVER = 1.4  # height of a strip over that of its digits: room for tails, signs and what a box misses
END = 1 / 3  # of the digits' height that a strip goes on beyond both ends of its line
SIGN = 0.8  # of the digits' height, from the last digit to the far side of a sign behind it
LONGEST = 1024  # columns; what is longer is no line of numbers
PAPER, INK = 10, 98  # percentiles of a strip's grey that become 0 and 255: ink covers little of it
STROKE = 13  # columns and rows; no stroke is as thick, so what is left of a strip eroded so far is paper
FAINTEST = 4.0  # grey levels; less difference than this is noise and not stretched further

Strip = NDArray[np.uint8]
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """Where a line of writing runs in a picture.

    points: (K, 2) x, y of its middle line from start to end, K at least 2. height: of its digits, pixels. slant: how
    far its strokes lean to the right, x for each y; 0 upright.
    """

    points: Points
    height: float
    slant: float = 0.0


@dataclass(frozen=True)
class Cut:
    """A strip with the way back: pixels (32, W) uint8, and for each column the point of its middle and the vector from
    there to its lower edge, both (W, 2) x, y in the picture. size: width and height of the picture.
    """

    pixels: Strip
    middle: Points
    down: Points
    size: tuple[int, int]

    def columns(self, points: Points) -> Points:
        """Return the column (N,) in which each point (N, 2) of the picture is seen, or is nearest to."""
        nearest: Points = self._away(points).argmin(axis=1) + 0.5
        return nearest

    def aside(self, points: Points) -> Points:
        """Return how far each point (N, 2) of the picture is off the strip's middle or its ends, its edges at 1."""
        away = self._away(points)
        apart: Points = away.min(axis=1) / np.linalg.norm(self.down[away.argmin(axis=1)], axis=1)
        return apart

    def _away(self, points: Points) -> Points:
        """Return how far each point (N, 2) is from the middle of each column, (N, W)."""
        x, y = (points[:, None, k] - self.middle[None, :, k] for k in (0, 1))
        away: Points = np.sqrt(x * x + y * y)
        return away

    def box(self, start: float, end: float) -> tuple[int, int, int, int]:
        """Return x, y, w, h around what the columns from start to end show, half-open, within the picture's pixels."""
        last = len(self.middle) - 1
        columns = [min(max(round(start), 0), last), min(max(round(end), 0), last)]
        middles, downs = self.middle[columns].tolist(), (self.down[columns] / COVER).tolist()
        lows, sizes = [], []
        for k in (0, 1):  # of so few numbers plain Python takes a tenth of NumPy's time
            edges = [m[k] + side * d[k] for m, d in zip(middles, downs, strict=True) for side in (-1, 1)]
            low = min(max(floor(min(edges)), 0), self.size[k] - 1)
            lows.append(low)
            sizes.append(min(max(ceil(max(edges)), low + 1), self.size[k]) - low)
        return lows[0], lows[1], sizes[0], sizes[1]


def whole(image: NDArray[np.uint8]) -> Line:
    """Return the line that fills a picture, as a cheque's amount does that was cut out before."""
    height, width = image.shape[:2]
    y = (height - 1) / 2
    return Line(np.array([[0.0, y], [max(width - 1, 1), y]]), height / COVER)


def through(boxes: NDArray[np.int32], beyond: float = SIGN - END) -> Line:
    """Return the line that runs through digits, boxes (N, 4) x, y, w, h in the picture, N at least 1.

    beyond: how far it goes on at both ends, heights of its digits, for signs that stand there.

    A bow is followed from five digits on; a digit much smaller than the others says little of where the line runs.
    """
    sizes = boxes[:, 2:].astype(np.float64)
    middles = boxes[:, :2] + sizes / 2
    height = float(np.quantile(sizes[:, 1], 0.6))
    start, end = float(boxes[:, 0].min()), float((boxes[:, 0] + boxes[:, 2]).max())
    start, end = start - beyond * height, end + beyond * height
    if len(boxes) == 1 or np.ptp(middles[:, 0]) < 0.5 * height:
        y = float(middles[:, 1].mean())
        return Line(np.array([[start, y], [max(end, start + 1), y]]), height)
    weights = np.minimum(sizes[:, 1] / height, 1) ** 2
    long = len(boxes) >= 5 and end - start > 6 * height
    curve = np.polynomial.Polynomial.fit(middles[:, 0], middles[:, 1], 2 if long else 1, w=weights)
    x = np.linspace(start, end, 9 if long else 2)
    return Line(np.stack([x, curve(x)], axis=1), height)


def cut(image: NDArray[np.uint8], line: Line, polarity: str = "auto") -> Cut:
    """Cut the strip of a line from a picture (H, W, 3) or (H, W) uint8; polarity: "dark" ink, "light", or "auto".

    Raises ValueError for a line without length or height.
    """
    if len(line.points) < 2 or not line.height > 0:
        raise ValueError(f"a line needs two points and a height, got {len(line.points)} and {line.height}")
    middle, down = _columns(line)
    part, origin, shrink = _region(image, middle, down, line.height * COVER)
    x, y = (_places(middle[:, k], down[:, k], origin[k], shrink) for k in (0, 1))
    height, width = part.shape[:2]
    pixels = cv2.remap(part, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = (x > -0.75) & (y > -0.75) & (x < width - 0.25) & (y < height - 0.25)
    size = image.shape[1], image.shape[0]
    return Cut(normalise(project(pixels, inside, polarity), inside), middle, down, size)


def _places(middle: Points, down: Points, origin: float, shrink: float) -> NDArray[np.float32]:
    """Return one coordinate of a strip's pixels (32, W) in the part of the picture that is sampled, of those (W,)."""
    rows = (np.arange(HEIGHT) + 0.5) / (HEIGHT / 2) - 1
    places = (middle + 0.5)[None] + rows[:, None] * down[None]
    return np.asarray((places - origin) * shrink - 0.5, np.float32)


def _columns(line: Line) -> tuple[Points, Points]:
    """Return the middle (W, 2) of each column along a line and the vector to its lower edge (W, 2)."""
    step = line.height * COVER / HEIGHT
    lengths = np.hypot(*np.diff(line.points, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    if not along[-1] > 0:
        along, points = np.array([0.0, 1e-3]), line.points[[0, -1]] + [[0, 0], [1e-3, 0]]
    else:
        points = line.points
    beyond = line.height * END
    count = int(np.clip(round((along[-1] + 2 * beyond) / step), HEIGHT // 4, LONGEST))
    at = (along[-1] - count * step) / 2 + (np.arange(count) + 0.5) * step
    middle = np.stack([_follow(at, along, points[:, k]) for k in (0, 1)], axis=1)
    ahead = np.gradient(middle, axis=0)
    ahead /= np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    across = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    return middle, (across - line.slant * ahead) * (HEIGHT / 2 * step)


def _follow(at: Points, along: Points, values: Points) -> Points:
    """Interpolate along a line and go straight on beyond its ends."""
    inner = np.interp(at, along, values)
    first = (values[1] - values[0]) / max(along[1] - along[0], 1e-9)
    last = (values[-1] - values[-2]) / max(along[-1] - along[-2], 1e-9)
    followed: Points = inner + np.minimum(at - along[0], 0) * first + np.maximum(at - along[-1], 0) * last
    return followed


def _region(
    image: NDArray[np.uint8], middle: Points, down: Points, height: float
) -> tuple[NDArray[np.uint8], Points, float]:
    """Return the part of a picture under a strip, made small enough to be sampled, its origin and its scale."""
    edges = np.concatenate([middle - down, middle + down])
    limit = np.array([image.shape[1] - 1, image.shape[0] - 1])
    low = np.clip(np.floor(edges.min(axis=0)) - 2, 0, limit).astype(int)
    high = np.clip(np.ceil(edges.max(axis=0)) + 3, low + 1, limit + 1).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    shrink = min(1.0, 1.25 * HEIGHT / height)
    if shrink < 1:
        size = np.maximum(np.round((high - low) * shrink), 1).astype(int)
        part = cv2.resize(part, (int(size[0]), int(size[1])), interpolation=cv2.INTER_AREA)
    return part, low.astype(np.float64), shrink


def project(pixels: NDArray[np.uint8], inside: NDArray[np.bool_], polarity: str) -> NDArray[np.float32]:
    """Return the grey (32, W) in which ink stands out most, ink bright, of pixels (32, W) or (32, W, 3).

    Of colours it is the direction in which they spread most, so that a red pen on blue paper shows. With "auto" ink is
    what little differs from what is much.
    """
    if polarity not in ("auto", "dark", "light"):
        raise ValueError(f"unknown polarity {polarity!r}: use auto, dark or light")
    pixels = np.atleast_3d(pixels)
    values: NDArray[np.float32] = pixels.astype(np.float32) - _medians(_known(pixels, inside))
    direction = np.ones(1, np.float32)
    if values.shape[2] == 3:
        spread = _known(values, inside)
        direction = np.linalg.eigh(spread.T @ spread + 1e-3)[1][:, -1].astype(np.float32)
        if direction.sum() < 0:
            direction = -direction
    grey: NDArray[np.float32] = values @ direction
    if polarity == "dark" or (polarity == "auto" and _dark(grey * inside, inside)):
        return -grey
    return grey


def _known(values: NDArray[Any], inside: NDArray[np.bool_]) -> NDArray[Any]:
    """Return what is inside of values (32, W, C) as (N, C), or all of them where nothing or all is."""
    return values.reshape(-1, values.shape[2]) if inside.all() or not inside.any() else values[inside]


def _medians(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the median of each channel of pixels (N, C), by counting: sorting takes four times as long."""
    first, last = (len(pixels) + 1) // 2, len(pixels) // 2 + 1  # the two in the middle, counted from one
    counts = [np.bincount(channel, minlength=256).cumsum() for channel in pixels.T]
    return np.array([np.searchsorted(count, (first, last)).mean() for count in counts], np.float32)


def _dark(grey: NDArray[np.float32], inside: NDArray[np.bool_]) -> bool:
    """Tell whether ink is dark: strokes are thin, so what stands out from its surroundings is ink."""
    fine = grey - cv2.blur(grey, (HEIGHT // 2 - 1, HEIGHT // 2 - 1))
    fine = fine[inside]
    return float((fine * fine * fine).sum()) < 0


def normalise(grey: NDArray[np.float32], inside: NDArray[np.bool_] | None = None) -> Strip:
    """Return a strip (32, W) uint8 of a grey one with bright ink: paper at 0, ink at 255, 0 where nothing is inside.

    What is outside goes on as the picture's edge does. Paper is what is left where every stroke is worn away, so that
    shadows go; ink in a shadow is made stronger, up to twice.
    """
    inside = np.ones(grey.shape, np.bool_) if inside is None else inside
    if not inside.any():
        return np.zeros(grey.shape, np.uint8)
    worn = cv2.erode(cv2.blur(grey, (3, 3)), np.ones((STROKE, STROKE), np.uint8))
    flat = grey - cv2.blur(worn, (STROKE, STROKE))
    low, high = np.percentile(flat[inside], (PAPER, INK))
    flat = np.clip(flat - low, 0, max(high - low, FAINTEST))
    most = cv2.blur(cv2.dilate(cv2.blur(flat, (3, 3)), np.ones((HEIGHT, HEIGHT), np.uint8)), (HEIGHT, HEIGHT))
    full = np.maximum(np.clip(most, (high - low) / 2, high - low), FAINTEST)
    strip: Strip = np.clip(255 * flat / full, 0, 255).astype(np.uint8)
    strip[~inside] = 0
    return strip
