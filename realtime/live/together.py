"""Read several sources at once in one process: a thread each, the same networks for all."""

import queue
import threading
from collections.abc import Iterator, Sequence

from realtime.live.loop import LiveLoop
from realtime.sources.frame import SourceError
from realtime.tracking.tracked_frame import TrackedFrame

POLL = 0.1  # s without a frame after which the caller gets its turn


class _Ended:
    """What a thread gives last: the error that ended its source, None where it came to its end."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error


def read_together(
    loops: Sequence[LiveLoop], degrees: int = 0, limit: int | None = None
) -> Iterator[TrackedFrame | None]:
    """Yield the frames of all sources as they are read, each source's in order, None where none came for a while.

    degrees, limit: of each source, as `LiveLoop.frames` takes them. A source that is lost leaves the others going on;
    its SourceError is raised once all have ended. Whatever else a thread raises is raised at once.
    """
    given: queue.Queue[TrackedFrame | _Ended] = queue.Queue(len(loops))  # so that no file runs ahead of what is written
    closing = threading.Event()
    threads = [
        threading.Thread(target=_read, args=(loop, degrees, limit, given, closing), name=f"source {k}", daemon=True)
        for k, loop in enumerate(loops)
    ]
    for thread in threads:
        thread.start()
    lost: list[SourceError] = []
    running = len(threads)
    try:
        while running:
            try:
                told = given.get(timeout=POLL)
            except queue.Empty:
                yield None
                continue
            if isinstance(told, TrackedFrame):
                yield told
                continue
            running -= 1
            if isinstance(told.error, SourceError):
                lost.append(told.error)
            elif told.error is not None:
                raise told.error
    finally:
        closing.set()
        for thread in threads:
            thread.join(timeout=5)
    if lost:
        raise SourceError("; ".join(map(str, lost)))


def _read(
    loop: LiveLoop,
    degrees: int,
    limit: int | None,
    given: "queue.Queue[TrackedFrame | _Ended]",
    closing: threading.Event,
) -> None:
    """Read a source to its end; runs in its thread."""
    error: Exception | None = None
    try:
        for tracked in loop.frames(degrees, limit=limit):
            if tracked is not None:
                _put(tracked, given, closing)
            if closing.is_set():
                return
    except Exception as raised:  # noqa: BLE001 - raised again by the thread that asked for the frames
        error = raised
    _put(_Ended(error), given, closing)


def _put(told: TrackedFrame | _Ended, given: "queue.Queue[TrackedFrame | _Ended]", closing: threading.Event) -> None:
    """Hand something over, or give up once nobody takes anything."""
    while not closing.is_set():
        try:
            given.put(told, timeout=POLL)
            return
        except queue.Full:
            continue
