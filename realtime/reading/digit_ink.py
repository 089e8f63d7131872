"""Cut each digit's ink from the picture's own pixels: which are its, by the finder's maps, and how dark they are."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.finder import OUTPUT
from realtime.reading.looks import Look

INKED = 100  # of 255, where the map of ink says ink
TALLEST = 64  # pixels; what is larger is cut from a smaller picture, for a crop is 28 pixels high
REACH = 1.6  # sizes of a core that the ink of its digit reaches from it
NEAR = 0.7  # sizes of a core about it where most of the ink is its own
SOLID = 96  # of 255, from where on a pixel of a crop lies within the box of its ink
PALEST, DARKEST = 0.25, 0.75  # between the colours of paper and ink, where a crop turns from blank to full


class Patch(NamedTuple):
    """One digit as it was cut: its ink (h, w) uint8, 255 for full ink; whether that is lighter than the paper; box (4,)
    float64 x, y, w, h of the ink, pixels of the frame."""

    ink: NDArray[np.uint8]
    light: bool
    box: NDArray[np.float64]


def belongs(look: Look) -> NDArray[np.int32]:
    """Return (H/2, W/2) int32, i + 1 where ink belongs to the look's digit i, else 0.

    Ink belongs to the nearest core. A stroke that reaches past a neighbour's core stays with its own digit as long as
    the neighbour has its ink elsewhere.
    """
    ink = cv2.threshold(look.maps[1], INKED, 1, cv2.THRESH_BINARY)[1]
    belonging = np.zeros(ink.shape, np.int32)
    if not len(look.boxes):
        return belonging
    distance, nearest = cv2.distanceTransformWithLabels(
        (look.cores == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    count, parts = cv2.connectedComponents(ink, connectivity=8)
    on, inked = np.flatnonzero(look.cores), np.flatnonzero(ink)  # little of a picture is ink: only there is reckoned
    seeds = np.zeros(int(nearest.max()) + 1, np.int32)
    seeds[nearest.ravel()[on]] = look.cores.ravel()[on]
    owner, part, away = seeds[nearest.ravel()[inked]], parts.ravel()[inked], distance.ravel()[inked]
    sizes = np.concatenate([[0], np.maximum(look.boxes[:, 2], look.boxes[:, 3])])
    owner[away > REACH * sizes[owner] + 2] = 0
    home, host = _homes(part, owner, away <= NEAR * sizes[owner] + 2, (count, len(sizes)))
    strayed = (owner > 0) & (home[owner] != part) & (host[part] > 0)
    owner[strayed] = host[part][strayed]
    belonging.ravel()[inked] = owner
    return belonging


def _homes(
    part: NDArray[np.int32], owner: NDArray[np.int32], near: NDArray[np.bool_], shape: tuple[int, int]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the part of ink that holds most of each digit, and the largest digit at home in each part.

    part, owner, near: (P,) of each pixel of ink, its part, its digit, and whether that is near. shape: how many parts
    and digits there are, counted with that of none, 0.
    """
    both = part[near].astype(np.int64) * shape[1] + owner[near]
    shared = np.bincount(both, minlength=shape[0] * shape[1]).reshape(shape)
    shared[:, 0] = shared[0] = 0
    home = shared.argmax(axis=0)
    return home, (shared * (home[None] == np.arange(shape[0])[:, None])).argmax(axis=1)


