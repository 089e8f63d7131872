"""Which gaps part two numbers: those that are wide for the hand that wrote the page."""

import numpy as np
import pytest

from realtime.reading import gaps


@pytest.mark.parametrize(
    ("page", "parted"),
    [
        ([0.2, 0.25, 0.15, 0.3], [False] * 4),
        ([0.12, 0.1, 0.85, 0.12, 0.1, 0.8, 0.12], [False, False, True, False, False, True, False]),  # a phone number
        ([0.2, 2.5, 0.2], [False, True, False]),
        ([1.1, 1.2, 1.15, 1.05], [False] * 4),  # one that writes wide apart
        ([1.0, 1.1, 3.5, 1.05], [False, False, True, False]),
        ([4.0, 4.2, 3.9, 4.1], [True] * 4),  # columns
        ([-0.2, -0.1, -0.15, 0.5], [False, False, False, True]),  # digits that overlap
        ([], []),
    ],
)
def test_gaps_are_told_by_the_hand(page: list[float], parted: list[bool]) -> None:
    some = np.array(page)
    assert (gaps.odds(some, gaps.usual(some)) > 0).tolist() == parted


def test_one_gap_alone_is_told_by_what_people_usually_leave() -> None:
    assert [bool(gaps.odds(np.array([g]), gaps.usual(np.array([g])))[0] > 0) for g in (0.3, 0.5, 3.0)] == [
        False,
        False,
        True,
    ]


def test_gaps_are_measured_between_boxes_in_heights() -> None:
    boxes = np.array([(0, 0, 20, 40), (30, 0, 20, 40), (90, 4, 10, 40)], np.int32)
    assert gaps.between(boxes, gaps.height(boxes)) == pytest.approx([0.25, 1.0], abs=0.02)
    assert len(gaps.between(boxes[:1], 40.0)) == 0
