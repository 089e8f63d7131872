"""Measure how long each stage of reading takes, with a clock that is handed to the code that reads."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter


class StageClock:
    """Add up in `seconds`, by name, the time that stages take; a stage within another counts to the outermost alone.

    >>> clock = StageClock()
    >>> with clock.stage("outer"), clock.stage("inner"):
    ...     pass
    >>> list(clock.seconds)
    ['outer']
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._running = False

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time spent in the body of this context manager, s, to the stage of that name."""
        if self._running:
            yield
            return
        self._running = True
        start = perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - start
            self._running = False
