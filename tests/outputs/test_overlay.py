"""The overlay: nothing of the frame is lost, and the text is legible on any ground and at any size."""

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.outputs.overlay import DARK, draw
from realtime.reading.page import Digit, Number
from realtime.tracking.track import Track
from realtime.tracking.tracker import settle
from tests.conftest import draw_sheet
from tests.tracked_frames import make_number


def ground(kind: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    if kind == "noise":
        return np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    return np.full((*size, 3), {"black": 0, "grey": 128, "white": 255}[kind], np.uint8)


def changed(image: NDArray[np.uint8], tracks: list[Track]) -> NDArray[np.bool_]:
    return (draw(image, tracks) != image).any(axis=2)


def test_the_frame_itself_stays_as_it_was() -> None:
    image = draw_sheet(["123"])
    before = image.copy()
    drawn = draw(image, settle([make_number("123", 40, 100, 30, 60, gap=8)]))
    assert drawn is not image and np.array_equal(image, before)
    assert drawn.shape == image.shape and drawn.dtype == np.uint8


def test_without_numbers_nothing_is_drawn() -> None:
    image = draw_sheet(["123"])
    assert np.array_equal(draw(image, []), image)


@pytest.mark.parametrize("state", ["seen", "settled"])
def test_boxes_are_drawn_around_the_ink_not_over_it(state: str) -> None:
    image = ground("grey", (480, 640))
    (track,) = settle([make_number("123", 100, 200, 30, 60, gap=20)])
    track = Track(1, 0, track.digits, 0.0, 0.0, state, "123", 0.9)
    touched = changed(image, [track])
    for x, y, w, h in (digit.box for digit in track.digits):
        assert not touched[y : y + h, x : x + w].any()
        assert touched[y - 3 : y + h + 3, x - 3 : x + w + 3].any()


def test_seen_settled_and_unsure_look_different() -> None:
    image = ground("white", (480, 640))
    (sure,) = settle([make_number("12", 100, 200, 30, 60, gap=8)])
    (unsure,) = settle([make_number("1?", 100, 200, 30, 60, gap=8)])
    seen = Track(1, 0, sure.digits, 0.0, 0.0, "seen", "12", 0.9)
    pictures = [draw(image, [track]) for track in (sure, unsure, seen)]
    assert not any(np.array_equal(pictures[i], pictures[j]) for i, j in ((0, 1), (0, 2), (1, 2)))


@pytest.mark.parametrize("kind", ["black", "grey", "white", "noise"])
@pytest.mark.parametrize("size", [(240, 320), (720, 1280), (3000, 4000)])
def test_text_stands_light_on_a_dark_plate_on_any_ground(kind: str, size: tuple[int, int]) -> None:
    image = ground(kind, size)
    tall = size[0] // 8
    track = settle([make_number("0742", size[1] // 4, size[0] // 2, tall // 2, tall, gap=8)])
    drawn = draw(image, track)
    above = drawn[: size[0] // 2 - 2, :]
    plate = (above == DARK).all(axis=2)
    light = above.min(axis=2) > 200
    rows = np.flatnonzero(plate.sum(axis=1) > 20)
    columns = np.flatnonzero(plate.sum(axis=0) > 0.5 * len(rows))
    assert rows.size >= 14 and columns.size >= 20
    text = light[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert 0.04 < text.mean() < 0.5


@pytest.mark.parametrize("place", [(0, 0), (600, 0), (0, 440), (600, 440), (300, 0), (300, 440)])
def test_a_number_at_the_edge_keeps_its_text_inside_the_picture(place: tuple[int, int]) -> None:
    middle = changed(ground("white", (480, 640)), settle([make_number("88", 300, 240, 16, 40, gap=8)]))
    edge = changed(ground("white", (480, 640)), settle([make_number("88", *place, 16, 40, gap=8)]))
    plate = (draw(ground("white", (480, 640)), settle([make_number("88", *place, 16, 40, gap=8)])) == DARK).all(axis=2)
    assert edge.sum() > 0.6 * middle.sum()
    assert plate.sum() > 100


def test_the_text_of_one_number_does_not_hide_another() -> None:
    numbers = [make_number("123", 100, 100 + 80 * k, 30, 60, gap=8) for k in range(4)]
    touched = changed(ground("white", (480, 640)), settle(numbers))
    covered = [touched[y : y + h, x : x + w].mean() for r in numbers for x, y, w, h in (d.box for d in r.digits)]
    assert max(covered) < 0.5


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (8, 8), (20, 40)])
def test_a_tiny_picture_is_drawn_on_without_an_error(size: tuple[int, int]) -> None:
    box = (0, 0, size[1], size[0])
    chances = np.full(10, 0.01, np.float32)
    track = settle([Number((Digit("7", 0.9, box, 0, chances),), 0)])
    assert draw(ground("grey", size), track).shape == (*size, 3)
