"""Let one process at a time write into a folder or a file that several may be told to write."""

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from realtime.outputs.sink import OutputError

# How long, s, one waits for another to add a line to a file, and between two looks. Set by hand.
PATIENCE, INTERVAL = 20.0, 0.01


@contextmanager
def only_writer(path: Path, wait: bool = False) -> Iterator[None]:
    """Hold the lock file `path`, with this process's id in it, while the block lasts; the system frees it at a kill.

    wait: another that holds it is waited for. Raises OutputError that names the process that holds it, or OSError's
    reason where the file cannot be made.
    """
    ends = time.monotonic() + (PATIENCE if wait else 0)
    try:
        while (file := _take(path)) is None:
            if time.monotonic() >= ends:
                raise OutputError(
                    f"process {_owner(path)} is writing into {path.parent}: wait for it to end, or name another folder"
                )
            time.sleep(INTERVAL)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"cannot write into {path.parent}: {error.strerror or error}") from None
    with file:
        try:
            yield
        finally:
            with suppress(OSError):  # Windows removes no open file; the lock is freed all the same
                path.unlink()


def _take(path: Path) -> IO[str] | None:
    """Open and lock a file, and write this process's id into it; None where another holds it, or has just let it go."""
    file = path.open("a+", encoding="utf-8")
    try:
        _lock(file)
        if not path.exists() or os.fstat(file.fileno()).st_ino != path.stat().st_ino:
            raise BlockingIOError
    except OSError as error:
        file.close()
        if isinstance(error, BlockingIOError | PermissionError) or error.errno == errno.EDEADLK:
            return None
        raise  # a disk that knows no locks
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _lock(file: IO[str]) -> None:
    """Lock an open file for this process alone. Raises OSError where another holds it."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(1 << 20)  # a byte behind what is written, so that others can read whose lock it is
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _owner(path: Path) -> str:
    """Return the id of the process that holds a lock file, as it stands there."""
    with suppress(OSError):
        return path.read_text(encoding="utf-8").strip() or "another"
    return "another"
