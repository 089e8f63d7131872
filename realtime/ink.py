"""Find ink: the strokes of a picture, dark on light and light on dark, as a mask and boxes.

The only place with image thresholds. Paper is the median of a wide window, so it follows shadows and vignettes with
their edges, and is neutral between dark and light ink; ink is what departs from it by more than the paper's own noise.
"""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.blobs import find_blobs, part_blobs
from realtime.lines import core, part_lines
from realtime.paper import estimate_noise, find_paper, surround

WORKING_SIDE = 640  # longest side of the picture in which ink is looked for first, pixels
LEAST_HEIGHT = 28  # where the blobs are lower than this, pixels, ink is looked for again in a larger picture
FAINT, SEED = 3.0, 6.0  # ink joins a stroke above FAINT and begins one above SEED times the paper's noise
FAINT_SHARE, SEED_SHARE = 0.35, 0.5  # or above these shares of the deepest ink, where that is less,
FAINT_FLOOR, SEED_FLOOR = 2.2, 3.5  # yet never below these times the noise
LEAST_FAINT, LEAST_SEED = 6, 14  # the same in grey levels, for pictures without noise
FRINGE = 0.8  # ink that runs along ink of the other kind of more than its contrast over this is a halo of it
CROP_SIDE = 100  # a picture no larger than this, pixels, is cut tight around writing: paper is laid around it,
MARGIN = 0.2  # as wide as this share of its longer side: where most of a picture is ink, none can tell it from paper
Box = tuple[int, int, int, int]  # x, y, w, h, half-open, pixels


