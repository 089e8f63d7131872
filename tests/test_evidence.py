"""Writing is told from things: by its paper, its strokes, its company."""

import cv2
import numpy as np
import pytest

from realtime.reading.classifier import Classifier
from realtime.reading.evidence import crowding, hold_places, in_company, refuse_in_context, unevenness
from realtime.reading.ink import find_ink
from realtime.reading.pipeline import read


def test_pen_strokes_are_even_and_wedges_are_not() -> None:
    image = np.full((200, 300, 3), 215, np.uint8)
    cv2.line(image, (60, 40), (60, 160), (30, 30, 30), 7)
    cv2.fillPoly(image, [np.array([[180, 40], [190, 40], [220, 160], [160, 160]])], (30, 30, 30))
    ink = find_ink(image)
    pen, wedge = (unevenness(ink)[i] for i in np.argsort(ink.boxes[:, 0]))
    assert pen < 0.2 < 0.3 < wedge


def test_ink_on_paper_stands_free_and_a_stroke_beside_things_is_crowded() -> None:
    image = np.full((240, 320, 3), 200, np.uint8)
    cv2.line(image, (60, 60), (60, 180), (30, 30, 30), 6)
    cv2.line(image, (200, 60), (200, 180), (30, 30, 30), 6)
    cv2.line(image, (210, 60), (210, 180), (255, 255, 255), 8)
    ink = find_ink(image)
    crowded = {int(box[0]): float(share) for box, share in zip(ink.boxes, crowding(ink), strict=True)}
    assert min(crowded.values()) < 0.05
    assert max(crowded.values()) > 0.15


def test_numbers_unlike_writing_go_as_a_whole_and_strays_alone() -> None:
    boxes = np.array([[0, 0, 10, 20]] * 4, np.int32)
    digits = np.eye(10, dtype=np.float32)[[5, 7, 1, 8]]
    odds = np.array([3.0, 2.0, -4.0, 0.1])
    reasons = refuse_in_context([([0, 1, 2], 0), ([3], 1)], boxes, digits, odds)
    assert set(reasons) == {2, 3}


def test_a_slash_among_digits_is_refused_by_its_height() -> None:
    boxes = np.array([[0, 0, 10, 20], [20, 0, 10, 20], [40, -8, 10, 36]], np.int32)
    digits = np.eye(10, dtype=np.float32)[[5, 7, 1]]
    assert set(refuse_in_context([([0, 1, 2], 0)], boxes, digits, np.full(3, 3.0))) == {2}


def _row(junk: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return boxes, digits and junk of 5, a doubtful 7 and 8, evenly spaced."""
    boxes = np.array([[0, 0, 12, 20], [20, 0, 12, 20], [40, 0, 12, 20]], np.int32)
    digits = np.eye(10, dtype=np.float32)[[5, 7, 8]]
    digits[1] *= 1 - junk
    return boxes, digits, np.array([0, junk, 0], np.float32)


@pytest.mark.parametrize(("junk", "after"), [(0.9, 0.31), (0.999, 0.98)])
def test_what_stands_between_two_digits_is_likelier_one(junk: float, after: float) -> None:
    digits, doubts = in_company(*_row(junk), np.full(3, 2.0))
    assert doubts[1] == pytest.approx(after, abs=0.01)
    assert digits[1, 7] == pytest.approx(1 - after, abs=0.01)
    assert doubts[[0, 2]].tolist() == [0, 0]


@pytest.mark.parametrize("change", ["far", "aside", "large", "things", "last"])
def test_without_two_neighbours_of_its_kind_nothing_is_changed(change: str) -> None:
    boxes, digits, junk = _row(0.9)
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
    assert in_company(boxes, digits, junk, odds)[1].tolist() == junk.tolist()


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
        ((50, 2, 44, 48), "not a digit (0.99)", 90, True),  # two digits that touch
        ((60, 20, 24, 22), "not a digit (0.99)", 90, False),  # a sign is lower
        ((60, -10, 14, 70), "not a digit (0.99)", 90, False),  # a bracket is higher, and slim
        ((60, 0, 18, 50), "not a digit (0.99)", 90, False),  # so is a bar
        ((50, 2, 44, 48), "ruled line", 90, False),
        ((50, 2, 44, 48), "not a digit (0.99)", 30, False),  # what shines through from the other side is faint
        ((50, 40, 44, 48), "not a digit (0.99)", 90, False),  # another line's
    ],
)
def test_digits_that_touch_hold_a_place_in_their_number(
    box: tuple[int, int, int, int], reason: str, contrast: int, held: bool
) -> None:
    boxes = np.array([(10, 0, 34, 50), box, (100, 0, 34, 50)], np.int32)
    depths = np.array([100, contrast, 100], np.float32)
    for numbers in ([([0, 2], 0)], [([0], 0), ([2], 0)]):
        assert hold_places(numbers, boxes, depths, ["", reason, ""]) == ([1] if held else [])
    assert hold_places([([0], 0), ([2], 1)], boxes, depths, ["", reason, ""]) == [], "nothing on one side of it"
