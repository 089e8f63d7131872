"""Define what all outputs share: each is a context manager that takes frames with the numbers read in them."""

from typing import Self

from realtime.tracking.tracked_frame import TrackedFrame


class OutputError(OSError):
    """A file or window that cannot be written or opened."""


class Sink:
    """The base of all outputs of frames, a context manager that closes itself and lets errors pass."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take(self, tracked: TrackedFrame) -> None:
        """Take one frame with what was read in it. Raises OutputError where it cannot be written."""
        raise NotImplementedError

    def close(self) -> None:
        """Finish what was begun, also where the run broke off. Raises OutputError where that cannot be done."""
