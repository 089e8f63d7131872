"""Make frames with numbers as tests of outputs need them, without reading any picture."""

import numpy as np

from realtime.reading.page import Digit, Line, Number, Page
from realtime.sources.frame import Frame
from realtime.tracking.track import Track
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Event


def make_number(
    text: str, left: int = 10, top: int = 20, width: int = 14, height: int = 22, gap: int = 6, row: int = 0
) -> Number:
    """Make a number of digits side by side, "?" for an unsure one, each a little less sure than the one before.

    Points, commas and a minus stand between them.
    """
    digits: list[Digit] = []
    before = ""
    for sign in text:
        if sign in ".,-":
            before = sign
            continue
        i = len(digits)
        probabilities = np.full(10, 0.01, np.float32)
        probabilities[int(sign) if sign != "?" else 3] = 0.91 if sign != "?" else 0.4
        box = (left + i * (width + gap), top, width, height)
        digits.append(Digit(sign, 0.91 - i / 100, box, i, probabilities, before=before))
        before = ""
    return Number(tuple(digits), row)


def make_frame(index: int = 0, source: str = "a.png", time: float = 0.0) -> Frame:
    """Make a grey frame of 160x90 pixels."""
    return Frame(np.full((90, 160, 3), 128, np.uint8), index, time, source)


def track_frame(
    frame: Frame,
    tracks: list[Track] | None = None,
    latency_ms: float = 1.0,
    events: tuple[Event, ...] = (),
    lines: tuple[Line, ...] = (),
    confidence: float = 0.6,
    polarity: str = "auto",
) -> TrackedFrame:
    """Return a frame with these numbers and events, as though it had been read with these settings."""
    nothing = np.zeros((0, 4), np.int32)
    page = Page(
        looks=(),
        boxes=nothing,
        crops=np.zeros((0, 1, 28, 28), np.uint8),
        digits=np.zeros((0, 10), np.float32),
        reject=np.zeros(0, np.float32),
        refusals=[],
        numbers=[],
        lines=list(lines),
        size=(frame.image.shape[1], frame.image.shape[0]),
        confidence=confidence,
        polarity=polarity,
        latency_ms=latency_ms,
    )
    return TrackedFrame(frame, page, tracks or [], latency_ms, events)
