"""Writing is told from things: by the paper around it and by its strokes."""

import cv2
import numpy as np

from realtime.reading.ink import find_ink
from realtime.reading.writing_odds import crowding, unevenness, writing_odds


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


def test_a_number_on_paper_is_likelier_writing_than_a_lone_bare_stroke() -> None:
    image = np.full((240, 320, 3), 200, np.uint8)
    cv2.ellipse(image, (60, 120), (18, 30), 0, 0, 360, (30, 30, 30), 5)
    cv2.line(image, (200, 90), (200, 150), (30, 30, 30), 5)
    ink = find_ink(image)
    digits = np.eye(10, dtype=np.float32)[[0 if x < 100 else 1 for x in ink.boxes[:, 0]]]
    odds = writing_odds(ink, ink.boxes, np.arange(len(ink.boxes)), digits, np.zeros(len(digits), np.float32))
    ring, stroke = (float(odds[i]) for i in np.argsort(ink.boxes[:, 0])[[0, -1]])
    assert ring > 3 and stroke < ring - 2
