"""Find what regions hold on to while the camera moves: the four corners of a sheet, or four printed marks."""

import cv2
import numpy as np
from numpy.typing import NDArray

ANCHORS = ("sheet", "marks")
MISSING = {
    "sheet": "no sheet with four corners in sight",
    "marks": "not all four printed marks are in sight",
}
SIDE = 480  # pixels of the longer side of the picture in which a sheet is looked for
LEVELS = 8  # grey values that may part a sheet from what it lies on, evenly between the darkest and the lightest
SMALLEST = 0.05  # share of the picture that a sheet fills at least
WHOLE = 0.9  # share of the outline's hull, and of the four sides drawn out, that a sheet fills: it may have a dent
REACH, STEPS = 6, 60  # pixels around a side in which its edge is looked for, at so many places
CONTRAST, SEEN = 10.0, 0.7  # grey values by which an edge is told, and the share of each side that must show one


def find_corners(image: NDArray[np.uint8], anchor: str) -> NDArray[np.float64] | None:
    """Return the corners of what an anchor, one of ANCHORS, names in a frame (H, W, 3); None where it is not seen.

    They are (4, 2) x, y, pixels: of a sheet from the upper left on, of marks the centres of numbers 0 to 3.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return _marks(grey) if anchor == "marks" else _sheet(grey)


def place_within(corners: NDArray[np.float64], place: tuple[float, float, float, float]) -> NDArray[np.float64]:
    """Return the corners (4, 2) in the frame of a place x, y, w, h, percent of what the corners span."""
    x, y, w, h = place
    points = np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], np.float32)
    return np.asarray(cv2.perspectiveTransform(points[None], _to_frame(corners))[0], np.float64)


def share_of(corners: NDArray[np.float64], points: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return the place x, y, w, h around points (N, 2) of the frame, percent of what the corners span and within it."""
    shares = cv2.perspectiveTransform(points[None].astype(np.float32), np.linalg.inv(_to_frame(corners)))[0]
    low, high = np.clip(shares.min(axis=0), 0, 100), np.clip(shares.max(axis=0), 0, 100)
    x, y, w, h = np.round([*low, *(high - low)], 2).tolist()
    return x, y, w, h


def _to_frame(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what takes a place in percent of what the corners span to the frame, (3, 3)."""
    whole = np.array([(0, 0), (100, 0), (100, 100), (0, 100)], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(whole, corners.astype(np.float32)), np.float64)


def _marks(grey: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """Return the centres of the ArUco marks 0 to 3 of the dictionary 4x4_50."""
    marks = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50))
    corners, numbers, _ = marks.detectMarkers(grey)
    if numbers is None:
        return None
    centres = {int(number): mark[0].mean(axis=0) for number, mark in zip(numbers.ravel(), corners, strict=True)}
    return np.array([centres[k] for k in range(4)], np.float64) if set(centres) >= set(range(4)) else None


def _sheet(grey: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """Return the corners of the largest sheet whose four sides are seen."""
    scale = min(1.0, SIDE / max(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = cv2.medianBlur(small, 5)
    found = []
    darkest, lightest = np.percentile(small, (2, 98))
    for level in np.linspace(darkest, lightest, LEVELS + 2)[1:-1].tolist():
        light = cv2.threshold(small, level, 255, cv2.THRESH_BINARY)[1]
        for mask in (light, cv2.bitwise_not(light)):
            outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
            found += [quad for line in outlines if (quad := _four_sides(line, small.shape)) is not None]
    found.sort(key=cv2.contourArea, reverse=True)
    for quad in found:
        corners = _fit_sides(small, quad)
        if corners is not None:
            return (corners + 0.5) / scale - 0.5
    return None


def _four_sides(contour: NDArray[np.int32], shape: tuple[int, ...]) -> NDArray[np.float32] | None:
    """Return the four corners, upper left first, clockwise, where the longest sides of an outline meet."""
    least = SMALLEST * shape[0] * shape[1]
    hull = cv2.convexHull(contour)
    area = cv2.contourArea(hull)
    if area < least or cv2.contourArea(contour) < WHOLE**2 * area:
        return None
    points = cv2.approxPolyDP(hull, 0.01 * cv2.arcLength(hull, True), True)[:, 0].astype(np.float64)
    if not 4 <= len(points) <= 8:
        return None
    sides = np.roll(points, -1, axis=0) - points
    longest = np.sort(np.argsort(-np.hypot(*sides.T))[:4])
    pairs = zip(np.roll(longest, 1), longest, strict=True)
    corners = [_meet(points[a], sides[a], points[b], sides[b]) for a, b in pairs]
    if any(corner is None for corner in corners):
        return None
    quad = np.array(corners, np.float32)
    height, width = shape[:2]
    inside = ((quad > 1) & (quad < [width - 2, height - 2])).all()
    if not (inside and cv2.isContourConvex(quad) and area >= WHOLE * cv2.contourArea(quad)):
        return None
    if cv2.contourArea(quad, oriented=True) < 0:
        quad = quad[::-1]
    return np.roll(quad, -int(np.argmin(quad.sum(axis=1))), axis=0)


def _meet(
    a: NDArray[np.float64], along: NDArray[np.float64], b: NDArray[np.float64], other: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Return where two lines meet, None where they are about parallel."""
    across = along[0] * other[1] - along[1] * other[0]
    if abs(across) < 0.2 * np.hypot(*along) * np.hypot(*other):
        return None
    apart = b - a
    return np.asarray(a + along * ((apart[0] * other[1] - apart[1] * other[0]) / across))


def _fit_sides(grey: NDArray[np.uint8], quad: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """Return corners (4, 2) where lines through the edges near the sides of a quad meet; None where one has no edge."""
    lines = []
    for start, stop in zip(quad, np.roll(quad, -1, axis=0), strict=True):
        points = _edge(grey.astype(np.float32), start, stop)
        if len(points) < SEEN * STEPS:
            return None
        vx, vy, x, y = cv2.fitLine(points, cv2.DIST_HUBER, 0, 0.01, 0.01).ravel()
        lines.append((np.array([x, y], np.float64), np.array([vx, vy], np.float64)))
    corners = [_meet(*lines[k - 1], *lines[k]) for k in range(4)]
    if any(corner is None for corner in corners):
        return None
    return np.array(corners, np.float64)


def _edge(grey: NDArray[np.float32], start: NDArray[np.float32], stop: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the places (N, 2) near a side where grey changes most, and in the way that it does along most of it."""
    along = np.linspace(0.06, 0.94, STEPS)[:, None] * (stop - start) + start
    side = (stop - start) / max(float(np.hypot(*(stop - start))), 1e-6)
    reach = np.arange(-REACH, REACH + 1)
    places = along[:, None] + reach[:, None] * np.array([-side[1], side[0]])
    values = cv2.remap(
        grey, places[..., 0].astype(np.float32), places[..., 1].astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    steps = values[:, 2:] - values[:, :-2]
    steps = steps if np.median(values[:, -1] - values[:, 0]) > 0 else -steps
    best = steps.argmax(axis=1)
    seen = np.take_along_axis(steps, best[:, None], axis=1)[:, 0] >= CONTRAST
    return np.asarray(places[np.arange(STEPS), best + 1][seen], np.float32)
