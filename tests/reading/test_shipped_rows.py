"""The row network that ships reads plain lines, signs included, whatever the ink, and nothing on bare paper."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.reading import row_lines, strips
from realtime.reading.page_lines import LIKELY
from realtime.reading.row_reader import RowReader

MODEL = Path(__file__).parents[2] / "models" / "rows.onnx"


@pytest.fixture(scope="module")
def reader() -> RowReader:
    """The shipped network on the CPU."""
    return RowReader(MODEL, "cpu")


@pytest.mark.parametrize("ink", [(40, 40, 40), (60, 60, 220)], ids=["black", "red"])
@pytest.mark.parametrize("text", ["1234", "907", "3+5", "17/20", "56.78", "6x4=24"])
def test_a_plain_line_is_read(text: str, ink: tuple[int, int, int], reader: RowReader) -> None:
    image = np.full((120, 60 + 50 * len(text), 3), 215, np.uint8)
    cv2.putText(image, text, (40, 80), cv2.FONT_HERSHEY_SIMPLEX, 2.0, ink, 5, cv2.LINE_AA)
    dark = image.min(axis=2) < 150
    columns, rows = np.flatnonzero(dark.any(axis=0)), np.flatnonzero(dark.any(axis=1))
    box = np.array([[columns[0], rows[0], np.ptp(columns) + 1, np.ptp(rows) + 1]], np.int32)
    (reading,) = row_lines.read_lines(image, [strips.through(box)], reader)
    assert "".join(sign.text for sign in reading.signs if sign.confidence >= LIKELY) == text
    assert all(a[0] <= b[0] for a, b in zip(reading.boxes, reading.boxes[1:], strict=False))


def test_bare_paper_says_nothing(reader: RowReader) -> None:
    assert reader([np.zeros((32, 120), np.uint8)])[0].text == ""
    assert reader([]) == []


def test_what_is_beside_a_strip_in_its_batch_changes_nothing(reader: RowReader) -> None:
    rng = np.random.default_rng(0)
    short, long = (rng.integers(0, 256, (32, width), np.uint8) for width in (100, 160))
    alone, together = reader.probabilities([short])[0], reader.probabilities([short, long])[0]
    assert np.abs(alone[:-8] - together[:-8]).max() < 0.05
