"""Pages whose lines run aslant are straightened, read, and told in the picture's own pixels."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.reading.ensemble import Networks
from realtime.reading.found import find
from realtime.reading.pipeline import read
from realtime.reading.straightening import ASLANT, straighten
from tests.conftest import draw_sheet

ROWS = ["24687", "13579", "80245"]


def lying(degrees: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return a sheet of ROWS turned clockwise on grey, and the matrix (2, 3) that turned it."""
    sheet = draw_sheet(ROWS, (640, 480))
    ground = np.full((1000, 1000, 3), 150, np.uint8)
    ground[260:740, 180:820] = sheet
    matrix = cv2.getRotationMatrix2D((500, 500), -degrees, 1.0)
    return np.asarray(cv2.warpAffine(ground, matrix, (1000, 1000), borderValue=(150, 150, 150)), np.uint8), matrix


@pytest.mark.parametrize("degrees", [-35, -20, 0, 12, 25])
def test_a_sheet_is_read_however_aslant_it_lies(networks: Networks, degrees: float) -> None:
    picture, matrix = lying(degrees)
    page = read(picture, networks, thorough=True)
    assert page.rows == ROWS and page.size == (1000, 1000) and page.turned == 0
    places = np.array([[x + w / 2, y + h / 2] for x, y, w, h in (number.box for number in page.numbers)])
    upright = places @ cv2.invertAffineTransform(matrix)[:, :2].T + cv2.invertAffineTransform(matrix)[:, 2]
    assert np.abs(upright[:, 0] - 500).max() < 120
    assert np.abs(upright[:, 1] - [340, 500, 660]).max() < 40
    for look in page.looks:
        assert look.cores.shape == look.maps.shape[1:]
        cores = look.to_frame(look.boxes)
        assert not len(cores) or (cores[:, :2].min() > -100 and (cores[:, :2] + cores[:, 2:]).max() < 1100)


@pytest.mark.parametrize(("degrees", "straight"), [(0, False), (ASLANT / 2, False), (ASLANT * 2, True)])
def test_only_what_lies_aslant_is_straightened(networks: Networks, degrees: float, straight: bool) -> None:
    picture, _ = lying(degrees)
    part = straighten(picture, find(picture, networks.finder, networks.classifier))
    assert (part is not None) == straight
    if part is not None:
        assert min(part.image.shape[:2]) >= 1000


def test_nothing_to_read_is_left_as_it_lies(networks: Networks) -> None:
    blank = np.full((300, 400, 3), 200, np.uint8)
    assert straighten(blank, find(blank, networks.finder, networks.classifier)) is None


def test_boxes_stay_within_the_picture(networks: Networks) -> None:
    picture, _ = lying(30)
    page = read(picture[300:760, 250:760].copy(), networks, thorough=True)  # lines run out of it on both sides
    boxes = np.array(
        [*page.boxes, *(d.box for n in page.numbers for d in n.digits), *(line.box for line in page.lines)]
    )
    assert len(boxes) and (boxes[:, :2] >= 0).all() and (boxes[:, 2:] > 0).all()
    assert (boxes[:, :2] + boxes[:, 2:] <= [510, 460]).all()
