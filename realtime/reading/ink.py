"""Find ink: the strokes of a picture, dark on light and light on dark, as a mask and boxes.

The only place with image thresholds. Paper is the median of a wide window, so it follows shadows and vignettes with
their edges, and is neutral between dark and light ink; ink is what departs from it by more than the paper's own noise.
"""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.blobs import Blobs, find_blobs, part_blobs
from realtime.reading.paper import DIMNESS_STEPS, estimate_noise, find_paper, surround
from realtime.reading.ruling import core, part_lines

# Set by hand on photos of numbers, clips, and crops of single digits.
WORKING_SIDE = 640  # longest side of the picture in which ink is looked for first, pixels
# Where the median of the blobs' longest sides is below MIN_MEDIAN_SIDE, pixels, ink is looked for again in a picture so
# large that it is ENLARGED times MIN_MEDIAN_SIDE, or in the frame itself where that is smaller.
MIN_MEDIAN_SIDE, ENLARGED = 28, 1.25
# Hysteresis thresholds on the depth of ink. FAINT: a pixel deeper joins a stroke. SEED: a stroke has one deeper still.
FAINT, SEED = 3.0, 6.0  # both as multiples of the paper's noise
FAINT_SHARE, SEED_SHARE = 0.35, 0.5  # both as shares of the deepest ink, which hold where they are less than the above
FAINT_FLOOR, SEED_FLOOR = 2.2, 3.5  # least multiples of the paper's noise for either
MIN_FAINT, MIN_SEED = 6, 14  # least grey levels for either, for pictures without noise
# Ink is the halo of ink of the other polarity where it touches that along more than HALO_CONTACT of its box's width and
# height together, and has less than HALO_CONTRAST of its contrast.
HALO_CONTACT, HALO_CONTRAST = 0.25, 0.8
# A picture whose longest side is no longer than MAX_CROP_SIDE, pixels, may be cut tight around writing, so that most of
# it is ink: paper is laid around it, as wide as the share CROP_MARGIN of its longer side.
MAX_CROP_SIDE, CROP_MARGIN = 100, 0.2
POLARITIES = ("auto", "dark", "light")  # of ink beside its paper; "auto" looks for both
Box = tuple[int, int, int, int]  # x, y, w, h, half-open, pixels
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class Ink:
    """The ink of one frame, N blobs found in a working picture of `scale` times the frame's size.

    mask: (h, w) uint8, ink 255 on 0, grey where a pixel is partly ink. labels: (h, w) int32, i + 1 where the ink
    belongs to blob i. where: (K,) flat places of the inked pixels. boxes: (N, 4) int32 x, y, w, h, half-open, pixels of
    the mask. contrast: (N,) float32, grey levels between the ink and its paper, in even light. light: (N,) bool, ink
    lighter than its paper. ruled: (N,) bool, a straight line that was taken from under other blobs. origin: (N,) the
    blob that each was found in, its own place for those that hold no line. stroke: (N,) float32, mean width of the
    strokes, pixels. depth: (h, w) uint8, grey levels away from the paper, in even light. margin: pixels of paper on
    each side that the frame does not have.
    """

    mask: NDArray[np.uint8]
    labels: NDArray[np.int32]
    where: NDArray[np.intp]
    boxes: NDArray[np.int32]
    contrast: NDArray[np.float32]
    light: NDArray[np.bool_]
    ruled: NDArray[np.bool_]
    origin: NDArray[np.intp]
    stroke: NDArray[np.float32]
    depth: NDArray[np.uint8]
    scale: float
    margin: int = 0

    def to_frame(self, boxes: NDArray[np.int32]) -> NDArray[np.int32]:
        """Bring boxes (N, 4) from pixels of the mask to pixels of the frame."""
        start = np.floor((boxes[:, :2] - self.margin) / self.scale)
        stop = np.ceil((boxes[:, :2] + boxes[:, 2:] - self.margin) / self.scale)
        if self.margin:
            size = np.array(self.mask.shape[::-1]) - 2 * self.margin
            start, stop = np.clip(start, 0, size - 1), np.clip(stop, 1, size)
        return np.concatenate([start, stop - start], axis=1).astype(np.int32)

    def over_frame(self) -> NDArray[np.uint8]:
        """Return the mask as far as it lies over the frame, without the margin."""
        height, width = self.mask.shape
        return self.mask[self.margin : height - self.margin, self.margin : width - self.margin]


