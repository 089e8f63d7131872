"""A line by the row network, and what is made of it beside what single digits say."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.reading import row_lines, strips
from realtime.reading.row_lines import LineReading
from realtime.reading.row_reader import Symbol
from realtime.reading.two_readings import PAGE, Sign, hear

SIGNS = "0123456789.-~"


def symbol(text: str, start: float, confidence: float = 0.9) -> Symbol:
    """Return a sign 20 columns wide, the rest of its probability spread over the digits."""
    probabilities = np.zeros(len(SIGNS), np.float32)
    probabilities[:10] = (1 - confidence) / 10
    probabilities[SIGNS.index(text)] = confidence
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
    return LineReading(signs, placed, 0.9, np.zeros(cut.pixels.shape[1] // 2, np.float32), cut), boxes


def crops(digits: str, sure: float) -> NDArray[np.float32]:
    """Return which digits single ones are (N, 10), the rest spread over all."""
    told = np.full((len(digits), 10), (1 - sure) / 9, np.float32)
    told[np.arange(len(digits)), [int(d) for d in digits]] = sure
    return told


def heard(
    reading: LineReading,
    boxes: NDArray[np.int32],
    digits: str,
    sure: float = 0.9,
    there: float = 0.98,
    learned: bool = False,
) -> list[Sign]:
    """Hear a line and single digits that are so sure which they are, and so sure to be digits."""
    count = len(boxes)
    return hear(
        reading, boxes, crops(digits, sure), np.full(count, there, np.float32), np.full(count, learned, np.bool_), PAGE
    )


def test_boxes_lie_on_the_ink(paper: NDArray[np.uint8]) -> None:
    reading, boxes = reading_of(paper, "123")
    for (x, y, w, h), (bx, by, bw, bh) in zip(reading.boxes, boxes.tolist(), strict=True):
        assert abs(x + w / 2 - bx - bw / 2) < 3 and abs(y + h / 2 - by - bh / 2) < 3
        assert w < 12 and abs(h - bh) < 4


def test_two_that_agree_are_surer_than_either(paper: NDArray[np.uint8]) -> None:
    reading, boxes = reading_of(paper, "123", 0.8)
    both = heard(reading, boxes, "123", 0.8)
    assert [sign.text for sign in both] == ["1", "2", "3"]
    assert [sign.crop for sign in both] == [0, 1, 2]
    line = heard(reading, boxes[:0], "")
    assert [sign.text for sign in line] == ["1", "2", "3"] and all(sign.box[2] > 0 for sign in line)
    assert min(sign.confidence for sign in both) > max(sign.confidence for sign in line)


def test_the_surer_one_stands_with_less_confidence(paper: NDArray[np.uint8]) -> None:
    reading, boxes = reading_of(paper, "123", 0.5)
    doubted = heard(reading, boxes, "173", 0.95)
    assert [sign.text for sign in doubted] == ["1", "7", "3"]
    assert doubted[1].confidence < heard(reading_of(paper, "173", 0.95)[0], boxes, "173", 0.95)[1].confidence
    surer, boxes = reading_of(paper, "123", 0.99)
    assert [sign.text for sign in heard(surer, boxes, "173", 0.6)] == ["1", "2", "3"]


def test_what_one_of_the_two_alone_tells_has_its_place_in_order(paper: NDArray[np.uint8]) -> None:
    reading, boxes = reading_of(paper, "123")
    told = heard(reading, boxes[[0, 2]], "13")
    assert [(sign.text, sign.crop) for sign in told] == [("1", 0), ("2", -1), ("3", 1)]
    fewer, boxes = reading_of(paper, "123")
    fewer = LineReading(fewer.signs[::2], fewer.boxes[::2], fewer.confidence, fewer.gaps, fewer.cut)
    told = heard(fewer, boxes, "123")
    assert [(sign.text, sign.crop) for sign in told] == [("1", 0), ("2", 1), ("3", 2)]
    assert told[1].confidence < told[0].confidence


def test_a_sign_is_no_digit_though_its_crop_says_so(paper: NDArray[np.uint8]) -> None:
    reading, boxes = reading_of(paper, "1-3")
    assert [sign.text for sign in heard(reading, boxes, "113", there=0.6)] == ["1", "-", "3"]


def test_what_the_user_taught_is_not_outvoted(paper: NDArray[np.uint8]) -> None:
    reading, boxes = reading_of(paper, "123", 0.99)
    told = heard(reading, boxes, "173", 0.8, learned=True)
    assert [sign.text for sign in told] == ["1", "7", "3"] and told[1].confidence == pytest.approx(0.8)
