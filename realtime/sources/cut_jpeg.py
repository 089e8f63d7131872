"""Tell how much a JPEG lacks whose end is missing."""

import re

import numpy as np
from numpy.typing import NDArray

# Rows of pixels that may be lost: those of one row of blocks, where colour is halved both ways.
_BLOCK = 16
_MISSING = 128  # what libjpeg shows, in each colour, of blocks that are not there
# The header of a progressive JPEG, and that of each of its scans: parts, first and last coefficient, bits yet to come.
_PROGRESSIVE = re.compile(rb"\xff\xc2\x00.\x08", re.DOTALL)
_SCAN = re.compile(rb"\xff\xda\x00\x08\x01..(?P<first>.)(?P<last>.)(?P<bits>.)", re.DOTALL)


def lacks_much(data: bytes, image: NDArray[np.uint8]) -> bool:
    """Tell whether more is lost of a JPEG than its last row of blocks.

    data: the file. image: (H, W, 3), what was decoded of it, turned any way.
    """
    if _PROGRESSIVE.search(data):  # each scan adds to the whole picture; the last one of the grey makes it sharp
        scans = _SCAN.finditer(data)
        return not any(
            scan["first"] != b"\0" and scan["last"] == b"\x3f" and scan["bits"][0] % 16 == 0 for scan in scans
        )
    sides = (image, image[::-1], image.swapaxes(0, 1), image.swapaxes(0, 1)[::-1])
    return any(bool((side[_BLOCK : 2 * _BLOCK] == _MISSING).all()) for side in sides if len(side) > _BLOCK)
