"""Hand events over to whoever takes them, on a thread of its own: each once, in order, and again until it is taken."""

import json
import os
import threading
import time
import uuid
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from realtime.outputs.publishing.spool import Spool
from realtime.outputs.sink import OutputError, Sink
from realtime.tracking.tracked_frame import TrackedFrame

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0  # s until the next try after a failure, doubled each time
FINISH = 3.0  # s for which what waits is still tried at the end of a run

_RUN = uuid.uuid4().hex  # tells the events of this run from those of any other

Message = dict[str, Any]


class DeliveryError(OSError):
    """A message was not taken now; it may be later."""


class RefusedError(OSError):
    """A message was refused for good: asking again would not help."""


class Target(Protocol):
    """Who takes messages: `name` for people, and `deliver`, which raises DeliveryError or RefusedError."""

    name: str

    def deliver(self, message: Message) -> None: ...

    def close(self) -> None: ...


class Publisher(Sink):
    """Keep the events of frames in a spool and deliver them to a target from there.

    A message is the line of an event with `key`, the same whenever and to whomever it is sent, never used for another,
    and `at`, the time of day. warn: told in a line when the target is away, when it is back, and what is left in the
    end.
    """

    def __init__(self, target: Target, spool: Spool, warn: Callable[[str], None]) -> None:
        self._target, self._spool, self._warn = target, spool, warn
        self._wake, self._ending, self._deadline = threading.Event(), False, 0.0
        self._away = False
        self._error: OutputError | None = None
        if len(spool):
            warn(f"{target.name}: {len(spool)} events wait from an earlier run")
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    def take(self, tracked: TrackedFrame) -> None:
        """Keep the events of a frame for delivery. Raises OutputError where they cannot be kept."""
        if self._error is not None:
            raise self._error
        source = zlib.crc32(os.fsencode(tracked.frame.source))  # several sources count frames and numbers alike
        for event in tracked.events:
            message = {"source": tracked.frame.source, "frame": tracked.frame.index} | event.to_dict()
            message |= {
                "key": f"{_RUN}-{source:08x}-{tracked.frame.index}-{event.id}-{event.kind}",
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            }
            self._spool.put(json.dumps(message))
            self._wake.set()

    def close(self) -> None:
        """Deliver what can be delivered within FINISH, say what is left, and part with the target."""
        self._ending, self._deadline = True, time.monotonic() + FINISH
        self._wake.set()
        self._thread.join(2 * FINISH)
        self._target.close()
        left = len(self._spool)
        if left:
            self._warn(f"{self._target.name}: {left} events wait in {self._spool.path} for the next run")
        if self._spool.lost:
            self._warn(
                f"{self._target.name}: {self._spool.lost} oldest events were let go, {self._spool.path} was full"
            )
        if not self._thread.is_alive():
            self._spool.close()

    def _run(self) -> None:
        try:
            self._deliver_all()
        except OutputError as error:
            self._error = error

    def _deliver_all(self) -> None:
        """Deliver what waits, and what comes, until the run ends."""
        pause = FIRST_WAIT
        while not (self._ending and time.monotonic() > self._deadline):
            self._wake.clear()
            waiting = self._spool.first()
            if waiting is None:
                if self._ending:
                    return
                self._wake.wait()
                continue
            if self._deliver(*waiting):
                pause = FIRST_WAIT
                continue
            self._rest(pause)
            pause = min(2 * pause, LONGEST_WAIT)

    def _deliver(self, number: int, text: str) -> bool:
        """Try to deliver a message; tell whether it need not be tried again."""
        try:
            self._target.deliver(json.loads(text))
        except DeliveryError as error:
            if not self._away:
                self._warn(f"{self._target.name} takes no events ({error}); they wait in {self._spool.path}")
            self._away = True
            return False
        except RefusedError as error:
            self._warn(f"{self._target.name} refused an event for good ({error}): {text}")
        if self._away:
            self._warn(f"{self._target.name} takes events again")
        self._away = False
        self._spool.done(number)
        return True

    def _rest(self, seconds: float) -> None:
        """Wait before the next try, not longer than the run goes on."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._ending:
            time.sleep(0.05)
        if self._ending:
            time.sleep(0.2)
