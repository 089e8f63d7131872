"""Signs from a picture to its JSON line: what belongs to a number, what parts two, and what a line alone tells."""

import json
from dataclasses import replace

import numpy as np
import pytest

from realtime.reading.ensemble import Networks
from realtime.reading.page import Page
from realtime.reading.pipeline import read
from tests.conftest import DOTTED, InkRows, draw_sheet
from tests.outputs.promised_line import assert_promised


def texts(page: Page) -> tuple[list[str], list[str]]:
    """Return the texts of the numbers and of the lines of a page's JSON line, which has the promised form."""
    line = json.loads(json.dumps(page.to_dict("a.png")))
    assert_promised(line)
    return [number["text"] for number in line["numbers"]], [row["text"] for row in line["lines"]]


def test_a_point_and_a_minus_belong_to_their_number(networks: Networks) -> None:
    page = read(draw_sheet(["3.75", "-58"], seed=1), networks)
    assert texts(page) == (["3.75", "-58"], ["3.75", "-58"])
    assert [number.digit_text for number in page.numbers] == ["375", "58"]
    assert [[digit.before for digit in number.digits] for number in page.numbers] == [["", ".", ""], ["-", ""]]
    assert page.rows == ["3.75", "-58"]


def test_a_slash_parts_two_numbers_of_one_line(networks: Networks) -> None:
    assert texts(read(draw_sheet(["3/75"], seed=1), networks)) == (["3", "75"], ["3/75"])


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        ("1,250", ["1,250"]),
        ("-1.5", ["-1.5"]),
        ("5-3", ["5", "3"]),
        ("2+-3", ["2", "-3"]),
        ("~58", ["58"]),
        (".5", ["5"]),
        ("1..5", ["1", "5"]),
    ],
)
def test_what_a_line_says_is_parted_into_numbers(networks: Networks, written: str, numbers: list[str]) -> None:
    # Each sign of the picture stands well apart, so that the line's network sees as many as it is told.
    drawn = "".join(sign if sign in "0123456789" else ":" for sign in written)
    told = replace(networks, rows=InkRows(written, sure=0.99))
    assert texts(read(draw_sheet([drawn], (1280, 480)), told)) == (numbers, [written])


def test_a_digit_that_the_line_alone_tells_has_a_place_and_no_blob(networks: Networks) -> None:
    page = read(DOTTED, replace(networks, rows=InkRows("2415", sure=0.99)))
    (number,) = page.numbers
    assert number.text in ("2415", "24?5") and number.digits[2].probabilities.argmax() == 1
    assert [digit.blob >= 0 for digit in number.digits] == [True, True, False, True]
    middles = [digit.box[0] + digit.box[2] / 2 for digit in number.digits]
    assert middles == sorted(middles)
    assert texts(page) == ([number.text], [number.text])


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_boxes_end_where_the_picture_ends(networks: Networks, side: str) -> None:
    image = draw_sheet(["24.5"], (640, 240))
    rows, columns = (np.flatnonzero((image.max(axis=2) < 120).any(axis=axis)) for axis in (1, 0))
    first, last = (rows[0] - 1, columns[0] - 1), (rows[-1] + 2, columns[-1] + 2)
    image = {
        "left": image[:, first[1] :],
        "right": image[:, : last[1]],
        "top": image[first[0] :],
        "bottom": image[: last[0]],
    }[side]
    page = read(image, replace(networks, rows=InkRows("24.5", sure=0.99)))
    assert texts(page)[0] == ["24.5"]
