"""Cut parts out of a frame, straighten those that lie askew, and tell what was read in them in pixels of the frame."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.box import Box
from realtime.reading.finder import OUTPUT
from realtime.reading.looks import Look
from realtime.reading.page import Number, Outline, Page

Corners = NDArray[np.float64]  # (4, 2) x, y, pixels of the frame, from the upper left on clockwise


def corners_of(box: Box) -> Corners:
    """Return the corners of a box."""
    x, y, w, h = box
    return np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], np.float64)


def outline(corners: Corners) -> Outline:
    """Return corners as whole pixels."""
    return tuple((round(x), round(y)) for x, y in corners.tolist())


@dataclass(frozen=True)
class Part:
    """A part of a frame, (H, W, 3) uint8: `matrix` (3, 3) takes x, y, 1 in it to the frame, whose w, h is `frame`."""

    image: NDArray[np.uint8]
    matrix: NDArray[np.float64]
    frame: tuple[int, int]

    def put_back(self, page: Page, name: str) -> Page:
        """Return the page that was read in this part in pixels of the frame, as that of the region called `name`."""
        return replace(
            page,
            looks=tuple(self._look(look) for look in page.looks),
            boxes=self._boxes(page.boxes),
            numbers=[self._number(number, name) for number in page.numbers],
            lines=[replace(line, box=self._box(line.box), region=name) for line in page.lines],
        )

    @property
    def _shifted(self) -> bool:
        """Whether the part is cut straight out of the frame."""
        return bool((self.matrix[:, :2] == np.eye(3, 2)).all())

    def _boxes(self, boxes: NDArray[Any]) -> NDArray[np.int32]:
        """Return what stands around boxes (N, 4) of the part, within the frame."""
        moved = self._moved(boxes)
        low = np.clip(moved[:, :2], 0, np.array(self.frame) - 1)
        high = np.clip(moved[:, :2] + moved[:, 2:], low + 1, self.frame)
        return np.concatenate([low, high - low], axis=1).astype(np.int32)

    def _moved(self, boxes: NDArray[Any]) -> NDArray[np.int32]:
        """Return what stands around boxes (N, 4) of the part, in pixels of the frame, beyond its edges too."""
        if not len(boxes):
            return np.zeros((0, 4), np.int32)
        x, y, w, h = np.asarray(boxes, np.float64).T
        corners = np.stack([x, y, x + w, y, x + w, y + h, x, y + h], axis=1).reshape(-1, 1, 2)
        moved = cv2.perspectiveTransform(corners, self.matrix).reshape(-1, 4, 2)
        low, high = np.rint(moved.min(axis=1)), np.rint(moved.max(axis=1))
        return np.concatenate([low, np.maximum(high - low, 1)], axis=1).astype(np.int32)

    def _box(self, box: Box) -> Box:
        x, y, w, h = self._boxes(np.array([box]))[0].tolist()
        return x, y, w, h

    def _number(self, number: Number, name: str) -> Number:
        digits = (replace(digit, box=self._box(digit.box)) for digit in number.digits)
        return replace(number, digits=tuple(digits), region=name)

    def _look(self, look: Look) -> Look:
        """Return a look at the part as one at the frame, its maps drawn anew where the part lay askew."""
        if self._shifted:
            x, y = self.matrix[:2, 2].tolist()
            return replace(look, origin=(look.origin[0] + x, look.origin[1] + y))
        height, width = look.cores.shape
        zoom = OUTPUT / look.scale
        to_part = np.array([[zoom, 0, look.origin[0]], [0, zoom, look.origin[1]], [0, 0, 1]])
        whole = np.array([(*map(int, look.origin), round(width * zoom), round(height * zoom))])
        x, y, w, h = self._moved(whole)[0].tolist()
        from_frame = np.array([[1 / zoom, 0, -x / zoom], [0, 1 / zoom, -y / zoom], [0, 0, 1]])
        maps = replace(self, matrix=from_frame @ self.matrix @ to_part)
        size = max(1, round(w / zoom)), max(1, round(h / zoom))

        def drawn(picture: NDArray[Any], way: int) -> NDArray[Any]:
            return np.asarray(cv2.warpPerspective(picture, maps.matrix, size, flags=way))

        return replace(
            look,
            origin=(float(x), float(y)),
            maps=np.stack([drawn(one, cv2.INTER_LINEAR) for one in look.maps]).astype(np.uint8),
            cores=drawn(look.cores.astype(np.float32), cv2.INTER_NEAREST).astype(np.int32),
            boxes=maps._moved(look.boxes),
        )


def cut(image: NDArray[np.uint8], corners: Corners) -> Part:
    """Cut what lies within corners out of a frame (H, W, 3): as it is, or straightened where it lies askew."""
    (x, y), (right, bottom), frame = corners[0], corners[2], (image.shape[1], image.shape[0])
    if (corners == [(x, y), (right, y), (right, bottom), (x, bottom)]).all() and (corners % 1 == 0).all():
        part = image[int(y) : int(bottom), int(x) : int(right)]
        return Part(np.ascontiguousarray(part), np.array([[1.0, 0, x], [0, 1.0, y], [0, 0, 1.0]]), frame)
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width, height = (max(1, round(max(sides[k], sides[k + 2]))) for k in (0, 1))
    matrix = cv2.getPerspectiveTransform(
        corners_of((0, 0, width, height)).astype(np.float32), corners.astype(np.float32)
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    part = cv2.warpPerspective(image, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return Part(np.asarray(part, np.uint8), np.asarray(matrix, np.float64), frame)


def join(pages: list[Page]) -> Page:
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


def nothing(size: tuple[int, int], missing: str) -> Page:
    """Return the page of a frame of size w, h in which nothing could be read; missing: for want of what."""
    none = np.zeros((0, 4), np.int32), np.zeros((0, 1, 28, 28), np.uint8), np.zeros((0, 10), np.float32)
    return Page((), *none, np.zeros(0, np.float32), [], [], [], size, 0.0, "auto", 0.0, missing=missing)
