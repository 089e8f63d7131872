"""Motions between frames: fitted to points, applied to boxes, and taken apart."""

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.tracking.motion import NO_MOTION, Motion, fit_motion


def turned(degrees: float, scale: float, shift: tuple[float, float]) -> Motion:
    cos, sin = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    return Motion(np.array([[cos, -sin, shift[0]], [sin, cos, shift[1]]]))


def points(count: int) -> NDArray[np.float64]:
    return np.random.default_rng(1).uniform(0, 500, (count, 2))


@pytest.mark.parametrize("motion", [turned(0, 1, (5, -3)), turned(4, 1.05, (20, 8)), turned(-9, 0.9, (0, 0))])
def test_a_motion_is_found_from_the_points_it_moved(motion: Motion) -> None:
    before = points(12)
    assert np.allclose(fit_motion(before, motion.apply(before)).matrix, motion.matrix, atol=1e-3)


@pytest.mark.parametrize(("count", "scale"), [(3, 1.05), (12, 1.4)])
def test_few_points_or_a_wild_fit_give_a_shift_alone(count: int, scale: float) -> None:
    before = points(count)
    fitted = fit_motion(before, turned(3, scale, (10, 0)).apply(before))
    assert np.array_equal(fitted.matrix[:, :2], np.eye(2)) and fitted.moved


def test_boxes_move_by_their_centres_and_scale_in_size() -> None:
    boxes = np.array([[10, 20, 30, 40]])
    assert turned(90, 2, (100, 0)).move(boxes).tolist() == [pytest.approx([-10, 10, 60, 80])]
    assert NO_MOTION.move(boxes).tolist() == boxes.tolist()
    assert NO_MOTION.move(np.empty((0, 4))).shape == (0, 4)


def test_a_motion_since_an_earlier_one_makes_of_it_the_whole() -> None:
    first, both = turned(3, 1.1, (4, 7)), turned(-5, 0.95, (30, 2))
    assert np.allclose(both.since(first).apply(first.apply(points(5))), both.apply(points(5)))
    assert not NO_MOTION.since(NO_MOTION).moved
    assert NO_MOTION.since(first).moved, "back to where it was"


def test_in_a_larger_picture_only_the_shift_is_larger() -> None:
    motion = turned(3, 1.1, (4, 7))
    assert np.allclose(motion.enlarge(4).apply(4 * points(5)), 4 * motion.apply(points(5)))
