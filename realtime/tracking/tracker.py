"""Follow numbers from frame to frame and vote on their text, so that a reading does not flicker.

A number is "seen" at first, "settled" once enough frames agree on its text, and gone when it was out of sight for long.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.reading.ink import Box
from realtime.reading.page import Number
from realtime.reading.pipeline import CONFIDENCE
from realtime.tracking.matching import STILL, Motion, Placed, common_motion, match
from realtime.tracking.track import HOLD, FollowedNumber, Span, Track

PATIENCE = 2.0  # s a number may be out of sight, behind a hand, and keep its id
AWAY = 0.5  # s after which it is no longer expected back at any moment
FEW = 0.1  # share of the numbers
GLIMPSE = 0.6  # s that one which never settled is remembered


@dataclass(frozen=True)
class Event:
    """A change worth telling: kind "settled", "changed" (from `was`) or "gone", of the number `id` at `time`, s."""

    kind: str
    time: float
    id: int
    text: str
    was: str
    confidence: float
    row: int
    box: Box


class Tracker:
    """Match each frame's readings to the numbers known so far.

    `confidence` is that below which a digit is "?". `events` are those of the last frame. It is `calm` while all
    numbers in sight have settled, the last frame says of each what it settled as, and none went out of sight just now;
    of many numbers, all but FEW.
    """

    def __init__(self, confidence: float = CONFIDENCE) -> None:
        self.confidence = confidence
        self.events: list[Event] = []
        self._trails: list[FollowedNumber] = []
        self._gone: list[FollowedNumber] = []
        self._next = 1
        self._time = 0.0  # of the last frame

    def update(self, numbers: list[Number], time: float, image: NDArray[np.uint8] | None = None) -> list[Track]:
        """Take in one frame's readings, also when there are none, at `time` in s; return the numbers to show.

        image: the frame, (H, W, 3) BGR. With it a digit that was wiped away is told from one that is covered.
        """
        before = self._texts()
        old = _place([(trail.track.text, trail.boxes) for trail in self._trails])
        new = _place([(r.text, np.array([digit.box for digit in r.digits], np.float64)) for r in numbers])
        old = old.moved(common_motion(old, new))
        pairs = match(old, new)
        for i, trail in enumerate(self._trails):
            trail.move(old.boxes[old.digits(i)], fresh=False)
            if i in pairs:
                trail.see(numbers[pairs[i]], time, self.confidence, self._company(trail), image)
            else:
                trail.miss(time)
        for j in sorted(set(range(len(numbers))) - set(pairs.values())):
            self._trails.append(FollowedNumber(self._next, numbers[j], time))
            self._trails[-1].see(numbers[j], time, self.confidence, False, image)
            self._next += 1
        return self._shown_after(before, time)

    def carry(self, motion: Motion, time: float) -> list[Track]:
        """Take in a frame that shows just what the one before it showed, moved; nothing is voted on."""
        before = self._texts()
        places = _place([(trail.track.text, trail.boxes) for trail in self._trails])
        places = places if motion is STILL else places.moved(motion)
        for i, trail in enumerate(self._trails):
            if motion is not STILL:
                trail.move(places.boxes[places.digits(i)], fresh=trail.track.fresh)
            if trail.track.last == self._time:
                trail.stay(time)
        return self._shown_after(before, time)

    @property
    def calm(self) -> bool:
        """Whether there is nothing to decide, or next to nothing on a full page: see `Tracker`."""
        undecided = sum(
            not trail.calm
            if trail.track.last == self._time
            else bool(trail.spans) and self._time - trail.track.last <= AWAY
            for trail in self._trails
        )
        return undecided <= FEW * len(self._trails)

    @property
    def empty(self) -> bool:
        """Whether no number is known that may still be in sight."""
        return not self._trails

    def settled(self) -> list[Span]:
        """Return every text that settled, by the time it was first seen."""
        spans = [(span.first, trail.track.id, span) for trail in self._gone + self._trails for span in trail.spans]
        return [span for *_, span in sorted(spans, key=lambda item: item[:2])]

    def reset(self) -> None:
        """Forget all numbers; ids go on."""
        self._trails, self._gone, self.events = [], [], []

    def _company(self, trail: FollowedNumber) -> bool:
        """Tell whether a number other than this one has settled and is not gone."""
        return any(other.spans for other in self._trails if other is not trail)

    def _shown(self, time: float) -> list[FollowedNumber]:
        """Return the numbers to show: seen in this frame, or settled, missed only just now, and none in their place."""
        shown = [trail for trail in self._trails if not trail.hidden and time - trail.track.last <= HOLD]
        missed = [trail for trail in shown if trail.track.last != time and trail.track.state == "settled"]
        seen = [trail for trail in self._trails if trail.track.last == time]
        held = {trail.track.id for trail, covered in zip(missed, _covered(missed, seen), strict=True) if not covered}
        return [trail for trail in shown if trail.track.last == time or trail.track.id in held]

    def _texts(self) -> dict[int, str]:
        """Return the text that each number settled as last, empty where none did, by its id."""
        return {trail.track.id: trail.spans[-1].text if trail.spans else "" for trail in self._trails}

    def _shown_after(self, before: dict[int, str], time: float) -> list[Track]:
        """Part with what is gone, tell the events and return the numbers to show; before: the settled text by id."""
        self._time = time
        self._retire(before, time)
        return [trail.view() for trail in self._shown(time)]

    def _retire(self, before: dict[int, str], time: float) -> None:
        """Part with numbers long out of sight or written over, and tell the events of this update."""
        fresh = [trail for trail in self._trails if trail.track.state == "settled" and trail.track.last == time]
        away = [trail for trail in self._trails if time - trail.track.last > HOLD]
        over = {trail.track.id for trail, covered in zip(away, _covered(away, fresh), strict=True) if covered}
        stay, gone = [], []
        for trail in self._trails:
            lost = time - trail.track.last > (PATIENCE if trail.spans else GLIMPSE)
            (gone if lost or trail.track.id in over else stay).append(trail)
        self._trails = stay
        for trail in gone:
            trail.forget()
        self._gone += [trail for trail in gone if trail.spans]
        self.events = [_event("gone", trail, "", time) for trail in gone if trail.spans]
        for trail in fresh:
            was = before.get(trail.track.id, "")
            if was != trail.track.text:
                self.events.append(_event("changed" if was else "settled", trail, was, time))


def _place(numbers: list[tuple[str, NDArray[np.float64]]]) -> Placed:
    """Lay numbers, each a text and its digits' boxes (n, 4), out for matching."""
    boxes = np.concatenate([np.empty((0, 4)), *(boxes for _, boxes in numbers)])
    return Placed(tuple(text for text, _ in numbers), boxes, tuple(len(boxes) for _, boxes in numbers))


