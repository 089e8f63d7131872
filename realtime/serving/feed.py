"""Keep what settled in all sources, and wake those who wait for news of it."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

KEPT = 200  # events that are kept for pages that open later; set by hand


class Feed:
    """The events of all sources, numbered from 1; `tell` may be called from any thread once `open` was."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: deque[tuple[int, str, dict[str, Any]]] = deque(maxlen=KEPT)
        self._waiting: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        """Take the news from now on to the loop that runs."""
        self._loop = asyncio.get_running_loop()

    def tell(self, source: str, events: Sequence[dict[str, Any]]) -> None:
        """Take note of what settled in a source, nothing perhaps, and wake all who wait."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
                self._loop.call_soon_threadsafe(self._note, source, events)

    def wake(self) -> None:
        """Wake all who wait."""
        for news in self._waiting:
            news.set()

    def since(self, number: int, source: str | None = None) -> list[tuple[int, dict[str, Any]]]:
        """Return the events after a number, of one source or of all, each with its own number."""
        return [(n, event) for n, of, event in self._kept if n > number and source in (None, of)]

    @contextmanager
    def news(self) -> Iterator[asyncio.Event]:
        """Give what is set whenever there are news, while the block lasts."""
        news = asyncio.Event()
        self._waiting.add(news)
        try:
            yield news
        finally:
            self._waiting.discard(news)

    def _note(self, source: str, events: Sequence[dict[str, Any]]) -> None:
        for event in events:
            self.count += 1
            self._kept.append((self.count, source, event))
        self.wake()
