"""Read text files of settings, truth and recordings within bounds, whatever lies at their path."""

import errno
import stat
import tomllib
from pathlib import Path
from typing import Any

# Bytes of a text file and of one of settings, at most: parsed, they take up to fifty times as much. Set by hand.
MAX_TEXT, MAX_SETTINGS = 2**24, 2**20


def read_text(path: Path, limit: int = MAX_TEXT) -> str:
    """Read a text file in UTF-8, with or without its mark, of at most `limit` bytes.

    Raises OSError for what is no file, as a pipe or a device, or too large, UnicodeDecodeError for what is no text.
    """
    told = path.stat()
    if not stat.S_ISREG(told.st_mode) and not stat.S_ISDIR(told.st_mode):
        raise OSError(errno.EINVAL, "no regular file", str(path))
    if told.st_size > limit:
        raise OSError(errno.EFBIG, f"larger than {limit >> 20} MB", str(path))
    with path.open("rb") as file:
        return file.read(limit).decode("utf-8-sig")


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file. Raises OSError as `read_text` does, ValueError that says in one line what is no TOML."""
    try:
        return tomllib.loads(read_text(path, MAX_SETTINGS))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError as error:  # of text and of TOML
        raise ValueError(str(error).splitlines()[0]) from None
