"""What all outputs share: each is a context manager that takes frames with the numbers seen in them."""

from types import TracebackType
from typing import Self

from realtime.tracking.tracked_frame import TrackedFrame


class OutputError(OSError):
    """A file or window that cannot be written or opened."""


class Sink:
    """The base of all sinks: opens nothing, closes nothing, and lets errors pass."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(error is None)

    def take(self, seen: TrackedFrame) -> None:
        """Take one frame with what was read in it."""
        raise NotImplementedError

    def close(self, whole: bool) -> None:
        """Finish; `whole` is False where the run broke off."""
