"""What the live window shows and obeys: the settings that keys change, and how reading goes."""

from dataclasses import dataclass

from realtime.live.collecting import Pick


@dataclass
class Controls:
    """What the user has set: how to read, and how to show."""

    confidence: float
    polarity: str
    mirror: bool = False
    steps: bool = False
    help: bool = False
    paused: bool = False
    full: bool = False
    quit: bool = False
    selected: Pick | None = None


@dataclass(frozen=True)
class Status:
    """How reading goes: frames a second, delay from capture to screen in ms (None for files), dropped frames."""

    fps: float
    delay_ms: float | None
    dropped: int
    device: str
    lost: str = ""
