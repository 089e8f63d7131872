"""Lay plain things before a ground: boards, tubes, blinds, round lids. They have edges as ink has, yet are none."""

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.scenes.grounds import Image

MOST = 9  # things of a scene
LONG = 0.5  # of the side: no stroke of a digit in view is as long and as straight as the least stripe


def lay(ground: Image, rng: Generator) -> None:
    """Lay things over a ground (S, S, 3) in place, each with its own colour, shade and softness."""
    for _ in range(int(rng.integers(1, MOST + 1))):
        kind = (_board, _lid, _stripes, _tube)[rng.choice(4, p=[0.35, 0.15, 0.25, 0.25])]
        mask = kind(len(ground), rng)
        if rng.random() < 0.5:
            mask = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.4, 3.0))
        x, y, w, h = cv2.boundingRect(mask)
        if w and h:
            _colour(ground[y : y + h, x : x + w], mask[y : y + h, x : x + w], rng)


def _colour(part: Image, mask: NDArray[np.uint8], rng: Generator) -> None:
    """Colour what the mask covers, from one shade at one side to another at the other."""
    h, w = mask.shape
    base = np.array(cv2.mean(part)[:3]) if rng.random() < 0.3 else rng.uniform(0, 255, 3)
    if rng.random() < 0.6:
        base = base.mean() + 0.3 * (base - base.mean())  # most things are nearly grey
    angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.7)
    across = np.linspace(-0.5, 0.5, w)[None] * np.cos(angle) + np.linspace(-0.5, 0.5, h)[:, None] * np.sin(angle)
    shade = (1 + depth * across).astype(np.float32)[..., None]
    over = (mask.astype(np.float32) * np.float32(rng.uniform(0.6, 1.0) / 255))[..., None]
    part += over * (np.clip(base.astype(np.float32) * shade, 0, 255) - part)


def _board(side: int, rng: Generator) -> NDArray[np.uint8]:
    """Draw a board with three to five corners, at least a fifth of the side wide."""
    drawn = np.zeros((side, side), np.uint8)
    count = int(rng.integers(3, 6))
    angles = np.sort(rng.uniform(0, 2 * np.pi) + np.arange(count) * 2 * np.pi / count + rng.normal(0, 0.2, count))
    reach = side * rng.uniform(0.15, 0.8) * np.exp(rng.normal(0, 0.15, (count, 1)))
    corners = rng.uniform(-0.1, 1.1, 2) * side + reach * np.column_stack([np.cos(angles), np.sin(angles)])
    cv2.fillPoly(drawn, [np.rint(corners * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return drawn


def _lid(side: int, rng: Generator) -> NDArray[np.uint8]:
    """Draw a filled ellipse."""
    drawn = np.zeros((side, side), np.uint8)
    middle, axes = rng.uniform(0, side, 2), side * np.exp(rng.uniform(np.log(0.05), np.log(0.4), 2))
    cv2.ellipse(drawn, (middle.tolist(), (2 * axes).tolist(), float(rng.uniform(0, 180))), 255, -1, cv2.LINE_AA)
    return drawn


def _stripes(side: int, rng: Generator) -> NDArray[np.uint8]:
    """Draw long stripes side by side, as blinds, shelves, fences and keys have them."""
    drawn = np.zeros((side, side), np.uint8)
    angle, step = rng.uniform(0, np.pi), side * rng.uniform(0.03, 0.25)
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    middle, length = rng.uniform(0, side, 2), side * rng.uniform(LONG, 2.0)
    width, fan = step * rng.uniform(0.08, 0.6), rng.normal(0, 0.04)
    for k in range(int(rng.integers(3, 12))):
        way = along + across * fan * k
        start = middle + across * step * k - way * length / 2
        ends = np.rint(np.stack([start, start + way * length]) * 16).astype(np.int32)
        cv2.line(drawn, ends[0].tolist(), ends[1].tolist(), 255, max(1, round(width)), cv2.LINE_AA, 4)
    return drawn


def _tube(side: int, rng: Generator) -> NDArray[np.uint8]:
    """Draw one long straight or bent band: a cable, a leg of a chair, the edge of a door."""
    drawn = np.zeros((side, side), np.uint8)
    start, angle = rng.uniform(-0.2, 1.2, 2) * side, rng.uniform(0, 2 * np.pi)
    bend = rng.normal(0, 0.05) if rng.random() < 0.5 else 0.0
    turns = angle + bend * np.arange(24)
    steps = np.column_stack([np.cos(turns), np.sin(turns)]) * side * rng.uniform(LONG, 1.8) / 24
    points = np.rint((start + np.cumsum(steps, axis=0)) * 16).astype(np.int32)
    width = max(1, round(side * np.exp(rng.uniform(np.log(0.005), np.log(0.12)))))
    cv2.polylines(drawn, [points], False, 255, width, cv2.LINE_AA, 4)
    return drawn