def boxes_of(owner: NDArray[np.int32], look: Look) -> NDArray[np.int32]:
    """Return the box of each digit's ink, (N, 4) in pixels of the maps; that of its core where it has none."""
    boxes = look.boxes.copy()
    pixels = np.flatnonzero(owner)
    labels = owner.ravel()[pixels] - 1
    order = np.argsort(labels, kind="stable")
    inked, starts = np.unique(labels[order], return_index=True)
    if len(inked):
        for axis, places in enumerate((pixels[order] % owner.shape[1], pixels[order] // owner.shape[1])):
            low, high = (way.reduceat(places, starts) for way in (np.minimum, np.maximum))
            boxes[inked, axis], boxes[inked, axis + 2] = low, high - low + 1
    return boxes


def patch(image: NDArray[np.uint8], look: Look, owner: NDArray[np.int32], digit: int, box: NDArray[np.int32]) -> Patch:
    """Cut one digit of a look out of the pixels of the frame (H, W, 3); box: of its ink, in pixels of the maps."""
    x, y, w, h = box.tolist()
    room = 2 + max(w, h) // 6  # pixels of the maps around it, for the colour of the paper
    x0, y0 = max(x - room, 0), max(y - room, 0)
    x1, y1 = min(x + w + room, owner.shape[1]), min(y + h + room, owner.shape[0])
    zoom = OUTPUT / look.scale
    left, top = (round(o + a * zoom) for o, a in zip(look.origin, (x0, y0), strict=True))
    right, foot = (round(o + a * zoom) for o, a in zip(look.origin, (x1, y1), strict=True))
    size = max(right - left, 1), max(foot - top, 1)
    if max(size) > TALLEST:
        size = max(size[0] * TALLEST // max(size), 1), max(size[1] * TALLEST // max(size), 1)
    part = cv2.resize(_within(image, left, top, right, foot), size, interpolation=cv2.INTER_AREA).astype(np.float32)
    spot = np.s_[y0:y1, x0:x1]
    own = (owner[spot] == digit + 1).astype(np.uint8)
    ink, other = look.maps[1][spot], look.maps[2][spot]
    mine = cv2.resize(cv2.dilate(own, np.ones((3, 3), np.uint8)) * 255, size, interpolation=cv2.INTER_LINEAR)
    mine[cv2.resize(((owner[spot] > 0) & (own == 0)).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0] = 0
    bare = cv2.resize((cv2.max(ink, other) < 40).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    full = cv2.resize(np.where(own > 0, ink, 0).astype(np.uint8), size, interpolation=cv2.INTER_LINEAR)
    depth, light = _depth(part, bare, full)
    cut = (depth * mine).astype(np.uint8)
    a, b, c, d = cv2.boundingRect(cv2.threshold(cut, SOLID, 255, cv2.THRESH_BINARY)[1])
    if not c:
        return Patch(cut, light, look.to_frame(box[None])[0])
    fine = np.array([(right - left) / size[0], (foot - top) / size[1]])
    return Patch(cut, light, np.concatenate([[left, top] + [a, b] * fine, [c, d] * fine]))


def _within(image: NDArray[np.uint8], left: int, top: int, right: int, foot: int) -> NDArray[np.uint8]:
    """Return a part of an image, with its edge repeated where the part leaves it."""
    height, width = image.shape[:2]
    x0, y0 = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    x1, y1 = max(min(right, width), x0 + 1), max(min(foot, height), y0 + 1)
    part = image[y0:y1, x0:x1]
    beyond = max(y0 - top, 0), max(foot - y1, 0), max(x0 - left, 0), max(right - x1, 0)
    return cv2.copyMakeBorder(part, *beyond, cv2.BORDER_REPLICATE) if any(beyond) else part


def _depth(
    part: NDArray[np.float32], bare: NDArray[np.uint8], full: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], bool]:
    """Return how far each colour of part (h, w, 3) is from paper to ink, 0..1, and whether ink is lighter.

    bare: 1 on paper. full: 255 on ink.
    """
    most = int(full.max())
    inked = (full >= max(0.7 * most, 1)).astype(np.uint8)
    if not bare.any() or not inked.any():
        return full.astype(np.float32) / np.float32(255), False
    reach = (max(3, part.shape[1] // 2 | 1), max(3, part.shape[0] // 2 | 1))
    blank, middle = bare.astype(np.float32), cv2.mean(part, mask=bare)
    middle = tuple(np.array(middle, np.float32).tolist())
    weight = cv2.max(cv2.blur(blank, reach), 0.02)
    spread = cv2.blur(cv2.multiply(cv2.subtract(part, middle), cv2.merge([blank] * 3)), reach)
    paper = cv2.add(cv2.divide(spread, cv2.merge([weight] * 3)), middle)
    axis = np.array(cv2.mean(part, mask=inked)[:3], np.float32) - np.array(cv2.mean(paper, mask=inked)[:3], np.float32)
    length = np.float32(axis @ axis)
    light = bool(axis.sum() > 0)
    if length < 1:
        return full.astype(np.float32) / np.float32(255), light
    along = ((part - paper) @ axis) / length
    depth = (along - np.float32(PALEST)) / np.float32(DARKEST - PALEST)
    return np.clip(depth, 0, 1, dtype=np.float32), light
