"""Part inked pixels into blobs, and strokes from the far fainter ink that joins them."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.components import components, enclose_pieces, label

# Set by hand on photos of numbers and on drawn scenes, where print shows through or digits stand close.
MIN_BLOB_SIDE = 5  # blobs whose longest side is shorter are specks, pixels
MIN_PARTED_SIDE = 12  # smaller blobs are not looked at for faint ink, pixels: they hold no more than one stroke
# Ink fainter than SHADE, a share of its blob's contrast, is the shade of something else where it is more than the share
# MUCH_SHADE of the blob's pixels, or more than SOME_SHADE and without it the blob is lower or narrower than SHRUNK of
# what it was.
SHADE, SOME_SHADE, MUCH_SHADE, SHRUNK = 0.375, 0.27, 0.43, 0.85
# Ink fainter than HAZE, a share of its blob's contrast, is a camera's blur between digits, where the blob is wider than
# HAZE_WIDTH of its height and at least two parts higher than HAZE_PART of it remain without that ink.
HAZE, HAZE_WIDTH, HAZE_PART = 0.25, 0.8, 0.7
MAX_HAZE_HEIGHT = 0.5  # a blob higher than this share of the picture is a thing, as the sheet itself, and holds no haze


class Blobs(NamedTuple):
    """N blobs of K pixels.

    where, owner: (K,) the flat place and the blob of each pixel. boxes: (N, 4) int32 x, y, w, h, half-open. area: (N,)
    pixels. contrast: (N,) grey levels.
    """

    where: NDArray[np.intp]
    owner: NDArray[np.intp]
    boxes: NDArray[np.int32]
    area: NDArray[np.intp]
    contrast: NDArray[np.float64]


def find_blobs(depth: NDArray[np.uint8], inked: NDArray[np.uint8], seed: float) -> Blobs:
    """Part inked pixels, (h, w) uint8 of 0 and 1, into connected blobs that have a pixel deeper than `seed`.

    depth: (h, w) uint8, grey levels away from the paper.
    """
    where = np.flatnonzero(inked.view(bool))
    return _gather(depth, where, label(inked).ravel().take(where).astype(np.intp) - 1, seed)


def _gather(depth: NDArray[np.uint8], where: NDArray[np.intp], owner: NDArray[np.intp], seed: float) -> Blobs:
    """Make blobs of inked pixels: flat places (K,), in order, and owners (K,); leave out specks and shallow ink."""
    depths = depth.ravel().take(where)
    count = int(owner.max(initial=-1)) + 1
    boxes = enclose_pieces(where, owner, count, depth.shape[1])
    keep = boxes[:, 2:].max(axis=1, initial=0) >= MIN_BLOB_SIDE
    keep &= np.bincount(owner[depths > seed], minlength=count) > 0
    kept = keep[owner]
    where, owner, depths = where[kept], (np.cumsum(keep) - 1)[owner[kept]], depths[kept].astype(np.float32)
    area = np.bincount(owner, minlength=np.count_nonzero(keep))
    contrast = np.bincount(owner, depths * depths, len(area)) / np.bincount(owner, depths, len(area))
    return Blobs(where, owner, boxes[keep], area, contrast)


def part_blobs(depth: NDArray[np.uint8], inked: NDArray[np.uint8], blobs: Blobs, seed: float) -> Blobs:
    """Return the blobs of `find_blobs` without the faint ink that joins deeper strokes; take it out of `inked` too.

    Print that shows through, glare, the edge of a shadow: far fainter than the strokes they touch, and as large. And
    the haze between digits that stand close, in which a camera's blur joins them. depth, inked: (h, w) uint8, the
    latter of 0 and 1.
    """
    where, owner, boxes, area, contrast = blobs
    shade = np.bincount(owner[depth.ravel().take(where) < SHADE * contrast[owner]], minlength=len(area)) / area
    large = boxes[:, 2:].max(axis=1, initial=0) >= MIN_PARTED_SIDE
    shaded = large & (shade > SOME_SHADE)
    wide = large & (boxes[:, 2] > HAZE_WIDTH * boxes[:, 3]) & (boxes[:, 3] < MAX_HAZE_HEIGHT * len(depth))
    checked = np.flatnonzero(shaded | wide)
    if not len(checked):
        return blobs
    owner, count = owner.copy(), len(area)
    pixels = np.flatnonzero((shaded | wide)[owner])
    pixels = pixels[np.argsort(owner[pixels].astype(np.uint32 if count >= 2**16 else np.uint16), kind="stable")]
    parts = np.split(pixels, np.cumsum(area[checked])[:-1])
    for i, mine in zip(checked.tolist(), parts, strict=True):
        x, y, w, h = boxes[i].tolist()
        row, column = np.divmod(where[mine], inked.shape[1])
        place = row - y, column - x
        own = np.zeros((h, w), np.uint8)
        own[place] = 1
        depths = depth[y : y + h, x : x + w]
        gone = np.zeros((h, w), bool)
        if wide[i]:
            gone |= _haze(own, depths <= HAZE * contrast[i])
        if shaded[i]:
            gone |= _shade(own, depths < SHADE * contrast[i], shade[i] > MUCH_SHADE)
        if gone.any():
            inked[y : y + h, x : x + w][gone] = 0
            part = label(own * ~gone)[place].astype(np.intp)
            owner[mine] = np.where(part, part + (count - 1), -1)
            count += int(part.max())
    left = owner >= 0
    return _gather(depth, where[left], owner[left], seed)


def _haze(own: NDArray[np.uint8], faint: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the faint ink of a blob, (h, w), where it is all that joins parts nearly as high as the blob."""
    firm = own * ~faint
    high = np.count_nonzero(components(firm)[1][:, 3] > HAZE_PART * len(own))
    return own > firm if high > 1 else np.zeros(own.shape, bool)


def _shade(own: NDArray[np.uint8], faint: NDArray[np.bool_], much: bool) -> NDArray[np.bool_]:
    """Mark the faint ink of a blob, (h, w), away from its strokes, if it is much or the strokes alone are far smaller.

    The soft edge of a stroke stays with it.
    """
    deep = own * ~faint
    height, width = own.shape
    _, _, deep_width, deep_height = cv2.boundingRect(deep)
    if much or deep_width < SHRUNK * width or deep_height < SHRUNK * height:
        return (own > 0) & (cv2.dilate(deep, np.ones((3, 3), np.uint8)) == 0)
    return np.zeros(own.shape, bool)
