"""Follow numbers from frame to frame and vote on their text, so that a reading does not flicker.

A number is "seen" at first, "settled" once enough frames agree on its text, and gone when it was out of sight for long.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from realtime.motion import Placed, common_motion, match
from realtime.reading import CONFIDENCE, Box, Digit, Reading, enclose
from realtime.votes import Verdict, Votes, is_part

PATIENCE = 2.0  # s a number may be out of sight, behind a hand, and keep its id
GLIMPSE = 0.6  # s that one which never settled is remembered
HOLD = 0.25  # s a settled number is still shown when frames do not show it
COVERED = 1.2  # s that a settled text outlives frames which show only a part of it
DOUBT = 0.2  # s after which two frames that agree on another text unsettle a number
ALONE = 4.0  # s that bare strokes, read as 1, must be in sight to settle where no other number has: most are edges
NEVER = 0.5  # s without a frame that agrees after which it is unsettled in any case


@dataclass(frozen=True)
class Span:
    """One text that a number held while settled: first and last time seen, s."""

    text: str
    first: float
    last: float


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


@dataclass(frozen=True)
class Track:
    """A number as it stands after a frame. `state` is "seen" or "settled", `first` and `last` when it was seen, s.

    `digits` carry the voted texts. `fresh` tells that they were seen in this very frame; else they stand where the
    sheet's motion carries them.
    """

    id: int
    row: int
    digits: tuple[Digit, ...]
    first: float
    last: float
    state: str = "seen"
    text: str = ""
    confidence: float = 0.0
    fresh: bool = True

    @property
    def box(self) -> Box:
        """The box around all digits, x, y, w, h, half-open, frame pixels."""
        return enclose([digit.box for digit in self.digits])


class _Trail:
    """A number followed over frames: its votes, the track it shows, where it stands, and the texts it held.

    boxes: (n, 4) x, y, w, h of its digits, not rounded, so that they do not drift while carried along.
    """

    def __init__(self, number: int, reading: Reading, time: float) -> None:
        self.track = Track(number, reading.row, reading.digits, time, time)
        self.boxes = np.array([digit.box for digit in reading.digits], np.float64)
        self.spans: list[Span] = []
        self.hidden = False
        self._votes = Votes()
        self._agreed = time  # when a frame last agreed with the settled text

    def move(self, boxes: NDArray[np.float64]) -> None:
        """Carry the digits to boxes (n, 4); they are not fresh until seen again."""
        self.boxes = boxes
        self.track = replace(self.track, fresh=False)

    def view(self) -> Track:
        """Return the track with its digits where they stand."""
        if self.track.fresh:
            return self.track
        boxes = np.rint(self.boxes).astype(int).tolist()
        digits = (replace(digit, box=tuple(box)) for digit, box in zip(self.track.digits, boxes, strict=True))
        return replace(self.track, digits=tuple(digits))

    def miss(self, time: float) -> None:
        """Take in a frame that does not show the number."""
        self._votes.cast(None, time)

    def see(self, reading: Reading, time: float, confidence: float, company: bool) -> None:
        """Take in one frame's reading and decide anew; company: another number has settled."""
        ballot = self._votes.cast(reading, time)
        verdict = self._votes.count(confidence, first=not self.spans)
        if set(verdict.text) == {"1"} and not (self.spans or company or time - self.track.first >= ALONE):
            verdict = replace(verdict, settles=False)
        settled = self.track.state == "settled"
        # After a gap a part of a number does not speak for the whole: something else may stand there now.
        self.hidden = settled and (self.hidden or time - self.track.last > HOLD)
        self.track = replace(self.track, last=time)
        if settled and ballot.agrees(self.track.text):
            self._agreed = time
        if settled and not self._yields(reading, verdict, time):
            if len(verdict.text) == len(reading.digits) and ballot.agrees(self.track.text):
                self._show(reading, self.track.text, verdict, "settled")
        elif len(verdict.text) == len(reading.digits):
            self._show(reading, verdict.text, verdict, "settled" if verdict.settles else "seen")
        elif settled:
            self.track = replace(self.track, state="seen")
        if self.track.state == "settled":
            self._agreed = time if not settled else self._agreed
            self._extend(time)

    def _yields(self, reading: Reading, verdict: Verdict, time: float) -> bool:
        """Tell whether the settled text must give way to what the frames now add up to."""
        without = time - self._agreed
        if verdict.text == self.track.text:
            return False
        if is_part(reading, self.boxes, self.track.text):
            return without > COVERED
        return verdict.settles or (verdict.frames >= 2 and without >= DOUBT) or without >= NEVER

    def _show(self, reading: Reading, text: str, verdict: Verdict, state: str) -> None:
        """Show a text over this frame's digits."""
        digits = tuple(
            Digit(t, float(s), d.box, d.blob, d.probabilities)
            for t, s, d in zip(text, verdict.confidences, reading.digits, strict=True)
        )
        self.boxes = np.array([digit.box for digit in digits], np.float64)
        self.hidden = False
        least = min(digit.confidence for digit in digits)
        self.track = replace(
            self.track, row=reading.row, digits=digits, state=state, text=text, confidence=least, fresh=True
        )

    def _extend(self, time: float) -> None:
        """Keep the spans of settled text up to date."""
        if self.spans and self.spans[-1].text == self.track.text:
            self.spans[-1] = Span(self.track.text, self.spans[-1].first, time)
        else:
            self.spans.append(Span(self.track.text, self._agreed if self.spans else self.track.first, time))


