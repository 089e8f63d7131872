"""Lines of a picture by the row network, beside what single crops say; and the numbers that a line holds."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.reading import line_numbers, row_lines, strips
from realtime.reading.row_lines import LineReading, merge
from realtime.reading.row_reader import Symbol

SIGNS = "0123456789.-~"


def symbol(text: str, start: float, confidence: float = 0.9) -> Symbol:
    """Return a sign 20 columns wide, the rest of its probability on the digit after it."""
    probabilities = np.zeros(len(SIGNS), np.float32)
    probabilities[SIGNS.index(text)] = confidence
    probabilities[(SIGNS.index(text) + 1) % 10] += 1 - confidence
    return Symbol(text, confidence, start, start + 20, probabilities)


@pytest.fixture
def paper() -> NDArray[np.uint8]:
    """A picture of bars 30 px high at x 40, 80, 120."""
    image = np.full((100, 200, 3), 220, np.uint8)
    for x in (40, 80, 120):
        cv2.line(image, (x, 35), (x, 65), (20, 20, 20), 4)
    return image


def reading_of(image: NDArray[np.uint8], texts: str, confidence: float = 0.9) -> tuple[LineReading, NDArray[np.int32]]:
    """Return a reading whose signs stand on the bars, and the boxes of the bars."""
    boxes = np.array([(x - 4, 34, 8, 32) for x in (40, 80, 120)], np.int32)
    cut = strips.cut(image, strips.through(boxes))
    columns = cut.columns(boxes[:, :2] + boxes[:, 2:] / 2)
    signs = tuple(symbol(t, float(c) - 10, confidence) for t, c in zip(texts, columns, strict=True))
    placed = tuple(cut.box(*row_lines._inked(cut.pixels, sign)) for sign in signs)
    return LineReading(signs, placed, 0.9, cut), boxes


def crops(digits: str, sure: float) -> NDArray[np.float32]:
    """Return the probabilities of digits (N, 10), the rest spread over all."""
    told = np.full((len(digits), 10), (1 - sure) / 9, np.float32)
    told[np.arange(len(digits)), [int(d) for d in digits]] = sure
    return told


def test_boxes_lie_on_the_ink(paper: NDArray[np.uint8]) -> None:
    reading, boxes = reading_of(paper, "123")
    for (x, y, w, h), (bx, by, bw, bh) in zip(reading.boxes, boxes.tolist(), strict=True):
        assert abs(x + w / 2 - bx - bw / 2) < 3 and abs(y + h / 2 - by - bh / 2) < 3
        assert w < 12 and abs(h - bh) < 4


def test_two_that_agree_are_surer_than_either(paper: NDArray[np.uint8]) -> None:
    reading, boxes = reading_of(paper, "123", 0.8)
    merged = merge(reading, boxes, crops("123", 0.8))
    assert [m.text for m in merged] == ["1", "2", "3"]
    assert [m.crop for m in merged] == [0, 1, 2]
    assert min(m.confidence for m in merged) > 0.9


def test_the_surer_one_stands_with_less_confidence(paper: NDArray[np.uint8]) -> None:
    reading, boxes = reading_of(paper, "123", 0.5)
    merged = merge(reading, boxes, crops("173", 0.95))
    assert [m.text for m in merged] == ["1", "7", "3"]
    assert merged[1].confidence < 0.95
    surer, boxes = reading_of(paper, "123", 0.99)
    assert [m.text for m in merge(surer, boxes, crops("173", 0.6))] == ["1", "2", "3"]


def test_the_count_is_the_lines(paper: NDArray[np.uint8]) -> None:
    reading, boxes = reading_of(paper, "123")
    merged = merge(reading, boxes[[0, 2]], crops("13", 0.9))
    assert [(m.text, m.crop) for m in merged] == [("1", 0), ("2", -1), ("3", 1)]
    assert merged[1].box[2] > 0
    assert [m.text for m in merge(reading, boxes[:0], crops("", 0.9))] == ["1", "2", "3"]


def test_a_sign_is_no_digit_though_its_crop_says_so(paper: NDArray[np.uint8]) -> None:
    reading, boxes = reading_of(paper, "1-3")
    assert [m.text for m in merge(reading, boxes, crops("113", 0.9))] == ["1", "-", "3"]


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("", []),
        ("1234", ["1234"]),
        ("3.75", ["3.75"]),
        ("17/20", ["17", "20"]),
        ("24/10/2026", ["24", "10", "2026"]),
        ("-58", ["-58"]),
        ("32-245", ["32", "245"]),
        ("4x-2", ["4", "-2"]),
        ("12~", ["12"]),
        ("1?4", ["1?4"]),
        (".5.", ["5"]),
        ("1.-", ["1"]),
        ("7  8", ["7", "8"]),
        ("5  -3", ["5", "-3"]),
    ],
)
def test_numbers_of_a_line(line: str, numbers: list[str]) -> None:
    texts = [t for t in line if t != " "]
    places = [k for k, t in enumerate(line) if t != " "]
    boxes = np.array([(k * 30, 0, 24, 40) for k in places], np.int32).reshape(-1, 4)
    assert ["".join(texts[k] for k in number) for number in line_numbers.part(texts, boxes)] == numbers
