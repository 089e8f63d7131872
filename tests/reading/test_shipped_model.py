"""What the model in models/ must do, whatever it was trained with."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from export.graph import CalibratedNetwork
from realtime.reading import crops
from realtime.reading.classifier import NOT_A_DIGIT, Classifier
from realtime.reading.memory import load_kept
from realtime.reading.model_files import default_model, kept_features, sha256
from training import checkpoint
from training.data import read_mnist

SIDE = 320


def draw_lines(*lines: list[tuple[float, float]], width: int = 9) -> NDArray[np.uint8]:
    """Draw lines of a pen through points of the unit square on paper, (320, 320) uint8."""
    paper = np.full((SIDE, SIDE), 210, np.uint8)
    for line in lines:
        points = (np.array(line) * 80 + 120).astype(np.int32)
        cv2.polylines(paper, [points], False, 40, width, cv2.LINE_AA)
    return paper


def draw_spot() -> NDArray[np.uint8]:
    paper = draw_lines()
    cv2.circle(paper, (160, 160), 14, 40, -1, cv2.LINE_AA)
    return paper


def draw_scribble() -> NDArray[np.uint8]:
    steps = np.random.default_rng(4).uniform(0, 1, (26, 2))
    return draw_lines([tuple(step) for step in steps], width=5)


NO_DIGITS = {
    "dot": draw_spot(),
    "plus": draw_lines([(0.5, 0), (0.5, 1)], [(0, 0.5), (1, 0.5)]),
    "cross": draw_lines([(0, 0), (1, 1)], [(1, 0), (0, 1)]),
    "minus": draw_lines([(0, 0.5), (1, 0.52)]),
    "scribble": draw_scribble(),
    "thick plus": draw_lines([(0.5, 0), (0.5, 1)], [(0, 0.5), (1, 0.5)], width=22),
}


@pytest.mark.parametrize("name", NO_DIGITS)
def test_what_is_no_digit_is_refused(classifier: Classifier, name: str) -> None:
    ink = cv2.subtract(210, NO_DIGITS[name]) * (255 / 170)
    probabilities = classifier(crops.stack([ink.astype(np.uint8)]))[0]
    answer = f"{classifier.classes[probabilities.argmax()]} at {probabilities.max():.2f}"
    assert probabilities[classifier.classes.index(NOT_A_DIGIT)] > 0.5, answer


def test_a_blank_crop_is_refused(classifier: Classifier) -> None:
    blank = classifier(np.zeros((1, 1, 28, 28), np.uint8))[0]
    assert blank[classifier.classes.index(NOT_A_DIGIT)] > 0.5


def test_the_file_is_that_of_the_checkpoint_beside_it() -> None:
    path = default_model()
    assert Classifier(path, "cpu").metadata["checkpoint_sha256"] == sha256(path.with_suffix(".pth"))


def test_what_guards_the_memory_is_of_the_network_that_ships(classifier: Classifier) -> None:
    kept = load_kept(kept_features())
    assert kept is not None and kept.features.shape == (3000, 256) and kept_features().stat().st_size < 1_000_000
    assert kept.network == classifier.metadata["checkpoint_sha256"], (
        "export-onnx models/best.pth --keep MNIST --overwrite"
    )


def test_mnist_through_the_file_and_through_torch(data: Path, classifier: Classifier) -> None:
    images, labels = read_mnist(data / "mnist", "test")
    model, metadata = checkpoint.load(default_model().with_suffix(".pth"))
    network = CalibratedNetwork(model, metadata["temperature"]).eval()
    with torch.no_grad():
        expected = torch.cat([network(part)[0] for part in images.split(500)]).numpy()
    given = np.concatenate([classifier(part.numpy()) for part in images.split(500)])
    assert np.abs(expected - given).max() <= 1e-5
    assert np.array_equal(expected.argmax(axis=1), given.argmax(axis=1))
    accuracy = (given.argmax(axis=1) == labels.numpy()).mean()
    assert accuracy == pytest.approx(metadata["accuracy"], abs=1e-9)
    assert accuracy >= 0.993