class Tracker:
    """Match each frame's readings to the numbers known so far.

    `confidence` is that below which a digit is "?". `events` are those of the last update.
    """

    def __init__(self, confidence: float = CONFIDENCE) -> None:
        self.confidence = confidence
        self.events: list[Event] = []
        self._trails: list[_Trail] = []
        self._gone: list[_Trail] = []
        self._next = 1

    def update(self, readings: list[Reading], time: float) -> list[Track]:
        """Take in one frame's readings, also when there are none, at `time` in s; return the numbers to show."""
        before = {trail.track.id: trail.spans[-1].text if trail.spans else "" for trail in self._trails}
        old = _place([(trail.track.text, trail.boxes) for trail in self._trails])
        new = _place([(r.text, np.array([digit.box for digit in r.digits], np.float64)) for r in readings])
        old = old.moved(common_motion(old, new))
        pairs = match(old, new)
        for i, trail in enumerate(self._trails):
            trail.move(old.boxes[old.digits(i)])
            if i in pairs:
                trail.see(readings[pairs[i]], time, self.confidence, self._company(trail))
            else:
                trail.miss(time)
        for j in sorted(set(range(len(readings))) - set(pairs.values())):
            self._trails.append(_Trail(self._next, readings[j], time))
            self._trails[-1].see(readings[j], time, self.confidence, False)
            self._next += 1
        self._retire(before, time)
        return [trail.view() for trail in self._trails if self._shown(trail, time)]

    def settled(self) -> list[Span]:
        """Return every text that settled, by the time it was first seen."""
        spans = [(span.first, trail.track.id, span) for trail in self._gone + self._trails for span in trail.spans]
        return [span for *_, span in sorted(spans, key=lambda item: item[:2])]

    def reset(self) -> None:
        """Forget all numbers; ids go on."""
        self._trails, self._gone, self.events = [], [], []

    def _company(self, trail: _Trail) -> bool:
        """Tell whether a number other than this one has settled and is not gone."""
        return any(other.spans for other in self._trails if other is not trail)

    def _shown(self, trail: _Trail, time: float) -> bool:
        """Tell whether a number is to be shown: seen in this frame, or settled and missed only just now."""
        track = trail.track
        if trail.hidden:
            return False
        if track.last == time:
            return True
        if track.state != "settled" or time - track.last > HOLD:
            return False
        return not any(_meet(trail.boxes, other.boxes) for other in self._trails if other.track.last == time)

    def _retire(self, before: dict[int, str], time: float) -> None:
        """Part with numbers long out of sight or written over, and tell the events of this update."""
        fresh = [trail for trail in self._trails if trail.track.state == "settled" and trail.track.last == time]
        stay, gone = [], []
        for trail in self._trails:
            away = time - trail.track.last
            over = away > HOLD and any(_meet(trail.boxes, other.boxes) for other in fresh)
            (gone if over or away > (PATIENCE if trail.spans else GLIMPSE) else stay).append(trail)
        self._trails = stay
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


def _event(kind: str, trail: _Trail, was: str, time: float) -> Event:
    """Tell an event of a number."""
    track = trail.track
    text = trail.spans[-1].text if kind == "gone" else track.text
    return Event(kind, time, track.id, text, was, track.confidence, track.row, track.box)


def settle(readings: list[Reading]) -> list[Track]:
    """Turn the readings of a picture into settled tracks: it has no later frames to wait for."""
    return [Track(i + 1, r.row, r.digits, 0.0, 0.0, "settled", r.text, r.confidence) for i, r in enumerate(readings)]


def _meet(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Tell whether two numbers, boxes (n, 4), cover each other by more than a third of the smaller one."""
    (low_a, high_a), (low_b, high_b) = (((c[:, :2]).min(axis=0), (c[:, :2] + c[:, 2:]).max(axis=0)) for c in (a, b))
    shared = np.maximum(np.minimum(high_a, high_b) - np.maximum(low_a, low_b), 0).prod()
    return bool(shared > min((high_a - low_a).prod(), (high_b - low_b).prod()) / 3)
