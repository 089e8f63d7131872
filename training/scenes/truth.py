"""The truth about every pixel of a scene: cores, ink of digits, other ink, and what nobody can tell."""

import re
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from realtime.reading.finder import OUTPUT
from training.scenes.canvas import Canvas, Digit, Written, core

FAINT, FAINTER = 10.0, 0.9  # grey levels, and deviations of the paper, below which ink is too faint for a person
SMALLEST, BLURRED = 6.5, 0.16  # pixels of an em, and ems of blur, beyond which a digit is a guess
NONE = 255  # in the map of classes
OPEN = 128  # in the map of other ink, where a printed line may count or not
EVEN = 100.0  # pixels of a map; smaller cores count for more
HIDDEN = 3  # pixels of a core; with less left under other digits nobody finds it
BETWEEN = 48  # sixteenths, what a pixel between two digits counts
NUMBER = re.compile(r"(?:(?<!\d)-)?\d+(?:[.,]\d+)*")  # with its minus, points and commas, as reading tells numbers


@dataclass(frozen=True)
class Number:
    """A number that was written, and its box x, y, w, h in pixels; known: whether a person could read all of it."""

    text: str
    box: tuple[int, int, int, int]
    known: bool


@dataclass(frozen=True)
class Scene:
    """A picture and its truth.

    image: (S, S, 3) uint8 BGR. maps: (3, S/2, S/2) uint8, core of digits, ink of digits, other ink, 255 for all of it
    and OPEN for either. weight: (S/2, S/2) uint8, how much a pixel counts in sixteenths, 0 where nobody can tell.
    known: whether the ink is known, or only that no digit is there. classes: (S/4, S/4) uint8, the digit at its core,
    else NONE. cores: (S/2, S/2) int16, i + 1 on the core of digit i. digits: those that are to be found. texts: all
    that was written, whether or not it can be read.
    """

    image: NDArray[np.uint8]
    maps: NDArray[np.uint8]
    weight: NDArray[np.uint8]
    known: bool
    classes: NDArray[np.uint8]
    cores: NDArray[np.int16]
    digits: list[Digit]
    texts: list[Written]

    def spot(self, core: NDArray[np.float64]) -> tuple[slice, slice]:
        """Return where in the maps a core lies that was found, x, y, w, h (4,) in pixels of the picture."""
        (x, y, w, h), half = (core / OUTPUT).tolist(), self.cores.shape[0]
        return slice(max(int(y), 0), min(int(y + h) + 1, half)), slice(max(int(x), 0), min(int(x + w) + 1, half))


def tell(canvas: Canvas, image: NDArray[np.uint8], blur: float, sheet: NDArray[np.uint8] | None, known: bool) -> Scene:
    """Tell core, ink and other ink of what was drawn, and where nobody can tell; known False: where ink is at all."""
    side, half = canvas.side, canvas.side // 2
    ink = canvas.digit_ink if sheet is None else np.minimum(canvas.digit_ink, sheet)
    other = canvas.other_ink if sheet is None else np.minimum(canvas.other_ink, sheet)
    cores, sure = np.zeros((half, half), np.int16), np.ones((half, half), np.uint8)
    found: list[Digit] = []
    unsure = list(canvas.unsure)
    for digit in canvas.digits:
        if (
            _cut(digit, sheet, side)
            or digit.height < SMALLEST
            or blur > BLURRED * digit.height
            or _faint(digit, image, ink, other)
        ):
            unsure.append(digit.hull)
            continue
        found.append(digit)
        cv2.fillConvexPoly(cores, np.rint(core(digit.hull) * 8 - 4).astype(np.int32), len(found), cv2.LINE_8, 4)
    between = _part(cores)
    seen = np.bincount(cores.ravel(), minlength=len(found) + 1) >= HIDDEN
    seen[0] = False
    unsure += [digit.hull for digit, shows in zip(found, seen[1:], strict=True) if not shows]
    found = [digit for digit, shows in zip(found, seen[1:], strict=True) if shows]
    cores = np.where(seen, np.cumsum(seen), 0).astype(np.int16)[cores]
    for hull in unsure:
        cv2.fillConvexPoly(sure, np.rint(hull * 8 - 4).astype(np.int32), 0, cv2.LINE_8, 4)
        cv2.polylines(sure, [np.rint(hull * 8 - 4).astype(np.int32)], True, 0, 3, cv2.LINE_8, 4)
    weight = _weighed(cores, sure)
    weight[between] = BETWEEN
    labels = np.array([NONE, *(d.label for d in found)], np.uint8)
    size = (half, half)
    written, beside, ruled = (
        cv2.resize(map_, size, interpolation=cv2.INTER_AREA) for map_ in (ink, other, canvas.ruling)
    )
    beside[(ruled > 32) & (beside < 64)] = OPEN
    maps = np.stack([np.where(cores > 0, 255, 0).astype(np.uint8), written, beside])
    return Scene(image, maps, weight, known, labels[cores[::2, ::2]], cores, found, canvas.texts)


