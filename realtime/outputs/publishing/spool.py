"""Keep messages on disk, in order, until they are delivered."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from realtime.outputs.files import make_folder
from realtime.outputs.sink import OutputError

CAPACITY = 100_000  # messages that may wait: a number that settles every second is kept for a day; about 50 MB


class Spool:
    """A queue in a file that survives a restart and a kill; a full one lets go of its oldest message.

    `lost` counts these. Raises OutputError where the file cannot be used, or another process uses it.
    """

    def __init__(self, path: Path, capacity: int = CAPACITY) -> None:
        self.path, self.lost, self._capacity = path, 0, capacity
        self._lock = threading.Lock()
        make_folder(path.parent)
        try:
            self._file = sqlite3.connect(path, timeout=0.5, isolation_level=None, check_same_thread=False)
            self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._file.execute("PRAGMA synchronous = FULL")
            # With AUTOINCREMENT no number comes twice, also when the queue was empty in between.
            self._file.execute(
                "CREATE TABLE IF NOT EXISTS messages (number INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL)"
            )
            self._file.execute("BEGIN EXCLUSIVE")  # the lock is kept from now on
            self._file.execute("COMMIT")
        except sqlite3.Error as error:
            used = "locked" in str(error)
            raise OutputError(
                f"cannot keep events in {path}: "
                + ("another command publishes from it; give this one another --spool" if used else str(error))
            ) from None

    def put(self, text: str) -> None:
        """Add a message. Raises OutputError where it cannot be kept."""
        with self._writing() as file:
            file.execute("INSERT INTO messages (text) VALUES (?)", (text,))
            surplus = max(0, self._count() - self._capacity)
            file.execute(
                "DELETE FROM messages WHERE number IN (SELECT number FROM messages ORDER BY number LIMIT ?)", (surplus,)
            )
            self.lost += surplus

    def first(self) -> tuple[int, str] | None:
        """Return the oldest message and its number, None where none waits."""
        with self._lock:
            found = self._file.execute("SELECT number, text FROM messages ORDER BY number LIMIT 1").fetchone()
        return (int(found[0]), str(found[1])) if found else None

    def done(self, number: int) -> None:
        """Let go of a message that was delivered. Raises OutputError where that cannot be kept."""
        with self._writing() as file:
            file.execute("DELETE FROM messages WHERE number = ?", (number,))

    def __len__(self) -> int:
        with self._lock:
            return self._count()

    def close(self) -> None:
        """Close the file; what waits stays in it."""
        with self._lock:
            self._file.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Change the file, all or nothing."""
        with self._lock:
            try:
                self._file.execute("BEGIN")
                yield self._file
                self._file.execute("COMMIT")
            except sqlite3.Error as error:
                with suppress(sqlite3.Error):
                    self._file.execute("ROLLBACK")
                raise OutputError(f"cannot keep events in {self.path}: {error}") from None

    def _count(self) -> int:
        return int(self._file.execute("SELECT COUNT(*) FROM messages").fetchone()[0])