@dataclass(frozen=True)
class Ink:
    """The ink of one frame, N blobs found in a working picture of `scale` times the frame's size.

    mask: (h, w) uint8, ink 255 on 0, grey where a pixel is partly ink. labels: (h, w) int32, i + 1 where the ink
    belongs to blob i. where: (K,) flat places of the inked pixels. boxes: (N, 4) int32 x, y, w, h, half-open, pixels of
    the mask. contrast: (N,) float32, grey levels between the ink and its paper. light: (N,) bool, ink lighter than its
    paper. ruled: (N,) bool, a straight line that was taken from under other blobs. origin: (N,) the blob that each was
    found in, its own place for those that hold no line, -1 where that blob was dropped. stroke: (N,) float32, mean
    width of the strokes, pixels. depth: (h, w) uint8, grey levels away from the paper. margin: pixels of paper on each
    side that the frame does not have.
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
    if polarity not in ("auto", "dark", "light"):
        raise ValueError(f"unknown polarity {polarity!r}: use auto, dark or light")
    # Grey at once: brought to another size it takes a third of the time of colour.
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    if max(image.shape[:2]) <= CROP_SIDE:
        margin = math.ceil(MARGIN * max(image.shape[:2]))
        return replace(_find_at(surround(grey, margin), 1.0, polarity), margin=margin)
    scale = min(1.0, max(WORKING_SIDE / max(image.shape[:2]), 1 / min(image.shape[:2])))  # of a strip a row is left
    ink = _find_at(grey, scale, polarity)
    if scale < 1 and len(ink.boxes):
        height = float(np.median(ink.boxes[:, 2:].max(axis=1)))
        if height < LEAST_HEIGHT:
            ink = _find_at(grey, min(1.0, scale * LEAST_HEIGHT * 1.25 / height), polarity)
    return ink


def _find_at(grey: NDArray[np.uint8], scale: float, polarity: str) -> Ink:
    """Find ink in the grey picture brought to `scale`."""
    if scale != 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    paper = find_paper(grey)
    noise = estimate_noise(cv2.absdiff(grey, paper))
    if polarity == "dark":
        return _strokes(cv2.subtract(paper, grey), noise, False, scale)
    if polarity == "light":
        return _strokes(cv2.subtract(grey, paper), noise, True, scale)
    return _merge(
        _strokes(cv2.subtract(paper, grey), noise, False, scale),
        _strokes(cv2.subtract(grey, paper), noise, True, scale),
    )


def _strokes(depth: NDArray[np.uint8], noise: float, light: bool, scale: float) -> Ink:
    """Find the strokes where `depth`, (h, w) uint8 grey levels away from the paper, stands out of the noise.

    Two thresholds joined by connection (hysteresis, after Canny 1986); then each blob is cut at half its own contrast,
    so that a faint pencil and a black marker both leave strokes of their true width. All but the labelling looks at the
    inked pixels alone, which are few.
    """
    faint, seed = _thresholds(depth, noise)
    inked = (depth > faint).view(np.uint8)
    where, owner, boxes, area, contrast = part_blobs(depth, inked, find_blobs(depth, inked, seed), seed)
    depths = depth.ravel().take(where).astype(np.float32)
    labels = _paint(np.zeros(depth.shape, np.int32), where, owner + 1)
    mask = _paint(np.zeros_like(depth), where, np.clip((depths / contrast[owner] - 0.25) * 2, 0, 1) * 255)
    # Blobs lie apart: the outline of each is that of the ink.
    outline = np.bincount(owner[core(inked).ravel().take(where) == 0], minlength=len(area))
    stroke = (2 * area / outline).astype(np.float32)
    boxes, stroke, origin, ruled = part_lines(labels, boxes, stroke)
    contrast, kind = contrast[origin].astype(np.float32), np.full(len(boxes), light)
    return Ink(mask, labels, where, boxes, contrast, kind, ruled, origin, stroke, depth, scale)


def _paint(
    image: NDArray[np.generic], where: NDArray[np.intp], values: NDArray[np.generic] | int
) -> NDArray[np.generic]:
    """Write values, (K,) or one, into an image (h, w) at flat places (K,) and return it."""
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
    return max(LEAST_FAINT, faint), max(LEAST_SEED, seed)


def _merge(dark: Ink, light: Ink) -> Ink:
    """Join the ink of both kinds, leaving out what lies along stronger ink of the other kind.

    Sharpening halos, and paper shut in by thick strokes, look like ink of the other kind.
    """
    fringes = _fringes(dark, light), _fringes(light, dark)
    dark, light = (_wipe(ink, fringe) for ink, fringe in zip((dark, light), fringes, strict=True))
    return Ink(
        np.maximum(dark.mask, light.mask),
        _paint(dark.labels, light.where, light.labels.ravel().take(light.where) + len(dark.boxes)),
        np.concatenate([dark.where, light.where]),
        np.concatenate([dark.boxes, light.boxes]),
        np.concatenate([dark.contrast, light.contrast]),
        np.concatenate([dark.light, light.light]),
        np.concatenate([dark.ruled, light.ruled]),
        np.concatenate([dark.origin, np.where(light.origin < 0, -1, light.origin + len(dark.boxes))]),
        np.concatenate([dark.stroke, light.stroke]),
        cv2.max(dark.depth, light.depth),
        dark.scale,
    )


def _fringes(ink: Ink, other: Ink) -> NDArray[np.bool_]:
    """Tell which blobs of `ink`, (N,) bool, run along far deeper ink of `other`."""
    if not len(ink.boxes) or not len(other.boxes):
        return np.zeros(len(ink.boxes), bool)
    reach = cv2.dilate(other.mask, np.ones((5, 5), np.uint8))
    touching = ink.where[reach.ravel().take(ink.where) > 0]
    contact = np.bincount(ink.labels.ravel().take(touching), minlength=len(ink.boxes) + 1)[1:]
    fringe = contact > 0.25 * ink.boxes[:, 2:].sum(axis=1)
    return fringe & (ink.contrast < FRINGE * _neighbour_contrast(ink, other))


def _neighbour_contrast(ink: Ink, other: Ink) -> NDArray[np.float32]:
    """Return for each blob of `ink`, (N,), the deepest contrast among the blobs of `other` whose boxes meet its own."""
    start, stop = ink.boxes[:, None, :2] - 3, ink.boxes[:, None, :2] + ink.boxes[:, None, 2:] + 3
    meets = ((start < other.boxes[:, :2] + other.boxes[:, 2:]) & (other.boxes[:, :2] < stop)).all(axis=2)
    return np.where(meets, other.contrast, 0).max(axis=1)


def _wipe(ink: Ink, gone: NDArray[np.bool_]) -> Ink:
    """Drop some blobs, (N,) bool, and wipe them out of mask and labels, in place."""
    if not gone.any():
        return ink
    keep = ~gone
    renumber = np.concatenate([[0], np.where(keep, np.cumsum(keep), 0)])
    owner = renumber.take(ink.labels.ravel().take(ink.where))
    _paint(ink.labels, ink.where, owner)
    _paint(ink.mask, ink.where[owner == 0], 0)
    return Ink(
        ink.mask,
        ink.labels,
        ink.where[owner > 0],
        ink.boxes[keep],
        ink.contrast[keep],
        ink.light[keep],
        ink.ruled[keep],
        renumber[1:][ink.origin][keep] - 1,
        ink.stroke[keep],
        ink.depth,
        ink.scale,
    )
