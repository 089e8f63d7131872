"""The strip of a line: straight, ink bright, one contrast, and with the way back to the picture."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.reading import strips
from realtime.reading.strips import HEIGHT, Line

Colour = tuple[int, int, int]
PAPER: Colour = (200, 205, 210)
PEN: Colour = (60, 50, 55)
COLOURS = {
    "dark": (PAPER, PEN),
    "light": (PEN, PAPER),
    "red": ((200, 200, 200), (60, 60, 210)),
    "colour alone": ((210, 90, 150), (90, 160, 150)),
    "faint": ((90, 90, 90), (104, 104, 104)),
}


def written(
    height: int = 40, slope: float = 0.0, paper: Colour = PAPER, pen: Colour = PEN, width: int = 5
) -> tuple[NDArray[np.uint8], Line]:
    """Draw six upright bars along a line through the middle of a picture."""
    image = np.full((300, 600, 3), paper, np.uint8)
    centres = [(100 + 70 * k, 150 + slope * 70 * k) for k in range(6)]
    for x, y in centres:
        cv2.line(image, (round(x), round(y - height / 2)), (round(x), round(y + height / 2)), pen, width, cv2.LINE_AA)
    return image, Line(np.array([centres[0], centres[-1]], np.float64), float(height))


@pytest.mark.parametrize(("paper", "pen"), COLOURS.values(), ids=COLOURS)
def test_ink_is_bright_on_dark_whatever_pen_and_paper(paper: Colour, pen: Colour) -> None:
    image, line = written(paper=paper, pen=pen)
    pixels = strips.cut(image, line).pixels
    middle = pixels[HEIGHT // 2]
    assert pixels.dtype == np.uint8 and pixels.shape[0] == HEIGHT
    assert (np.diff((middle > 127).astype(int)) == 1).sum() == 6
    assert np.median(middle) < 30 and middle.max() > 220


@pytest.mark.parametrize("polarity", ["dark", "light"])
def test_polarity_that_is_told_holds(polarity: str) -> None:
    image, line = written()
    bars = strips.cut(image, line, "auto").pixels[HEIGHT // 2] > 127
    told = strips.cut(image, line, polarity).pixels[HEIGHT // 2, bars]
    assert (told.mean() > 127) == (polarity == "dark")


@pytest.mark.parametrize("slope", [-0.5, 0.0, 0.3])
def test_a_sloping_line_is_straightened(slope: float) -> None:
    image, line = written(slope=slope)
    rows = np.flatnonzero((strips.cut(image, line).pixels > 127).any(axis=1))
    assert abs(rows.mean() - (HEIGHT - 1) / 2) < 2
    assert abs(len(rows) - HEIGHT / strips.COVER) < 5


@pytest.mark.parametrize("height", [12, 40, 160])
def test_a_digit_is_as_high_in_the_strip_whatever_its_size(height: int) -> None:
    image, line = written(height, width=max(height // 8, 1))
    rows = np.flatnonzero((strips.cut(image, line).pixels > 127).any(axis=1))
    assert abs(len(rows) - HEIGHT / strips.COVER) < 5


def test_slant_makes_leaning_strokes_upright() -> None:
    image = np.full((200, 300, 3), 255, np.uint8)
    cv2.line(image, (165, 70), (135, 130), (0, 0, 0), 5, cv2.LINE_AA)
    leaning = Line(np.array([[120.0, 100], [180, 100]]), 60.0, slant=0.5)
    columns = np.flatnonzero((strips.cut(image, leaning).pixels > 127).any(axis=0))
    assert np.ptp(columns) < 5


def test_box_leads_back_to_the_picture() -> None:
    image, line = written(slope=0.3)
    cut = strips.cut(image, line)
    columns = np.flatnonzero(cut.pixels[HEIGHT // 2] > 127)
    x, y, w, h = cut.box(columns[0], columns[columns < columns[0] + 6][-1] + 1)
    assert x <= 100 <= x + w and y <= 150 <= y + h
    assert abs(h - 40) < 12
    assert np.abs(cut.columns(np.array([[100.0, 150.0]])) - columns[0]).item() < 4


def test_beyond_the_picture_there_is_paper() -> None:
    image = np.full((40, 90, 3), 230, np.uint8)
    cv2.line(image, (3, 0), (3, 39), (0, 0, 0), 6)
    pixels = strips.cut(image, strips.whole(image)).pixels
    outside = round(strips.END * HEIGHT / strips.COVER) - 1
    assert not pixels[:, :outside].any() and not pixels[:, -outside:].any()
    assert pixels[:, outside : outside + 6].max() == 255


def test_blank_paper_stays_dark() -> None:
    image = np.full((40, 90, 3), 230, np.uint8)
    assert not strips.cut(image, strips.whole(image)).pixels.any()


def test_a_line_through_digits_follows_their_bow() -> None:
    x = np.arange(10) * 50
    boxes = np.stack([x, 100 + (x - 225) ** 2 // 2000, np.full(10, 30), np.full(10, 40)], axis=1).astype(np.int32)
    line = strips.through(boxes)
    assert line.height == 40 and line.points[0, 0] < -10
    assert line.points[0, 1] > line.points[4, 1] + 15
    one = strips.through(boxes[:1])
    assert len(one.points) == 2 and one.points[1, 0] > one.points[0, 0]


def test_a_line_without_length_or_height_is_refused() -> None:
    image = np.zeros((20, 20, 3), np.uint8)
    with pytest.raises(ValueError, match="two points and a height"):
        strips.cut(image, Line(np.zeros((1, 2)), 10.0))
    with pytest.raises(ValueError, match="polarity"):
        strips.cut(image, strips.whole(image), "blue")
