"""What the model in models/ must do, whatever it was trained with."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from realtime.reading import crops
from realtime.reading.classifier import NOT_A_DIGIT, Classifier
from realtime.reading.ink import find_ink
from realtime.reading.model_files import default_model, sha256

REAL = os.environ.get("LIVEDIGITS_DATA")
SIDE = 320


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(default_model(), "cpu")


def pen(*lines: list[tuple[float, float]], width: int = 9) -> np.ndarray:
    """Draw lines of a pen through points of the unit square on paper, (320, 320) uint8."""
    paper = np.full((SIDE, SIDE), 210, np.uint8)
    for line in lines:
        points = (np.array(line) * 80 + 120).astype(np.int32)
        cv2.polylines(paper, [points], False, 40, width, cv2.LINE_AA)
    return paper


def spot() -> np.ndarray:
    paper = pen()
    cv2.circle(paper, (160, 160), 14, 40, -1, cv2.LINE_AA)
    return paper


def scribble() -> np.ndarray:
    steps = np.random.default_rng(4).uniform(0, 1, (26, 2))
    return pen([tuple(step) for step in steps], width=5)


NO_DIGITS = {
    "dot": spot(),
    "plus": pen([(0.5, 0), (0.5, 1)], [(0, 0.5), (1, 0.5)]),
    "cross": pen([(0, 0), (1, 1)], [(1, 0), (0, 1)]),
    "minus": pen([(0, 0.5), (1, 0.52)]),
    "scribble": scribble(),
    "thick plus": pen([(0.5, 0), (0.5, 1)], [(0, 0.5), (1, 0.5)], width=22),
}


@pytest.mark.parametrize("name", NO_DIGITS)
def test_what_is_no_digit_is_refused(classifier: Classifier, name: str) -> None:
    ink = find_ink(NO_DIGITS[name])
    largest = ink.boxes[:, 2:].prod(axis=1).argmax()  # paper shut in by strokes is a blob too
    probabilities = classifier(crops.cut(ink.mask, ink.boxes, ink.labels))[largest]
    told = f"{classifier.classes[probabilities.argmax()]} at {probabilities.max():.2f}"
    assert probabilities[classifier.classes.index(NOT_A_DIGIT)] > 0.5, told


def test_a_blank_crop_is_refused(classifier: Classifier) -> None:
    blank = classifier(np.zeros((1, 1, 28, 28), np.uint8))[0]
    assert blank[classifier.classes.index(NOT_A_DIGIT)] > 0.5


def test_the_file_is_that_of_the_checkpoint_beside_it() -> None:
    path = default_model()
    assert Classifier(path, "cpu").metadata["checkpoint_sha256"] == sha256(path.with_suffix(".pth"))


@pytest.mark.skipif(not REAL, reason="set LIVEDIGITS_DATA to a folder with mnist/ in it")
def test_mnist_through_the_file_and_through_torch(classifier: Classifier) -> None:
    from export.graph import Reader
    from training import checkpoint
    from training.data import read_mnist

    images, labels = read_mnist(Path(str(REAL)) / "mnist", "test")
    model, told = checkpoint.load(default_model().with_suffix(".pth"))
    with torch.no_grad():
        expected = torch.cat([Reader(model, told["temperature"]).eval()(part) for part in images.split(500)]).numpy()
    given = np.concatenate([classifier(part.numpy()) for part in images.split(500)])
    assert np.abs(expected - given).max() <= 1e-5
    assert np.array_equal(expected.argmax(axis=1), given.argmax(axis=1))
    accuracy = (given.argmax(axis=1) == labels.numpy()).mean()
    assert accuracy == pytest.approx(told["accuracy"], abs=1e-9)
    assert accuracy >= 0.993
