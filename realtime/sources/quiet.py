"""Ask decoders without letting them write to the terminal, and tell what they complain of in one line."""

import io
import logging
import os
import struct
import sys
import tempfile
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from realtime.sources.frame import SourceError

if TYPE_CHECKING:
    from PIL import Image

# Pixels of one picture, at most: three bytes each, one of this size takes 0.6 GB. Larger ones are refused by their
# header, before they fill the memory. Set by hand.
MAX_PIXELS = 200_000_000
# What Pillow and libheif raise for files that are damaged, found by fuzzing.
BROKEN = (
    *(OSError, ValueError, SyntaxError, LookupError, EOFError, MemoryError, TypeError, ArithmeticError),
    *(RuntimeError, AttributeError, struct.error, zlib.error),
)


def check_size(size: tuple[int, int], name: str) -> None:
    """Raise SourceError for a picture of more than MAX_PIXELS, size (w, h), which errors call `name`."""
    if size[0] * size[1] > MAX_PIXELS:
        raise SourceError(f"picture {name} is too large ({size[0]}x{size[1]}): make it smaller first")


def broken(error: Exception, name: str) -> SourceError:
    """Return what a decoder raised as an error of one line about the picture `name`."""
    if isinstance(error, SourceError):
        return error
    return SourceError(f"cannot read picture {name}: {first_line(error)}")


def first_line(error: Exception) -> str:
    """Return the first line of what an error says, its type where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


@contextmanager
def open_quietly(data: bytes) -> "Iterator[Image.Image]":
    """Open a picture's bytes by Pillow without its warnings, of sizes, which are checked here, and of odd metadata."""
    from PIL import Image

    log = logging.getLogger("PIL")
    level = log.level
    log.setLevel(logging.CRITICAL)
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # `check_size` holds one limit for all kinds
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as picture:
                yield picture
    finally:
        Image.MAX_IMAGE_PIXELS = limit
        log.setLevel(level)


@contextmanager
def catch_stderr() -> Iterator[list[str]]:
    """Catch what C libraries write to standard error; the lines are there after the block."""
    lines: list[str] = []
    with suppress(AttributeError, OSError, ValueError):  # there is none in a program without a terminal
        sys.stderr.flush()
    with tempfile.TemporaryFile() as file:
        try:
            kept = os.dup(2)
        except OSError:
            yield lines
            return
        os.dup2(file.fileno(), 2)
        try:
            yield lines
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            lines += [line.strip() for line in file.read(10_000).decode(errors="replace").splitlines() if line.strip()]
