"""What a camera does to a sheet. Every trouble takes (picture (H, W, 3) uint8, strength 0..1, Generator).

They return a new picture of the same size and type; strength 0.5 is what an ordinary user meets, at 1 a person begins
to struggle, and 0 does nothing.
"""

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Field = NDArray[np.float32]  # (H, W)


def _bytes(picture: NDArray[np.float32]) -> Image:
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _lit(picture: Image, light: Field) -> Image:
    """Multiply by a field of light (H, W)."""
    return _bytes(picture * light[..., None])


def _grid(picture: Image) -> tuple[Field, Field]:
    """Return x and y of every pixel, -1 to 1 over the longer side."""
    h, w = picture.shape[:2]
    half = max(h, w) / 2
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    return (x - w / 2) / half, (y - h / 2) / half


def uneven_light(picture: Image, strength: float, rng: Generator) -> Image:
    """Let the light fall off to one side: a window or a lamp."""
    x, y = _grid(picture)
    angle = rng.uniform(0, 2 * np.pi)
    across = (x * np.cos(angle) + y * np.sin(angle) + 1) / 2
    return _lit(picture, 1 - 0.6 * strength * across)


def vignette(picture: Image, strength: float, rng: Generator) -> Image:
    """Darken the corners; the centre of the lens is a little off."""
    x, y = _grid(picture)
    cx, cy = rng.normal(0, 0.05, 2)
    return _lit(picture, 1 - 0.5 * strength * ((x - cx) ** 2 + (y - cy) ** 2))


def shadow(picture: Image, strength: float, rng: Generator) -> Image:
    """Throw a hard shadow, an arm or a phone, across the picture."""
    x, y = _grid(picture)
    angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(-0.25, 0.25)
    across = x * np.cos(angle) + y * np.sin(angle) - offset
    along = -x * np.sin(angle) + y * np.cos(angle)
    edge = across + 0.08 * np.sin(3 * along + rng.uniform(0, 6))
    soft = 0.012 + 0.02 * rng.random()  # half width of the penumbra
    dark = 1 / (1 + np.exp(-np.clip(edge / soft * 2, -40, 40)))
    if rng.random() < 0.5:  # an arm: both edges show
        dark = dark / (1 + np.exp(np.clip((edge - rng.uniform(0.3, 0.6)) / soft * 2, -40, 40)))
    return _lit(picture, (1 - 0.75 * strength * dark).astype(np.float32))


def glare(picture: Image, strength: float, rng: Generator) -> Image:
    """Reflect a lamp: one or two soft spots that wash the ink out."""
    x, y = _grid(picture)
    light = np.zeros(x.shape, np.float32)
    for _ in range(int(rng.integers(1, 3))):
        cx, cy = rng.uniform(-0.5, 0.5), rng.uniform(-0.3, 0.3)
        a, b = rng.uniform(0.16, 0.4, 2)
        light = np.maximum(light, np.exp(-(((x - cx) / a) ** 2 + ((y - cy) / b) ** 2)))
    veil = (0.92 * strength * light)[..., None]
    return _bytes(picture * (1 - veil) + 255 * veil)


def colour_cast(picture: Image, strength: float, rng: Generator) -> Image:
    """Balance white wrongly: warm lamp light or cold shade."""
    warmth = rng.choice([-1.0, 1.0]) * 0.35 * strength
    gains = np.array([1 - max(warmth, 0), 1 - 0.25 * abs(warmth), 1 + min(warmth, 0)], np.float32)
    return _bytes(picture * gains)


def defocus(picture: Image, strength: float, rng: Generator) -> Image:
    """Blur by a disc, as a lens out of focus does: up to a radius of 0.9 % of the longer side."""
    radius = max(picture.shape[:2]) * 0.009 * strength * rng.uniform(0.9, 1.1)
    if radius < 0.3:
        return picture.copy()
    size = 2 * int(np.ceil(radius)) + 1
    x = np.arange(size) - size // 2
    disc = np.clip(radius + 0.5 - np.hypot(x[:, None], x[None]), 0, 1).astype(np.float32)
    return cv2.filter2D(picture, -1, disc / disc.sum())


