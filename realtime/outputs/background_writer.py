"""Write on a thread of its own, so that the disk never stalls reading."""

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import cv2

# How many items may wait to be written before further ones are left out: of frames of a camera nearly a second, which
# rides out a stall of the disk and, at 720p, holds 66 MB. Set by hand.
CAPACITY = 24

T = TypeVar("T")


class BackgroundWriter(Generic[T]):
    """Hand items to `write` in order, on one thread, while up to `capacity` of them may wait.

    `lost` counts items that found no room. What `write` raises is raised by the next `offer` or `put`, or by `close`.
    """

    def __init__(self, write: Callable[[T], None], capacity: int = CAPACITY) -> None:
        self.lost = 0
        self._write = write
        self._items: queue.Queue[T | None] = queue.Queue(capacity)
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def offer(self, item: T) -> bool:
        """Hand over an item if there is room, without waiting; tell whether there was."""
        self._raise()
        try:
            self._items.put_nowait(item)
        except queue.Full:
            self.lost += 1
            return False
        return True

    def close(self) -> None:
        """Write what waits, stop the thread and join it."""
        self._items.put(None)
        self._thread.join()
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
