"""What touches is cut, what is broken is joined, and the best joint reading wins."""

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.candidates import Candidates, propose, propose_more
from realtime.reading.cuts import cut_pieces
from realtime.reading.ink import find_ink


def paper() -> NDArray[np.uint8]:
    return np.full((200, 300, 3), 215, np.uint8)


def unread(image: NDArray[np.uint8], digit: float = 0, junk: float = 1) -> Candidates:
    """Make all proposals for a picture whose blobs, whole, read as digits and junk at these probabilities."""
    ink = find_ink(image)
    whole = propose(ink)
    return propose_more(ink, whole, np.full(len(whole.atoms), digit), np.full(len(whole.atoms), junk))


def test_each_lone_blob_is_proposed_once() -> None:
    image = paper()
    cv2.line(image, (50, 60), (50, 140), (30, 30, 30), 6)
    cv2.line(image, (150, 60), (150, 140), (30, 30, 30), 6)
    proposed = unread(image)
    assert len(proposed.atoms) == 2 and not proposed.joined.any()


def test_a_wide_blob_is_proposed_whole_and_in_pieces() -> None:
    image = paper()
    cv2.circle(image, (80, 100), 30, (30, 30, 30), 6)
    cv2.circle(image, (140, 100), 30, (30, 30, 30), 6)
    proposed = unread(image)
    widths = sorted(proposed.boxes[:, 2].tolist())
    assert widths[-1] > 115, "the whole"
    assert sum(50 < width < 80 for width in widths) >= 2, "each half"


def test_parts_one_above_the_other_are_proposed_as_one() -> None:
    image = paper()
    cv2.line(image, (80, 60), (120, 60), (30, 30, 30), 6)
    cv2.ellipse(image, (100, 105), (20, 30), 0, -90, 150, (30, 30, 30), 6)
    proposed = unread(image)
    assert proposed.joined.any()
    whole = proposed.boxes[proposed.joined][0]
    assert abs(whole[1] - 57) <= 3 and whole[3] > 70


def test_digits_of_two_rows_are_not_taken_for_one() -> None:
    image = paper()
    for x in range(30, 290, 50):
        cv2.ellipse(image, (x, 60), (12, 20), 0, 0, 360, (30, 30, 30), 4)
        cv2.ellipse(image, (x, 110), (12, 20), 0, 0, 360, (30, 30, 30), 4)
    rows, lone = unread(image, 0.95, 0.02), unread(image[:, :60], 0.95, 0.02)
    assert len(rows.atoms) == 12 and not rows.joined.any()
    assert lone.joined[-1], "one above the other and nothing else: an 8 that broke in two"


def test_what_cannot_read_better_than_the_blobs_as_they_are_is_left_unread() -> None:
    image = paper()
    cv2.circle(image, (80, 100), 30, (30, 30, 30), 6)
    cv2.circle(image, (140, 100), 30, (30, 30, 30), 6)  # touch: a wide blob
    cv2.line(image, (240, 40), (240, 80), (30, 30, 30), 6)
    cv2.line(image, (240, 106), (240, 150), (30, 30, 30), 6)  # may be a broken 1
    doubtful, sure = unread(image, 0.3, 0.1), unread(image, 0.99, 0.01)
    assert len(sure.atoms) == 3 and len(doubtful.atoms) > 5
    assert doubtful.joined[-1] and not sure.joined.any()


def test_cut_pieces_hold_all_the_ink_once() -> None:
    patch = np.zeros((40, 80), np.uint8)
    cv2.circle(patch, (20, 20), 16, 255, 5)
    cv2.circle(patch, (58, 20), 18, 255, 5)
    pieces = cut_pieces(patch)
    assert len(pieces) >= 2
    assert (np.sum([piece.astype(int) for piece in pieces], axis=0) == patch).all()


def test_no_ink_proposes_nothing() -> None:
    proposed = unread(paper())
    assert proposed.boxes.shape == (0, 4)
