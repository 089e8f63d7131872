"""Hold what the live window shows and obeys: the settings that keys change, and how reading goes."""

from dataclasses import dataclass

from realtime.live.collecting import Selectable
from realtime.reading.box import Box
from realtime.reading.wanted import ALL, Wanted


@dataclass(frozen=True)
class Draft:
    """A region that is being drawn: from one corner to another in pixels of the frame; `name` as typed so far.

    placed: whether the mouse was let go, so that keys are letters of the name.
    """

    start: tuple[float, float] | None = None
    end: tuple[float, float] | None = None
    placed: bool = False
    name: str = ""

    @property
    def box(self) -> Box | None:
        """The region so far, None before it is begun."""
        if self.start is None or self.end is None:
            return None
        (left, right), (top, bottom) = sorted((self.start[0], self.end[0])), sorted((self.start[1], self.end[1]))
        return round(left), round(top), round(right - left), round(bottom - top)


@dataclass
class Controls:
    """What the user has set: how to read, how to show, and what is selected.

    confidence: probability below which a digit is "?". polarity: "auto", "dark" or "light" ink. steps: whether the ink
    and what was refused are shown. zoom, centre: how many times the picture is enlarged, and around which place, in
    shares of its width and height. wanted: what is read. draft: a region that is being drawn.
    """

    confidence: float
    polarity: str
    mirror: bool = False
    steps: bool = False
    help: bool = False
    paused: bool = False
    full_screen: bool = False
    quit: bool = False
    selected: Selectable | None = None
    zoom: float = 1.0
    centre: tuple[float, float] = (0.5, 0.5)
    wanted: Wanted = ALL
    draft: Draft | None = None


@dataclass(frozen=True)
class Status:
    """How reading goes.

    fps: frames read a second. delay_ms: from capture to screen, None for files. dropped: frames passed over. device:
    what reads and with which network. outage: empty while frames come, else what is lost and since when.
    """

    fps: float
    delay_ms: float | None
    dropped: int
    device: str
    outage: str = ""
