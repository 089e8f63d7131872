"""Write on a thread of its own, so that the disk never stalls reading."""

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import cv2

# How many items may wait to be written before further ones are left out: of frames of a camera nearly a second, which
# rides out a stall of the disk and, at 720p, holds 66 MB. Set by hand.
CAPACITY = 24

T = TypeVar("T")


class BackgroundWriter(Generic[T]):
    """Hand items to `write` in order, on one thread, while up to `capacity` of them may wait.

    Items that find no room are left out, and `warn` is told so: at the first one, and how many they were at the end.
    wait: `offer` waits for room instead.
    target: the file or folder that is written. What `write` raises is raised by the next `offer`, or by `close`.
    """

    def __init__(
        self,
        write: Callable[[T], None],
        target: Path,
        warn: Callable[[str], None],
        capacity: int = CAPACITY,
        wait: bool = False,
    ) -> None:
        self._wait = wait
        self._write, self._target, self._warn = write, target, warn
        self._lost = 0
        self._items: queue.Queue[T | None] = queue.Queue(capacity)
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def offer(self, item: T) -> None:
        """Hand over an item if there is room, without waiting unless that was asked for."""
        self._raise()
        try:
            self._items.put(item, block=self._wait)
        except queue.Full:
            self._lost += 1
            if self._lost == 1:
                self._warn(f"writing {self._target} cannot keep up: some frames are left out of it")

    def close(self) -> None:
        """Write what waits, stop the thread and join it."""
        self._items.put(None)
        self._thread.join()
        if self._lost:
            self._warn(f"{self._target} lacks {self._lost} frames: writing could not keep up")
        self._raise()

    def _raise(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _run(self) -> None:
        failed = False
        while (item := self._items.get()) is not None:
            if failed:
                continue  # what waits is taken off all the same, so that `close` finds room
            try:
                self._write(item)
            except (OSError, ValueError, MemoryError, cv2.error) as error:
                self._error, failed = error, True
