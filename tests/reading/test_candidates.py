"""What touches is split, what is broken is merged, and nothing else is proposed."""

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.candidates import Candidates, propose, propose_more
from realtime.reading.ink import find_ink
from realtime.reading.splits import split_blob


def paper() -> NDArray[np.uint8]:
    return np.full((200, 300, 3), 215, np.uint8)


def propose_all(image: NDArray[np.uint8], digit: float = 0, reject: float = 1) -> Candidates:
    """Make all proposals for a picture whose blobs, whole, read as digits and as none at these probabilities."""
    ink = find_ink(image)
    whole = propose(ink)
    return propose_more(ink, whole, np.full(len(whole.atoms), digit), np.full(len(whole.atoms), reject))


def test_each_lone_blob_is_proposed_once() -> None:
    image = paper()
    cv2.line(image, (50, 60), (50, 140), (30, 30, 30), 6)
    cv2.line(image, (150, 60), (150, 140), (30, 30, 30), 6)
    proposed = propose_all(image)
    assert len(proposed.atoms) == 2 and not proposed.merged.any()


def test_a_wide_blob_is_proposed_whole_and_in_pieces() -> None:
    image = paper()
    cv2.circle(image, (80, 100), 30, (30, 30, 30), 6)
    cv2.circle(image, (140, 100), 30, (30, 30, 30), 6)
    proposed = propose_all(image)
    widths = sorted(proposed.boxes[:, 2].tolist())
    assert widths[-1] > 115, "the whole"
    assert sum(50 < width < 80 for width in widths) >= 2, "each half"


def test_parts_one_above_the_other_are_proposed_as_one() -> None:
    image = paper()
    cv2.line(image, (80, 60), (120, 60), (30, 30, 30), 6)
    cv2.ellipse(image, (100, 105), (20, 30), 0, -90, 150, (30, 30, 30), 6)
    proposed = propose_all(image)
    assert proposed.merged.any()
    whole = proposed.boxes[proposed.merged][0]
    assert abs(whole[1] - 57) <= 3 and whole[3] > 70


def test_digits_of_two_rows_are_not_taken_for_one() -> None:
    image = paper()
    for x in range(30, 290, 50):
        cv2.ellipse(image, (x, 60), (12, 20), 0, 0, 360, (30, 30, 30), 4)
        cv2.ellipse(image, (x, 110), (12, 20), 0, 0, 360, (30, 30, 30), 4)
    rows, lone = propose_all(image, 0.95, 0.02), propose_all(image[:, :60], 0.95, 0.02)
    assert len(rows.atoms) == 12 and not rows.merged.any()
    assert lone.merged[-1], "one above the other and nothing else: an 8 that broke in two"


def test_what_cannot_read_better_than_the_blobs_as_they_are_is_left_unread() -> None:
    image = paper()
    cv2.circle(image, (80, 100), 30, (30, 30, 30), 6)
    cv2.circle(image, (140, 100), 30, (30, 30, 30), 6)  # touch: a wide blob
    cv2.line(image, (240, 40), (240, 80), (30, 30, 30), 6)
    cv2.line(image, (240, 106), (240, 150), (30, 30, 30), 6)  # may be a broken 1
    doubtful, sure = propose_all(image, 0.3, 0.1), propose_all(image, 0.99, 0.01)
    assert len(sure.atoms) == 3 and len(doubtful.atoms) > 5
    assert doubtful.merged[-1] and not sure.merged.any()


def test_pieces_hold_all_the_ink_once() -> None:
    patch = np.zeros((40, 80), np.uint8)
    cv2.circle(patch, (20, 20), 16, 255, 5)
    cv2.circle(patch, (58, 20), 18, 255, 5)
    pieces = split_blob(patch)
    assert len(pieces) >= 2
    assert (np.sum([piece.astype(int) for piece in pieces], axis=0) == patch).all()


def test_no_ink_proposes_nothing() -> None:
    proposed = propose_all(paper())
    assert proposed.boxes.shape == (0, 4)
