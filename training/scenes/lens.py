"""What light and a camera do to a scene, quickly: light is drawn small and enlarged, noise comes from a bank."""

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.scenes.grounds import Grounds, Image

_FIELD = 48  # samples of a field of light to a side


def lit(picture: Image, rng: Generator, trouble: float = 1.0) -> Image:
    """Let light fall on a scene (S, S, 3): to one side, with shadows, a vignette, a glare, a cast.

    trouble: from 0, even light, to 1.
    """
    side = picture.shape[0]
    y, x = np.mgrid[-1 : 1 : _FIELD * 1j, -1 : 1 : _FIELD * 1j].astype(np.float32)
    light = np.full((_FIELD, _FIELD), rng.uniform(0.55, 1.1) if rng.random() < 0.6 * trouble else 1.0, np.float32)
    if rng.random() < 0.5 * trouble:
        angle = rng.uniform(0, 2 * np.pi)
        light *= 1 - rng.uniform(0, 0.45) * (x * np.cos(angle) + y * np.sin(angle) + 1) / 2
    if rng.random() < 0.2 * trouble:
        light *= 1 - rng.uniform(0, 0.4) * ((x - rng.normal(0, 0.3)) ** 2 + (y - rng.normal(0, 0.3)) ** 2) / 2
    if rng.random() < 0.28 * trouble:
        light *= 1 - rng.uniform(0.15, 0.75) * _shadow(x, y, rng)
    veil = np.zeros_like(light)
    if rng.random() < 0.15 * trouble:
        for _ in range(int(rng.integers(1, 3))):
            cx, cy = rng.uniform(-1, 1, 2)
            a, b = rng.uniform(0.15, 0.7, 2)
            veil = np.maximum(veil, rng.uniform(0.2, 0.95) * np.exp(-(((x - cx) / a) ** 2 + ((y - cy) / b) ** 2)))
    field = cv2.resize(light * (1 - veil), (side, side), interpolation=cv2.INTER_LINEAR)
    gains = (
        np.exp(rng.normal(0, 0.08, 3)).astype(np.float32) if rng.random() < 0.4 * trouble else np.ones(3, np.float32)
    )
    picture = picture * (field[..., None] * gains).astype(np.float32)
    if veil.any():
        picture += 255 * cv2.resize(veil, (side, side), interpolation=cv2.INTER_LINEAR)[..., None]
    return picture


def _shadow(x: NDArray[np.float32], y: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Return a field 0..1 of a shadow with a wavy edge, or two: an arm, a phone."""
    angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(-0.8, 0.8)
    across = x * np.cos(angle) + y * np.sin(angle) - offset
    across += rng.uniform(0, 0.15) * np.sin(rng.uniform(2, 6) * (y * np.cos(angle) - x * np.sin(angle)))
    soft = rng.uniform(0.03, 0.3)
    dark = 1 / (1 + np.exp(-np.clip(across / soft * 2, -30, 30)))
    if rng.random() < 0.5:
        dark = dark * (1 - 1 / (1 + np.exp(-np.clip((across - rng.uniform(0.3, 1.0)) / soft * 2, -30, 30))))
    return dark.astype(np.float32)


def seen(picture: Image, grounds: Grounds, rng: Generator, trouble: float = 1.0) -> tuple[NDArray[np.uint8], float]:
    """Return what a camera makes of a lit scene, (S, S, 3) uint8, and its blur, a deviation in pixels.

    trouble: from 0, a good camera, to 1.
    """
    side, blur = picture.shape[0], 0.0
    picture = _toned(picture, rng) if rng.random() < trouble else picture
    if rng.random() < 0.6:
        blur = float(rng.uniform(0.3, 1.0) if rng.random() > 0.25 * trouble else rng.uniform(1.0, 3.0))
        if rng.random() < 0.3 * trouble:
            picture, blur = _shaken(picture, blur * 3, rng), blur
        else:
            picture = cv2.GaussianBlur(picture, (0, 0), blur)
    if rng.random() < 0.12 * trouble:
        small = max(24, int(side * np.exp(rng.uniform(np.log(0.12), np.log(0.9)))))
        way = cv2.INTER_AREA if rng.random() < 0.5 else cv2.INTER_LINEAR
        back = cv2.INTER_NEAREST if rng.random() < 0.25 else cv2.INTER_LINEAR
        picture = cv2.resize(cv2.resize(picture, (small, small), interpolation=way), (side, side), interpolation=back)
        blur = max(blur, 0.5 * side / small)
    if rng.random() < 0.12:
        picture += rng.uniform(0.3, 1.5) * (picture - cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.8, 2)))
    if rng.random() < 0.7:
        sigma = np.float32(abs(rng.normal(0, 2 + 3 * trouble)) * (3 if rng.random() < 0.12 * trouble else 1))
        picture = picture + sigma * grounds.grain(side, rng, int(rng.integers(0, 3)))[..., None]
        if rng.random() < 0.4:
            tint = np.stack([grounds.grain(side, rng, int(rng.integers(0, 3))) for _ in range(3)], axis=2)
            picture += 0.6 * sigma * tint
    if rng.random() < 0.03:
        picture = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2)
    image = np.clip(picture, 0, 255).astype(np.uint8)
    return packed(image, int(rng.integers(12, 96))) if rng.random() < 0.4 else image, blur


def packed(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Return an image after JPEG of a quality."""
    unpacked = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    return image if unpacked is None else unpacked


def _toned(picture: Image, rng: Generator) -> Image:
    """Bend and narrow the tones of a picture, as cameras and poor light do."""
    if rng.random() < 0.15:
        picture = 255 * cv2.pow(np.clip(picture / 255, 0, 1), rng.uniform(0.6, 1.6))
    if rng.random() < 0.2:
        low, high = rng.uniform(0, 60), rng.uniform(120, 255)
        picture = low + picture * ((high - low) / 255)
    return picture


def _shaken(picture: Image, length: float, rng: Generator) -> Image:
    """Smear a picture along a line of so many pixels."""
    size = 2 * int(np.ceil(length / 2)) + 1
    kernel, angle, middle = np.zeros((size, size), np.uint8), rng.uniform(0, np.pi), size // 2
    step = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    ends = [np.rint((middle + way * step) * 16).astype(int).tolist() for way in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 255, 1, cv2.LINE_AA, 4)
    return cv2.filter2D(picture, -1, kernel.astype(np.float32) / kernel.sum())
