"""Write pictures whole or not at all, and name and check the files and folders that results go to."""

import os
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.outputs.sink import OutputError


def save_picture(path: Path, image: NDArray[np.uint8]) -> None:
    """Write a picture (H, W, 3) BGR by its name's ending, whole or not at all. Raises OutputError."""
    try:
        ok, data = cv2.imencode(path.suffix, image)
    except cv2.error:
        raise OutputError(_unknown_ending(path)) from None
    if not ok:
        raise OutputError(f"cannot save {path}: the picture cannot be encoded as {path.suffix}")
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_bytes(data.tobytes())
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise OutputError(f"cannot save {path}: {error.strerror or error}") from None


def _unknown_ending(path: Path) -> str:
    return f"cannot save {path}: unknown ending {path.suffix!r}, use .png or .jpg"


def check_picture(path: Path) -> None:
    """Refuse a picture's name that cannot be written: its folder, its ending. Raises OutputError."""
    check_folder(path)
    if not cv2.haveImageWriter(path.name):
        raise OutputError(_unknown_ending(path))


def places(folder: Path, sources: Iterable[Path], ending: str) -> list[Path]:
    """Make a folder and name a file in it for each source, none twice: a second a.jpg gives a-2. Raises OutputError."""
    make_folder(folder)
    taken: dict[Path, None] = {}
    for source in sources:
        place, number = folder / f"{source.stem}{ending}", 1
        while place in taken:
            number += 1
            place = folder / f"{source.stem}-{number}{ending}"
        taken[place] = None
    return list(taken)


def check_folder(path: Path) -> None:
    """Refuse a file whose folder is missing or cannot be written."""
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"cannot save {path}: no folder {folder}; make it first")
    if path.is_dir() or not os.access(folder, os.W_OK):
        raise OutputError(
            f"cannot save {path}: " + ("it is a folder" if path.is_dir() else f"{folder} is not writable")
        )


def make_folder(folder: Path) -> None:
    """Make the folder that results go to. Raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make folder {folder}: {error.strerror or error}") from None
