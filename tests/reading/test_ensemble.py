"""Two networks: which one is believed, in what batch, and that digits and JSON lines say so."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.reading.classifier import Classifier
from realtime.reading.ensemble import BASE, FINE_TUNED, Ensemble, Networks
from realtime.reading.pipeline import read
from tests.conftest import DIGITS, draw_sheet

CROPS = np.zeros((4, 1, 28, 28), np.uint8)


class Fixed:
    """A network that says the same of the i-th crop in every batch, and counts batches."""

    device, cpu_reason, path = "cpu", None, Path("fixed.onnx")

    def __init__(self, rows: list[dict[int, float]], classes: tuple[str, ...] = (*DIGITS, "not-a-digit")) -> None:
        self.classes, self.batches = classes, 0
        self._rows = np.zeros((len(rows), len(classes)), np.float32)
        for row, chances in zip(self._rows, rows, strict=True):
            row[list(chances)] = list(chances.values())

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        return self.see(batch)[0]

    def see(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.batches += 1
        return self._rows[: len(batch)], np.zeros((len(batch), 0), np.float32)


def test_the_fine_tuned_one_is_believed_where_sure_else_the_surer() -> None:
    tuned = Fixed([{7: 0.6, 1: 0.4}, {7: 0.59, 1: 0.41}, {7: 0.5, 1: 0.3}, {10: 0.9, 1: 0.1}])
    base = Fixed([{1: 0.99, 7: 0.01}, {1: 0.99, 7: 0.01}, {1: 0.4, 7: 0.3}, {1: 1.0}])
    ensemble = Ensemble(tuned, base, 0.6)
    probabilities, models, _, _ = ensemble.classify(CROPS)
    assert probabilities.argmax(axis=1).tolist() == [7, 1, 7, 10]
    assert models.tolist() == [FINE_TUNED, BASE, FINE_TUNED, FINE_TUNED]
    assert (tuned.batches, base.batches) == (1, 1)
    assert np.array_equal(ensemble(CROPS), probabilities)
    assert ensemble(CROPS[:0]).shape == (0, 11)


def test_networks_with_and_without_the_reject_class_go_together() -> None:
    ensemble = Ensemble(Fixed([{3: 0.4, 8: 0.6}], DIGITS), Fixed([{10: 0.95, 3: 0.05}]), 0.7)
    assert ensemble.classes == (*DIGITS, "not-a-digit")
    assert ensemble(CROPS[:1]).argmax(axis=1).tolist() == [10]


def test_json_lines_name_the_network_only_where_there_are_two(classifier: Classifier, networks: Networks) -> None:
    image = draw_sheet(["0742"])
    (number,) = read(image, replace(networks, classifier=Ensemble(classifier, classifier))).to_dict()["numbers"]
    assert [digit["model"] for digit in number["digits"]] == [FINE_TUNED] * 4
    (number,) = read(image, networks).to_dict()["numbers"]
    assert all("model" not in digit for digit in number["digits"])