def numbers(scene: Scene) -> list[Number]:
    """Return the numbers of all texts; one that lost a digit is not known."""
    clear = {id(digit) for digit in scene.digits}
    told = []
    for text in scene.texts:
        digits, at = text.digits, 0
        whole = len(digits) == sum(map(str.isdigit, text.text)) and not text.struck
        for match in NUMBER.finditer(text.text) if digits else ():
            count = sum(map(str.isdigit, match[0]))
            own = digits[at : at + count] if whole else digits
            at += count
            x, y, w, h = cv2.boundingRect(np.concatenate([digit.hull for digit in own]))
            told.append(Number(match[0], (x, y, w, h), whole and all(id(digit) in clear for digit in own)))
    return told


def _weighed(cores: NDArray[np.int16], sure: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return how much each pixel counts: one of a small digit more, so that it counts for more than its size."""
    areas = np.maximum(np.bincount(cores.ravel()), 1)
    counted = np.clip(16 * np.sqrt(EVEN / areas), 16, 64).astype(np.uint8)
    counted[0] = 16
    return np.where(sure | (cores > 0), counted[cores], 0).astype(np.uint8)


def _part(cores: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Clear in place where the cores of two digits meet, so that contours part them; return all that is between."""
    meeting = _two_within(cores, 3)
    cores[meeting] = 0
    return _two_within(cores, 5) & (cores == 0)


def _two_within(cores: NDArray[np.int16], size: int) -> NDArray[np.bool_]:
    """Tell of every pixel whether the square of `size` about it holds two cores."""
    kernel = np.ones((size, size), np.uint8)
    least = -cv2.dilate(np.where(cores > 0, -cores, np.int16(-30000)), kernel)
    most = cv2.dilate(cores, kernel)
    return (most != least) & (most > 0)


def _cut(digit: Digit, sheet: NDArray[np.uint8] | None, side: int) -> bool:
    """Tell whether the frame or the edge of the sheet cuts a digit."""
    room = 0.04 * digit.height
    low, high = digit.hull.min(axis=0) + room, digit.hull.max(axis=0) - room
    if (low < 0).any() or (high > side - 1).any():
        return True
    if sheet is None:
        return False
    spots = np.clip(np.rint(digit.hull), 0, side - 1).astype(int)
    return bool((sheet[spots[:, 1], spots[:, 0]] < 128).any())


def _faint(digit: Digit, image: NDArray[np.uint8], ink: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """Tell whether a person would hardly see a digit: its colour is too near to the paper about it."""
    reach = 0.12 * digit.height + 2
    x0, y0 = np.maximum(digit.hull.min(axis=0) - reach, 0).astype(int)
    x1, y1 = (digit.hull.max(axis=0) + reach).astype(int) + 1
    part, own, others = image[y0:y1, x0:x1], ink[y0:y1, x0:x1], other[y0:y1, x0:x1]
    written = cv2.inRange(own, int(max(own.max() * 0.6, 1)), 255)
    paper = cv2.inRange(cv2.max(own, others), 0, 8)
    if not written.any() or not paper.any():
        return not written.any()
    mean, deviation = cv2.meanStdDev(part, mask=paper)
    apart = np.abs(np.array(cv2.mean(part, mask=written)[:3]) - mean[:, 0])
    return bool(apart.max() < FAINT or (apart < FAINTER * deviation[:, 0]).all())


def trim(
    canvas: Canvas, image: NDArray[np.uint8], sheet: NDArray[np.uint8] | None, rng: Generator
) -> NDArray[np.uint8] | None:
    """Cut the picture tight about its digits, in place, as if it ended there; return where the sheet is now."""
    hulls = [d.hull for d in canvas.digits if not _cut(d, sheet, canvas.side)]
    if not hulls:
        return sheet
    room = rng.uniform(0.0, 0.15) * canvas.digits[0].height
    low, high = np.concatenate(hulls).min(axis=0) - room, np.concatenate(hulls).max(axis=0) + room
    x0, y0 = np.maximum(low, 0).astype(int).tolist()
    x1, y1 = np.minimum(high + 1, canvas.side).astype(int).tolist()
    part = image[y0:y1, x0:x1]
    edge = np.median(np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]]), axis=0)
    left = np.zeros((canvas.side, canvas.side), np.uint8)
    left[y0:y1, x0:x1] = 255 if sheet is None else sheet[y0:y1, x0:x1]
    kept = part.copy()
    image[:] = edge
    image[y0:y1, x0:x1] = kept
    return left


def picture(scene: Scene) -> NDArray[np.uint8]:
    """Return a scene beside its truth: core red, ink of digits blue, other ink green, unknown grey."""
    side = scene.image.shape[0]
    truth = np.stack([scene.maps[1], scene.maps[2], scene.maps[0]], axis=2)
    unknown = (scene.weight == 0) | (not scene.known)
    truth[unknown] = truth[unknown] // 2 + 70
    return np.hstack([scene.image, cv2.resize(truth, (side, side), interpolation=cv2.INTER_NEAREST)])
