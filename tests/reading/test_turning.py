"""Pictures that lie on their side or upside down are turned, read, and told in their own pixels."""

import numpy as np
import pytest

from realtime.reading.ensemble import Networks
from realtime.reading.turning import TURNS, back, read_upright
from tests.conftest import draw_sheet


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_boxes_come_back_to_where_they_were(quarters: int) -> None:
    image = np.zeros((30, 50), np.uint8)
    image[4:9, 10:32] = 1
    turned = np.rot90(image, -quarters)
    y, x = np.nonzero(turned)
    box = np.array([(x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1)], np.int32)
    assert back(box, quarters, (50, 30)).tolist() == [[10, 4, 22, 5]]


@pytest.mark.parametrize("turn", TURNS)
def test_a_sheet_is_read_however_it_lies(networks: Networks, turn: int) -> None:
    sheet = draw_sheet(["24687", "13579"], (800, 600))
    upright = read_upright(sheet, networks)
    assert upright.turned == 0 and upright.rows == ["24687", "13579"]
    lying = np.ascontiguousarray(np.rot90(sheet, turn // 90))  # turned to the left, so it is to be turned to the right
    asked = 180 if turn == 180 else None  # upside down, digits are other digits, so it is not always seen
    page = read_upright(lying, networks, turn=asked)
    assert page.turned == turn and page.rows == upright.rows
    assert page.size == (lying.shape[1], lying.shape[0])
    for number in page.numbers:
        x, y, w, h = number.box
        assert lying[y : y + h, x : x + w].min() < 90  # ink lies in the box
        assert (w > h) == (turn % 180 == 0)
    assert read_upright(lying, networks, turn=turn).rows == upright.rows


def test_another_turn_is_refused(networks: Networks) -> None:
    with pytest.raises(ValueError, match="not by 45"):
        read_upright(draw_sheet(["1"]), networks, turn=45)
