"""What is no digit is refused: by the network, by its company, and where it stands; what may be one holds its place."""

import cv2
import numpy as np
import pytest

from realtime.reading.classifier import Classifier
from realtime.reading.pipeline import read
from realtime.reading.reasons import Reason, Refusal
from realtime.reading.refusal import hold_places, in_company, refuse_in_context


def test_numbers_unlike_writing_go_as_a_whole_and_strays_alone() -> None:
    boxes = np.array([[0, 0, 10, 20]] * 4, np.int32)
    digits = np.eye(10, dtype=np.float32)[[5, 7, 1, 8]]
    odds = np.array([3.0, 2.0, -4.0, 0.1])
    refused = refuse_in_context([([0, 1, 2], 0), ([3], 1)], boxes, digits, odds)
    assert {blob: refusal.reason for blob, refusal in refused.items()} == dict.fromkeys((2, 3), Reason.UNLIKE_WRITING)


def test_a_slash_among_digits_is_refused_by_its_height() -> None:
    boxes = np.array([[0, 0, 10, 20], [20, 0, 10, 20], [40, -8, 10, 36]], np.int32)
    digits = np.eye(10, dtype=np.float32)[[5, 7, 1]]
    assert refuse_in_context([([0, 1, 2], 0)], boxes, digits, np.full(3, 3.0)) == {2: Refusal(Reason.TALL)}


def _row(reject: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return boxes, digits and reject of 5, a doubtful 7 and 8, evenly spaced."""
    boxes = np.array([[0, 0, 12, 20], [20, 0, 12, 20], [40, 0, 12, 20]], np.int32)
    digits = np.eye(10, dtype=np.float32)[[5, 7, 8]]
    digits[1] *= 1 - reject
    return boxes, digits, np.array([0, reject, 0], np.float32)


@pytest.mark.parametrize(("reject", "after"), [(0.9, 0.31), (0.999, 0.98)])
def test_what_stands_between_two_digits_is_likelier_one(reject: float, after: float) -> None:
    digits, doubts = in_company(*_row(reject), np.full(3, 2.0))
    assert doubts[1] == pytest.approx(after, abs=0.01)
    assert digits[1, 7] == pytest.approx(1 - after, abs=0.01)
    assert doubts[[0, 2]].tolist() == [0, 0]


@pytest.mark.parametrize("change", ["far", "aside", "large", "things", "last"])
def test_without_two_neighbours_of_its_kind_nothing_is_changed(change: str) -> None:
    boxes, digits, reject = _row(0.9)
    odds = np.full(3, 2.0)
    if change == "far":
        boxes[2, 0] = 90
    elif change == "aside":
        boxes[2, :2] = (21, 40)
    elif change == "large":
        boxes[2] = (40, -20, 30, 60)
    elif change == "things":
        odds[0] = -2.0
    else:
        boxes[1, 0] = 60
    assert in_company(boxes, digits, reject, odds)[1].tolist() == reject.tolist()


@pytest.mark.parametrize("kind", ["blank", "dot", "plus", "scribble"])
def test_what_is_no_digit_is_not_read(kind: str, classifier: Classifier) -> None:
    image = np.full((240, 320, 3), 205, np.uint8)
    ink = (40, 35, 30)
    if kind == "dot":
        cv2.circle(image, (160, 120), 8, ink, cv2.FILLED, cv2.LINE_AA)
    elif kind == "plus":
        cv2.line(image, (130, 120), (190, 120), ink, 6, cv2.LINE_AA)
        cv2.line(image, (160, 90), (160, 150), ink, 6, cv2.LINE_AA)
    elif kind == "scribble":
        points = np.random.default_rng(3).integers([110, 80], [210, 160], (24, 2))
        cv2.polylines(image, [points], False, ink, 4, cv2.LINE_AA)
    assert read(image, classifier).numbers == []


@pytest.mark.parametrize(
    ("box", "reason", "contrast", "held"),
    [
        ((50, 2, 44, 48), Reason.NETWORK, 90, True),  # two digits that touch
        ((60, 20, 24, 22), Reason.NETWORK, 90, False),  # a sign is lower
        ((60, -10, 14, 70), Reason.NETWORK, 90, False),  # a bracket is higher, and slim
        ((60, 0, 18, 50), Reason.NETWORK, 90, False),  # so is a bar
        ((50, 2, 44, 48), Reason.RULED_LINE, 90, False),
        ((50, 2, 44, 48), Reason.NETWORK, 30, False),  # what shines through from the other side is faint
        ((50, 40, 44, 48), Reason.NETWORK, 90, False),  # another line's
    ],
)
def test_digits_that_touch_hold_a_place_in_their_number(
    box: tuple[int, int, int, int], reason: Reason, contrast: int, held: bool
) -> None:
    boxes = np.array([(10, 0, 34, 50), box, (100, 0, 34, 50)], np.int32)
    depths = np.array([100, contrast, 100], np.float32)
    for numbers in ([([0, 2], 0)], [([0], 0), ([2], 0)]):
        assert hold_places(numbers, boxes, depths, [None, Refusal(reason), None]) == ([1] if held else [])
    assert hold_places([([0], 0), ([2], 1)], boxes, depths, [None, Refusal(reason), None]) == [], (
        "nothing on one side of it"
    )