def motion_blur(picture: Image, strength: float, rng: Generator) -> Image:
    """Smear along a line, as a moving hand does: up to 2.2 % of the longer side."""
    length = max(picture.shape[:2]) * 0.022 * strength * rng.uniform(0.9, 1.1)
    if length < 1:
        return picture.copy()
    size = 2 * int(np.ceil(length / 2)) + 1
    angle, centre = rng.uniform(0, np.pi), (size // 2) * 16
    step = np.rint(length * 8 * np.array([np.cos(angle), np.sin(angle)])).astype(int)
    kernel = np.zeros((size, size), np.uint8)
    ends = [(int(centre + s * step[0]), int(centre + s * step[1])) for s in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 255, 1, cv2.LINE_AA, 4)
    weights = kernel.astype(np.float32)
    return cv2.filter2D(picture, -1, weights / weights.sum())


def noise(picture: Image, strength: float, rng: Generator) -> Image:
    """Add a sensor's noise: grains of two sizes, more in the dark, mostly gray."""
    h, w = picture.shape[:2]
    fine = rng.standard_normal((h, w, 1), dtype=np.float32)
    coarse = cv2.resize(rng.standard_normal((h // 2 + 1, w // 2 + 1), dtype=np.float32), (w, h))[..., None]
    tint = rng.standard_normal((h, w, 3), dtype=np.float32)
    sigma = 48 * strength * (1.15 - 0.4 * picture.mean(axis=2, keepdims=True, dtype=np.float32) / 255)
    return _bytes(picture + sigma * (0.75 * fine + 0.6 * coarse + 0.35 * tint))


def jpeg(picture: Image, strength: float, rng: Generator) -> Image:
    """Pack and unpack as JPEG: quality 98 down to 8."""
    if strength <= 0:
        return picture.copy()
    quality = int(np.clip(round(98 - 90 * strength + rng.normal(0, 1)), 5, 98))
    packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def corners(size: tuple[int, int]) -> Field:
    """Return the corners of a picture of size (W, H), clockwise from the top left, (4, 2) float32."""
    w, h = size
    return np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)


def perspective(picture: Image, paper: Image, strength: float, rng: Generator) -> Image:
    """Look at the sheet from aside: its corners move inward by up to 16 % of the size.

    What comes into view around it is paper (H, W, 3), the empty sheet mirrored: no digit may appear twice.
    """
    h, w = picture.shape[:2]
    inward = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], np.float32)
    moved = corners((w, h)) + inward * rng.uniform(0, 0.16 * strength, (4, 2)).astype(np.float32) * (w, h)
    matrix = cv2.getPerspectiveTransform(corners((w, h)), moved.astype(np.float32))
    around = cv2.warpPerspective(paper, matrix, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    flags, border = cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT
    return cv2.warpPerspective(picture, matrix, (w, h), dst=around, flags=flags, borderMode=border)


def shake(times: NDArray[np.float64], strength: float, rng: Generator) -> NDArray[np.float64]:
    """Return how a held sheet moves, (N, 4, 2) as shares of the frame's width for its four corners at each time.

    Slow drift of the whole sheet, slower turning of its corners against each other, and the tremor of the hand.
    """
    moves = np.zeros((len(times), 4, 2))
    for low, high, whole, single in ((0.08, 0.25, 0.02, 0.008), (0.5, 1.2, 0.005, 0.0015), (3.0, 6.0, 0.0007, 0.0002)):
        for size, shape in ((whole, (1, 2)), (single, (4, 2))):
            rate, phase = rng.uniform(low, high, shape), rng.uniform(0, 2 * np.pi, shape)
            moves += size * np.sin(2 * np.pi * rate * times[:, None, None] + phase)
    return moves * 2 * strength
