"""Write files whole or not at all, and name and check the files and folders that results go to."""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from realtime.outputs.sink import OutputError

_PAGE = re.compile(r"-page\d+$")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, in place of one that is there, so that it is never there by half. Raises OutputError."""
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise OutputError(f"cannot save {path}: {error.strerror or error}") from None


def save_json(path: Path, figures: dict[str, object]) -> None:
    """Write the figures of a measuring command as a JSON file. Raises OutputError."""
    write_whole(path, (json.dumps(figures, indent=1) + "\n").encode())


def output_paths(folder: Path, sources: Iterable[Path], ending: str | Callable[[Path], str]) -> list[Path]:
    """Make a folder and name a file in it for each source, none twice: a second a.jpg gives a-2. Raises OutputError.

    ending: of the names, or what gives it for a source.
    """
    make_folder(folder)
    taken: dict[Path, None] = {}
    firsts: set[Path] = set()  # of which one that is taken may be called as a further page would be
    for source in sources:
        end = ending if isinstance(ending, str) else ending(source)
        path, number = folder / f"{source.stem}{end}", 1
        while path in taken or _of_first_page(path) in taken or path in firsts:
            number += 1
            path = folder / f"{source.stem}-{number}{end}"
        taken[path] = None
        firsts.add(_of_first_page(path))
    return list(taken)


def of_page(path: Path, page: int) -> Path:
    """Name the file of a page of a source, from 0 on, the first of which is called `path`."""
    return path.with_stem(f"{path.stem}-page{page + 1}") if page else path


def with_pages(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield paths, and the files of further pages that are there already, which would be written anew."""
    named = dict.fromkeys(paths)
    yield from named
    for folder in {path.parent for path in named}:
        if folder.is_dir():
            yield from (path for path in folder.iterdir() if path not in named and _of_first_page(path) in named)


def _of_first_page(path: Path) -> Path:
    """Return what the first page is called whose further pages may be called `path`."""
    return path.with_stem(_PAGE.sub("", path.stem))


def check_folder(path: Path) -> None:
    """Refuse a file whose folder is missing or cannot be written. Raises OutputError."""
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"cannot save {path}: no folder {folder}; make it first")
    if path.is_dir():
        raise OutputError(f"cannot save {path}: it is a folder")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"cannot save {path}: {folder} is not writable")


def make_folder(folder: Path) -> None:
    """Make the folder that results go to, where there is none. Raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make folder {folder}: {error.strerror or error}") from None
