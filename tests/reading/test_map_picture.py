"""The picture of what the finder saw lies on the frame's own ink, and moves with it."""

import cv2
import numpy as np

from realtime.reading.ensemble import Networks
from realtime.reading.map_picture import lay_over
from realtime.reading.pipeline import read
from tests.conftest import draw_sheet


def test_the_maps_lie_on_the_ink_and_move_with_it(networks: Networks) -> None:
    image = draw_sheet(["2468", "36"], (800, 600))
    page = read(image, networks)
    ink = image.max(axis=2) < 120
    near = cv2.dilate(ink.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    shift = np.array([[1.0, 0.0, 40.0], [0.0, 1.0, -25.0]])
    for motion in (np.eye(2, 3), shift):
        picture = lay_over(cv2.warpAffine(image, motion, (800, 600)), page.looks, motion)
        assert picture.shape == image.shape and picture.dtype == np.uint8
        bright = cv2.warpAffine((picture[..., 0] > 200).astype(np.uint8), cv2.invertAffineTransform(motion), (800, 600))
        assert (bright[ink] > 0).mean() > 0.8  # ink of digits is blue
        assert (bright[~near] > 0).mean() < 0.01


def test_a_frame_without_looks_is_darkened() -> None:
    assert lay_over(np.full((20, 30, 3), 90, np.uint8), ()).tolist() == np.full((20, 30, 3), 30).tolist()
