"""Write pictures as files."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.outputs.files import check_folder, write_whole
from realtime.outputs.sink import OutputError
from realtime.sources.names import is_text

# Endings of pictures whose annotated copies are of the same kind; those of others are .png, which loses nothing.
SAME_KIND = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})


def kept_ending(path: Path) -> str:
    """Return the ending of the annotated copy of a picture."""
    return path.suffix if path.suffix.lower() in SAME_KIND else ".png"


def save_picture(path: Path, image: NDArray[np.uint8]) -> None:
    """Write a picture (H, W, 3) BGR by its name's ending, whole or not at all. Raises OutputError."""
    if not is_text(path.suffix):
        raise _unknown_ending(path)
    try:
        ok, data = cv2.imencode(path.suffix, image)
    except cv2.error:
        raise _unknown_ending(path) from None
    if not ok:
        raise OutputError(f"cannot save {path}: the picture cannot be encoded as {path.suffix}")
    write_whole(path, data.tobytes())


def check_picture(path: Path) -> None:
    """Refuse a picture's name that cannot be written: its folder, its ending. Raises OutputError."""
    check_folder(path)
    if not is_text(path.suffix) or not cv2.haveImageWriter(f"picture{path.suffix}"):
        raise _unknown_ending(path)


def _unknown_ending(path: Path) -> OutputError:
    return OutputError(f"cannot save {path}: unknown ending {path.suffix!r}, use .png or .jpg")
