"""A line parts into numbers where the row network and the hand's own gaps together say so."""

import numpy as np
import pytest

from realtime.reading import parting, strips
from realtime.reading.row_lines import LineReading
from realtime.reading.row_reader import STEP
from realtime.reading.two_readings import SILENT, Sign

PAGE = np.full((300, 600, 3), 230, np.uint8)


def line(apart: float, said: float) -> tuple[list[Sign], LineReading]:
    """Return two digits so many heights apart, and their line, which is so sure of a gap between them."""
    boxes = [(100, 100, 40, 60), (140 + round(60 * apart), 100, 40, 60)]
    places = np.array(boxes, np.int32)
    cut = strips.cut(PAGE, strips.through(places))
    columns = cut.columns(places[:, :2] + places[:, 2:] / 2).tolist()
    gaps = np.zeros(cut.pixels.shape[1] // STEP, np.float32)
    gaps[int(sum(columns) / 2) // STEP] = said
    signs = [
        Sign("7", 0.9, box, k, np.eye(10, dtype=np.float32)[7], SILENT, column)
        for k, (box, column) in enumerate(zip(boxes, columns, strict=True))
    ]
    return signs, LineReading((), (), 0.9, gaps, cut)


@pytest.mark.parametrize(
    ("apart", "said", "usual", "starts"),
    [
        (1.0, 0.99, 0.3, {1}),
        (1.0, 0.0, 1.0, set()),  # a hand that writes so far apart
        (1.0, 0.5, 0.2, {1}),  # in doubt, but far wider than the hand's other gaps
        (1.0, 0.5, 1.0, set()),
        (1.0, 0.001, 0.3, set()),  # wide, but the line is sure of one number
        (5.5, 0.0, 0.3, {1}),  # wider than the network sees
    ],
)
def test_both_tell(apart: float, said: float, usual: float, starts: set[int]) -> None:
    assert parting.starts(*line(apart, said), usual) == starts


def test_the_spacing_of_a_page_is_that_of_its_digits() -> None:
    signs, _ = line(1.0, 0.0)
    assert parting.spacing([signs]) == pytest.approx(1.0, abs=0.1)
    assert np.isfinite(parting.spacing([[]]))


def test_a_lone_sign_parts_nothing() -> None:
    signs, reading = line(1.0, 0.9)
    assert parting.starts(signs[:1], reading, 0.3) == parting.starts([], reading, 0.3) == set()
