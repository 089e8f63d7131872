"""Find out whether a clip is to be shown mirrored, which OpenCV takes for a turn by 180 degrees."""

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

# Boxes of an MP4 that are gone through, at most, and how deep they lie: more has no honest file before its first track.
_MAX_BOXES, _MAX_DEPTH = 10_000, 3
# The first four of nine numbers of a track's matrix (a, b, c, d: x' = ax + cy, y' = bx + dy), each 16.16 fixed point,
# stand so many bytes into its header, which is longer where times have 64 bits, by its version.
_MATRIX_AT = {0: 40, 1: 52}
_ONE = 1 << 16

Matrix = tuple[int, int, int, int]  # a, b, c, d, each -1, 0 or 1


def read_mirror(path: Path) -> Matrix | None:
    """Return the matrix by which the first track of an MP4 that is turned or mirrored is shown, where it mirrors it.

    None for every other file, also where it is damaged. Raises OSError where it cannot be read.
    """
    with path.open("rb") as file:
        try:
            matrices = _matrices(file, path.stat().st_size)
        except struct.error:
            return None
    turned = next((matrix for matrix in matrices if matrix != (1, 0, 0, 1)), None)
    return turned if turned is not None and turned[0] * turned[3] - turned[1] * turned[2] < 0 else None


def _matrices(file: BinaryIO, size: int) -> list[Matrix]:
    """Return the matrices in the headers of an MP4's tracks. Raises struct.error where it is cut short."""
    found: list[Matrix] = []
    ends = [size]  # of the boxes around the place in the file
    for _ in range(_MAX_BOXES):
        place = file.tell()
        while ends and place + 8 > ends[-1]:
            place = ends.pop()
        if not ends:
            break
        file.seek(place)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length == 1:
            (length,) = struct.unpack(">Q", file.read(8))
        end = place + length if length else ends[-1]
        if length == 0 and kind == b"mdat" or end > ends[-1] or 0 < length < 8:
            break
        if kind in (b"moov", b"trak") and len(ends) <= _MAX_DEPTH:
            ends.append(end)
            continue
        if kind == b"tkhd":
            head = file.read(80)
            values = struct.unpack_from(">5i", head, _MATRIX_AT.get(head[0], 0))
            matrix = tuple(round(value / _ONE) for value in (values[0], values[1], values[3], values[4]))
            if matrix[0] * matrix[3] - matrix[1] * matrix[2] in (1, -1):
                found.append((matrix[0], matrix[1], matrix[2], matrix[3]))
        file.seek(end)
    return found


def show_by(matrix: Matrix, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn and mirror an image (H, W, 3) by a matrix."""
    a, b, c, d = matrix
    if a == 0:
        image, a, d = image.swapaxes(0, 1), c, b
    return np.ascontiguousarray(image[:: int(d), :: int(a)])
