"""Hold what the live window shows and obeys: the settings that keys change, and how reading goes."""

from dataclasses import dataclass

from realtime.live.collecting import Selectable


@dataclass
class Controls:
    """What the user has set: how to read, how to show, and what is selected.

    confidence: probability below which a digit is "?". polarity: "auto", "dark" or "light" ink. steps: whether the ink
    and what was refused are shown. zoom, centre: how many times the picture is enlarged, and around which place, in
    shares of its width and height.
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
