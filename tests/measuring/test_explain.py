"""The figure that shows why a picture was read as it was."""

from pathlib import Path

import cv2
import numpy as np

from realtime.measuring.explain import explain
from realtime.reading.classifier import Classifier
from realtime.reading.pipeline import read

SHEET = Path(__file__).parent.parent / "data" / "sheet.jpg"


def test_the_figure_is_a_picture_whatever_is_in_the_photo(classifier: Classifier, tmp_path: Path) -> None:
    for name, image in {"sheet $1": cv2.imread(str(SHEET)), "blank": np.full((90, 120, 3), 200, np.uint8)}.items():
        target = tmp_path / f"{name}.png"
        explain(target, image, read(image, classifier), name)
        drawn = cv2.imread(str(target))
        assert drawn is not None and drawn.shape[1] > 1000 and drawn.std() > 5