def enclose(boxes: list[Box]) -> Box:
    """Return the smallest box around boxes x, y, w, h."""
    left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, bottom = max(b[0] + b[2] for b in boxes), max(b[1] + b[3] for b in boxes)
    return left, top, right - left, bottom - top


def find_ink(image: NDArray[np.uint8], polarity: str = "auto") -> Ink:
    """Find the ink of a picture.

    image: (H, W, 3) BGR or (H, W) grey, uint8. polarity: "dark" or "light" ink alone, or "auto" for both. The size of
    the working picture follows the writing: small writing in a large picture is looked for again at a larger scale.
    A picture as small as a single digit gets a margin of paper.
    Raises ValueError for another array or polarity.
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise ValueError(f"image must be (H, W, 3) BGR or (H, W) grey uint8, got {image.shape} {image.dtype}")
    if min(image.shape[:2]) < 1:
        raise ValueError(f"image is empty: {image.shape}")
    if polarity not in POLARITIES:
        raise ValueError(f"unknown polarity {polarity!r}: use auto, dark or light")
    # Grey at once: brought to another size it takes a third of the time of colour.
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    if max(image.shape[:2]) <= MAX_CROP_SIDE:
        margin = math.ceil(CROP_MARGIN * max(image.shape[:2]))
        return replace(_join(_find_raw(surround(grey, margin), 1.0, polarity), 1.0), margin=margin)
    scale = min(1.0, max(WORKING_SIDE / max(image.shape[:2]), 1 / min(image.shape[:2])))  # of a strip a row is left
    raw = _find_raw(grey, scale, polarity)
    sides = np.concatenate([ink.blobs.boxes[:, 2:].max(axis=1, initial=0) for ink in raw])
    if scale < 1 and len(sides):
        side = float(np.median(sides))
        if side < MIN_MEDIAN_SIDE:
            scale = min(1.0, scale * MIN_MEDIAN_SIDE * ENLARGED / side)
            raw = _find_raw(grey, scale, polarity)
    return _join(raw, scale)


class _RawInk(NamedTuple):
    """The blobs of one polarity, not yet parted from lines; depth, inked: (h, w) uint8, the latter of 0 and 1."""

    depth: NDArray[np.uint8]
    inked: NDArray[np.uint8]
    blobs: Blobs
    light: bool


def _find_raw(grey: NDArray[np.uint8], scale: float, polarity: str) -> list[_RawInk]:
    """Find dark and light ink, or one of them, in the grey picture brought to `scale`.

    Two thresholds joined by connection: hysteresis, after Canny 1986.
    """
    if scale != 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    paper, dim = find_paper(grey)
    away = cv2.subtract(paper, grey), cv2.subtract(grey, paper)
    depths = [cv2.multiply(depth, dim, scale=1 / DIMNESS_STEPS) for depth in away]
    noise = estimate_noise(cv2.max(*depths))
    raw = []
    for light, depth in zip((False, True), depths, strict=True):
        if polarity == ("dark" if light else "light"):
            continue
        faint, seed = _thresholds(depth, noise)
        inked = (depth > faint).view(np.uint8)
        raw.append(_RawInk(depth, inked, part_blobs(depth, inked, find_blobs(depth, inked, seed), seed), light))
    if len(raw) < 2:
        return raw
    halos = _halos(raw[0], raw[1]), _halos(raw[1], raw[0])
    return [ink._replace(blobs=_drop(ink.blobs, halo)) for ink, halo in zip(raw, halos, strict=True)]


def _join(raw: list[_RawInk], scale: float) -> Ink:
    """Return the ink of one polarity or of both."""
    inks = [_strokes(ink, scale) for ink in raw]
    return _merge(*inks) if len(inks) > 1 else inks[0]


def _strokes(raw: _RawInk, scale: float) -> Ink:
    """Cut each blob at half its own contrast, and part it from straight lines.

    So a faint pencil and a black marker both leave strokes of their true width. Looks at the inked pixels alone, which
    are few.
    """
    depth, inked, (where, owner, boxes, area, contrast), light = raw
    depths = depth.ravel().take(where).astype(np.float32)
    labels = _paint(np.zeros(depth.shape, np.int32), where, owner + 1)
    mask = _paint(np.zeros_like(depth), where, np.clip((depths / contrast[owner] - 0.25) * 2, 0, 1) * 255)
    # Blobs lie apart: the outline of each is that of the ink.
    outline = np.bincount(owner[core(inked).ravel().take(where) == 0], minlength=len(area))
    stroke = (2 * area / outline).astype(np.float32)
    boxes, stroke, origin, ruled = part_lines(labels, boxes, stroke)
    lights = np.full(len(boxes), light)
    return Ink(
        mask, labels, where, boxes, contrast[origin].astype(np.float32), lights, ruled, origin, stroke, depth, scale
    )


def _paint(image: NDArray[Scalar], where: NDArray[np.intp], values: NDArray[np.generic]) -> NDArray[Scalar]:
    """Write values, (K,), into an image (h, w) at flat places (K,) and return it."""
    image.ravel()[where] = values
    return image


def _thresholds(depth: NDArray[np.uint8], noise: float) -> tuple[float, float]:
    """Return above which depth ink joins a stroke, and above which it begins one.

    Multiples of the paper's noise; but a pattern of many lines counts as noise in the median and must not drown ink
    that is far darker than the pattern.
    """
    top = float(cv2.blur(depth, (3, 3)).max())
    faint = min(FAINT * noise, max(FAINT_SHARE * top, FAINT_FLOOR * noise))
    seed = min(SEED * noise, max(SEED_SHARE * top, SEED_FLOOR * noise))
    return max(MIN_FAINT, faint), max(MIN_SEED, seed)


def _merge(dark: Ink, light: Ink) -> Ink:
    """Join the ink of both polarities."""
    count = len(dark.boxes)
    return Ink(
        np.maximum(dark.mask, light.mask),
        _paint(dark.labels, light.where, light.labels.ravel().take(light.where) + count),
        np.concatenate([dark.where, light.where]),
        np.concatenate([dark.boxes, light.boxes]),
        np.concatenate([dark.contrast, light.contrast]),
        np.concatenate([dark.light, light.light]),
        np.concatenate([dark.ruled, light.ruled]),
        np.concatenate([dark.origin, light.origin + count]),
        np.concatenate([dark.stroke, light.stroke]),
        cv2.max(dark.depth, light.depth),
        dark.scale,
    )


def _halos(ink: _RawInk, other: _RawInk) -> NDArray[np.bool_]:
    """Tell which blobs of one polarity, (N,) bool, run along far deeper ink of the other one.

    Sharpening halos, and paper shut in by thick strokes, look like ink of the other polarity.
    """
    blobs = ink.blobs
    if not len(blobs.area) or not len(other.blobs.area):
        return np.zeros(len(blobs.area), bool)
    reach = cv2.dilate(other.inked, np.ones((5, 5), np.uint8))
    contact = np.bincount(blobs.owner[reach.ravel().take(blobs.where) > 0], minlength=len(blobs.area))
    touching = contact > HALO_CONTACT * blobs.boxes[:, 2:].sum(axis=1)
    return touching & (blobs.contrast < HALO_CONTRAST * _neighbour_contrast(blobs, other.blobs))


def _neighbour_contrast(blobs: Blobs, others: Blobs) -> NDArray[np.float64]:
    """Return for each blob, (N,), the deepest contrast among the other blobs whose boxes meet its own."""
    start, stop = blobs.boxes[:, None, :2] - 3, blobs.boxes[:, None, :2] + blobs.boxes[:, None, 2:] + 3
    meets = ((start < others.boxes[:, :2] + others.boxes[:, 2:]) & (others.boxes[:, :2] < stop)).all(axis=2)
    return np.where(meets, others.contrast, 0).max(axis=1)


def _drop(blobs: Blobs, gone: NDArray[np.bool_]) -> Blobs:
    """Return blobs without some of them, (N,) bool."""
    kept = ~gone[blobs.owner]
    owner = (np.cumsum(~gone) - 1)[blobs.owner[kept]]
    return Blobs(blobs.where[kept], owner, blobs.boxes[~gone], blobs.area[~gone], blobs.contrast[~gone])
