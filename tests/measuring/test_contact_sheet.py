"""The contact sheet shows what was read and refused, whatever the page holds."""

from dataclasses import replace

import numpy as np

from realtime.measuring.contact_sheet import make_tile, montage
from realtime.outputs.overlay import SETTLED
from realtime.reading.page import Page
from tests.conftest import DOTTED


def test_a_digit_that_its_line_alone_tells_is_boxed(line_told: Page) -> None:
    (number,) = line_told.numbers
    blobs_alone = replace(number, digits=tuple(digit for digit in number.digits if digit.blob >= 0))
    whole, fewer = (
        make_tile(DOTTED, replace(line_told, numbers=[shown]), ["truth 24.5"]) for shown in (number, blobs_alone)
    )
    green = [int((tile.picture == SETTLED).all(axis=2).sum()) for tile in (whole, fewer)]
    assert green[0] > 1.1 * green[1] > 0
    sheet = montage([whole, fewer])
    assert sheet.dtype == np.uint8 and sheet.shape[1] >= 2 * whole.picture.shape[1]
