"""One frame of a source with all that was read in it, and the numbers as they stand after it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from realtime.reading.ink import Ink, find_ink
from realtime.reading.page import Page
from realtime.sources.frame import Frame
from realtime.tracking.track import Track
from realtime.tracking.tracker import Event


@dataclass(frozen=True)
class TrackedFrame:
    """A frame, the page that was read in it or followed into it, its numbers, and how long that took, ms.

    events: what settled, changed or went with this frame.
    """

    frame: Frame
    page: Page
    tracks: list[Track]
    latency_ms: float
    events: tuple[Event, ...] = ()

    @cached_property
    def ink(self) -> Ink:
        """The ink of this very frame."""
        return find_ink(self.frame.image, self.page.polarity) if self.page.moved else self.page.ink

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON line of the frame: the form promised to readers outside the project, which only grows.

        A digit has the key "model" where two networks read it: it names the one that was believed.
        """
        height, width = self.frame.image.shape[:2]
        return {
            "source": self.frame.source,
            "frame": self.frame.index,
            "time": round(self.frame.time, 3),
            "size": [width, height],
            "latency_ms": round(self.latency_ms, 2),
            "numbers": [track.to_dict() for track in self.tracks],
        }
