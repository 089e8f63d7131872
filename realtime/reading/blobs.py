"""Part inked pixels into blobs, and strokes from the far fainter ink that joins them."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.components import components, enclose_pieces, label

SHADE = 0.375  # ink fainter than this share of a blob's contrast may be the shade of something else: it is, where it is
SOME_SHADE, MUCH_SHADE, SHRUNK = 0.27, 0.43, 0.85  # much of the blob, or some, and the rest is so much smaller
LEAST_SIDE = 5  # smaller blobs are specks, pixels
WIDE, TALL = 0.8, 0.7  # a blob wider than this share of its height may be digits that touch, parts of this share of it
HIGHEST = 0.5  # share of the picture's height from which on it is no digits but a thing, as the sheet itself
HAZE = 0.25  # ink fainter than this share of a blob's contrast leaves no mark in the mask
LEAST_SHADED = 12  # blobs smaller than this hide no stroke in their shade, pixels


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
    """Make blobs of inked pixels: flat places (K,), in order, and owners (K,); of specks and shallow ink none."""
    depths = depth.ravel().take(where)
    count = int(owner.max(initial=-1)) + 1
    boxes = enclose_pieces(where, owner, count, depth.shape[1])
    keep = boxes[:, 2:].max(axis=1, initial=0) >= LEAST_SIDE
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
    shady = np.bincount(owner[depth.ravel().take(where) < SHADE * contrast[owner]], minlength=len(area)) / area
    large = boxes[:, 2:].max(axis=1, initial=0) >= LEAST_SHADED
    shaded = large & (shady > SOME_SHADE)
    wide = large & (boxes[:, 2] > WIDE * boxes[:, 3]) & (boxes[:, 3] < HIGHEST * len(depth))
    suspects = np.flatnonzero(shaded | wide)
    if not len(suspects):
        return blobs
    owner, count = owner.copy(), len(area)
    pixels = np.flatnonzero((shaded | wide)[owner])
    pixels = pixels[np.argsort(owner[pixels].astype(np.uint32 if count >= 2**16 else np.uint16), kind="stable")]
    parts = np.split(pixels, np.cumsum(area[suspects])[:-1])
    for i, mine in zip(suspects.tolist(), parts, strict=True):
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
            gone |= _shade(own, depths < SHADE * contrast[i], shady[i] > MUCH_SHADE)
        if gone.any():
            inked[y : y + h, x : x + w][gone] = 0
            part = label(own & ~gone)[place].astype(np.intp)
            owner[mine] = np.where(part, part + (count - 1), -1)
            count += int(part.max())
    left = owner >= 0
    return _gather(depth, where[left], owner[left], seed)


def _haze(own: NDArray[np.uint8], faint: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the faint ink of a blob, (h, w), where it is all that joins parts nearly as high as the blob."""
    firm = own * ~faint
    high = np.count_nonzero(components(firm)[1][:, 3] > TALL * len(own))
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