def _event(kind: str, trail: FollowedNumber, was: str, time: float) -> Event:
    """Tell an event of a number."""
    track = trail.track
    text = trail.spans[-1].text if kind == "gone" else track.text
    return Event(kind, time, track.id, text, was, track.confidence, track.row, track.box)


def settle(numbers: list[Number]) -> list[Track]:
    """Turn the readings of a picture into settled tracks: it has no later frames to wait for."""
    return [Track(i + 1, r.row, r.digits, 0.0, 0.0, "settled", r.text, r.confidence) for i, r in enumerate(numbers)]


def _covered(trails: list[FollowedNumber], others: list[FollowedNumber]) -> NDArray[np.bool_]:
    """Tell which of N numbers, (N,), share more than a third of the smaller one with one of others."""
    if not trails or not others:
        return np.zeros(len(trails), bool)
    (low, high), (start, stop) = _extents(trails), _extents(others)
    shared = np.maximum(np.minimum(high[:, None], stop) - np.maximum(low[:, None], start), 0).prod(axis=2)
    smaller = np.minimum((high - low).prod(axis=1)[:, None], (stop - start).prod(axis=1))
    return (shared > smaller / 3).any(axis=1)


def _extents(trails: list[FollowedNumber]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the corners of the box around each of N numbers, the upper left and the lower right ones, (N, 2) each."""
    boxes = [trail.boxes for trail in trails]
    return np.array([b[:, :2].min(axis=0) for b in boxes]), np.array([(b[:, :2] + b[:, 2:]).max(axis=0) for b in boxes])
