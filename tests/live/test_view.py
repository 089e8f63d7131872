"""Which part of a frame the window shows, and where things of it stand there."""

import numpy as np
import pytest

from realtime.live.state import Controls
from realtime.live.view import MAX_HEIGHT, MAX_WIDTH, MAX_ZOOM, pan, view_of, zoom


def frame(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize(
    "size", [(320, 240), (640, 480), (1280, 720), (3840, 2160), (720, 1280), (3000, 100), (40, 900)]
)
@pytest.mark.parametrize("mirror", [False, True])
def test_places_go_there_and_back_at_any_zoom(size: tuple[int, int], mirror: bool) -> None:
    image, controls = frame(*size), Controls(0.6, "auto", mirror=mirror)
    for _ in range(12):
        view = view_of(image, controls)
        shown = view.picture(image)
        assert shown.shape[1::-1] == view.size and view.size[0] <= MAX_WIDTH and view.size[1] <= MAX_HEIGHT
        x, y = view.place(view.size[0] / 3, view.size[1] / 4)
        box = view.box((round(x), round(y), 1, 1))
        assert abs(box[0] - view.size[0] / 3) <= 1.5 * view.scale + 1
        assert abs(box[1] - view.size[1] / 4) <= 1.5 * view.scale + 1
        zoom(controls, view, view.size[0] / 3, view.size[1] / 4, nearer=True)
        after = view_of(image, controls).place(view.size[0] / 3, view.size[1] / 4)
        assert np.allclose(after, (x, y), atol=1.5)
    assert controls.zoom == MAX_ZOOM


@pytest.mark.parametrize("mirror", [False, True])
def test_a_drag_moves_the_picture_along_and_stops_at_its_edges(mirror: bool) -> None:
    image, controls = frame(640, 480), Controls(0.6, "auto", mirror=mirror, zoom=2.0)
    before = view_of(image, controls)
    held = before.place(400, 300)
    pan(controls, before, 30, 20)
    assert np.allclose(view_of(image, controls).place(430, 320), held, atol=1)
    for _ in range(40):
        pan(controls, view_of(image, controls), 100, 100)
    view = view_of(image, controls)
    assert view.top == 0 and view.left == (320 if mirror else 0)


def test_what_lies_outside_of_what_is_shown_is_known() -> None:
    view = view_of(frame(640, 480), Controls(0.6, "auto", zoom=4.0, centre=(0.5, 0.5)))
    assert view.shows(view.box((320, 240, 10, 10))) and not view.shows(view.box((10, 10, 20, 20)))
