"""Write on a thread of its own, so that the disk never stalls reading."""

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import cv2

T = TypeVar("T")


class Background(Generic[T]):
    """Hand items to `work` in order, on one thread, with room for `room` of them waiting.

    `lost` counts items that found no room. What `work` raises is raised by the next `offer` or `put`, or by `close`.
    """

    def __init__(self, work: Callable[[T], None], room: int) -> None:
        self.lost = 0
        self._work = work
        self._items: queue.Queue[T | None] = queue.Queue(room)
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

    def put(self, item: T) -> None:
        """Hand over an item, waiting for room."""
        self._raise()
        self._items.put(item)

    def close(self) -> None:
        """Work off what waits, stop the thread and join it."""
        self._items.put(None)
        self._thread.join()
        self._raise()

    def _raise(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _run(self) -> None:
        broken = False
        while (item := self._items.get()) is not None:
            if broken:
                continue  # nobody may wait for room in vain
            try:
                self._work(item)
            except (OSError, ValueError, MemoryError, cv2.error) as error:
                self._error, broken = error, True
