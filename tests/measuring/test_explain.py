"""The figure that shows why a picture was read as it was."""

from pathlib import Path

import cv2
import numpy as np

from realtime.measuring.explain import explain
from realtime.reading.ensemble import Networks
from realtime.reading.page import Page
from realtime.reading.pipeline import read
from tests.conftest import DOTTED

SHEET = Path(__file__).parent.parent / "data" / "sheet.jpg"


def test_the_figure_is_a_picture_whatever_is_in_the_photo(networks: Networks, tmp_path: Path) -> None:
    for name, image in {"sheet $1": cv2.imread(str(SHEET)), "blank": np.full((90, 120, 3), 200, np.uint8)}.items():
        target = tmp_path / f"{name}.png"
        explain(target, image, read(image, networks), name)
        drawn = cv2.imread(str(target))
        assert drawn is not None and drawn.shape[1] > 1000 and drawn.std() > 5


def test_a_digit_that_its_line_alone_tells_is_in_the_figure(line_told: Page, tmp_path: Path) -> None:
    explain(tmp_path / "figure.png", DOTTED, line_told, "dotted")
    assert cv2.imread(str(tmp_path / "figure.png")).shape[1] > 1000
