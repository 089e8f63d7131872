"""Hand out only the newest frame of a camera or stream, and open it again when it is lost."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.sources.frame import Frame, SourceError, stated_rate

# Pauses, s, between attempts to open a lost source again; the last one repeats. Set by hand: a network hiccup costs a
# tenth of a second. An attempt takes up to 2 s where nothing answers; with half a second more a source that is well
# again is back within 3 s.
RECONNECT_PAUSES = (0.1, 0.2, 0.5)
# How long, s, the loop waits for a new frame before it is told that there is none, so that a window goes on answering
# keys. Set by hand: 20 times a second feels immediate.
POLL_INTERVAL = 0.05


class LiveCapture:
    """The newest frames of a live source, read by one thread into one slot; a context manager that joins it.

    `opener` opens the source and raises SourceError where it cannot, `name` is written into the frames. A source that
    stalls or ends is opened again with growing pauses, at whatever frame size, for `give_up` seconds. `outage` is empty
    while frames come, else it says what is lost and since when; `dropped` counts the frames that were replaced before
    they were taken, `reconnections` how often the source came back. Raises SourceError where it cannot be opened, or
    opens without giving a frame.
    """

    def __init__(self, opener: Callable[[], cv2.VideoCapture], name: str, give_up: float = 60.0) -> None:
        self.name, self.give_up = name, give_up
        self.outage, self.dropped, self.reconnections = "", 0, 0
        self._opener = opener
        self._capture = opener()
        self._started = time.monotonic()
        self._index = 0
        self._slot: Frame | None = None
        self._error: Exception | None = None
        self._fresh, self._closing = threading.Condition(), threading.Event()
        first = self._grab()
        if first is None:
            self._capture.release()
            raise SourceError(f"{name} opened but gave no frame: does another program use it?")
        self.fps = stated_rate(self._capture, limit=240)
        self._interval = 0.0  # s between frames, as an exponential mean
        self._last = first.time
        self._put(first)
        self._thread = threading.Thread(target=self._read, name="live-capture", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the reading thread and join it; a driver that hangs is left behind after 5 s."""
        self._closing.set()
        self._thread.join(timeout=5)

    def frames(self) -> Iterator[Frame | None]:
        """Yield the newest frame, never one twice, or None where none came in the last POLL_INTERVAL seconds.

        Raises SourceError where the source was lost for `give_up` seconds, and what the reading thread raised.
        """
        while True:
            with self._fresh:
                # A frame that has waited for more than half the way to the next one is let go for that one. At 30
                # frames a second a slow reader then works on what is up to 17 ms younger, and waits 4 ms on average.
                if self._slot is not None and self.age(self._slot) > self._interval / 2:
                    self._fresh.wait(self._interval)
                elif self._slot is None and self._error is None:
                    self._fresh.wait(POLL_INTERVAL)
                frame, self._slot = self._slot, None
                if frame is None and self._error is not None:
                    raise self._error
            yield frame

    def age(self, frame: Frame) -> float:
        """Return how long ago a frame was captured, s."""
        return time.monotonic() - self._started - frame.time

    def _read(self) -> None:
        """Read until closed; runs in the thread, which alone touches the capture."""
        try:
            while not self._closing.is_set():
                frame = self._grab()
                if frame is not None:
                    self._put(frame)
                elif not self._closing.is_set():
                    self._reconnect()
        except (OSError, ValueError, MemoryError, cv2.error) as error:
            with self._fresh:
                self._error = error
                self._fresh.notify()
        finally:
            self._capture.release()

    def _grab(self) -> Frame | None:
        """Read a frame, or return None where the source gives none."""
        if not self._capture.grab():
            return None
        taken = time.monotonic() - self._started
        image: NDArray[np.uint8] | None
        ok, image = self._capture.retrieve()
        if not ok or image is None or not image.size:
            return None
        frame = Frame(image, self._index, taken, self.name)
        self._index += 1
        return frame

    def _put(self, frame: Frame) -> None:
        """Lay a frame into the slot in place of an unread one."""
        with self._fresh:
            self.dropped += self._slot is not None
            self._interval += 0.1 * (min(frame.time - self._last, POLL_INTERVAL) - self._interval)
            self._slot, self._last, self.outage = frame, frame.time, ""
            self._fresh.notify()

    def _reconnect(self) -> None:
        """Open the source again until it gives a frame. Raises SourceError after `give_up` seconds."""
        lost, attempt = time.monotonic(), 0
        while not self._closing.is_set():
            gone = time.monotonic() - lost
            if gone > self.give_up:
                raise SourceError(f"{self.name} was lost and did not come back within {self.give_up:g} s")
            self.outage = f"lost {self.name} {gone:.0f} s ago: attempt {attempt + 1} to open it again"
            self._capture.release()
            self._closing.wait(RECONNECT_PAUSES[min(attempt, len(RECONNECT_PAUSES) - 1)])
            attempt += 1
            try:
                self._capture = self._opener()
            except SourceError:
                continue
            frame = self._grab()
            if frame is not None:
                self.reconnections += 1
                self._put(frame)
                return
