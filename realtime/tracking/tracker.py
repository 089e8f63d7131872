"""Follow numbers from frame to frame and vote on their text, so that a reading does not flicker.

A number is "seen" at first, "settled" once enough frames agree on its text, and gone when it was out of sight for long.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from realtime.reading.box import Box
from realtime.reading.page import Number
from realtime.reading.pipeline import CONFIDENCE
from realtime.tracking.judgement import Judgement
from realtime.tracking.matching import NumberBoxes, common_motion, covered, match
from realtime.tracking.motion import Motion
from realtime.tracking.track import SHOW_MISSED, FollowedNumber, Track
from realtime.tracking.votes import Span

# Set by hand, on clips and made-up sheets over which a hand passes (tests/tracking/test_tracker.py).
KEEP_SETTLED = 2.0  # s that a number which has settled may be out of sight, behind a hand, and keep its id
KEEP_UNSETTLED = 0.6  # s that one which never settled is remembered: what clutter shows
EXPECTED_BACK = 0.5  # s that one which is out of sight is expected back at any moment, so that frames are read for it
MAX_UNDECIDED = 0.1  # share of the numbers in sight that may be undecided while the page as a whole is decided


@dataclass(frozen=True)
class Event:
    """A change worth telling: kind "settled", "changed" (from `was`) or "gone", of the number `id` at `time`, s.

    fits: whether the text is as expected, None where nothing is. region: the one that the number stands in, if any.
    judgement: what is believed, where numbers are judged; "held" tells of what is not.
    """

    kind: Literal["settled", "changed", "gone", "held"]
    time: float
    id: int
    text: str
    was: str
    confidence: float
    row: int
    box: Box
    fits: bool | None = None
    region: str = ""
    judgement: Judgement | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the event as it stands in a JSON line of events."""
        line = {
            "time": round(self.time, 3),
            "event": self.kind,
            "id": self.id,
            "text": self.text,
            "was": self.was,
            "confidence": round(self.confidence, 4),
            "row": self.row,
            "box": list(self.box),
        }
        line |= {} if self.fits is None else {"fits": self.fits}
        line |= {"region": self.region} if self.region else {}
        return line | (self.judgement.to_dict() if self.judgement else {})


class Tracker:
    """Match each frame's readings to the numbers known so far.

    `confidence` is that below which a digit is "?". settle: s for which readings must agree for a number to settle;
    None takes the times of votes. `events` are those of the last frame.
    """

    def __init__(self, confidence: float = CONFIDENCE, settle: float | None = None) -> None:
        self.confidence = confidence
        self._settle = settle
        self.events: list[Event] = []
        self._known: list[FollowedNumber] = []
        self._gone: list[FollowedNumber] = []
        self._next_id = 1
        self._time = 0.0  # of the last frame
        self.sayings = 0  # how often a person said, or took back, what a digit is

    def update(self, numbers: list[Number], time: float, image: NDArray[np.uint8] | None = None) -> list[Track]:
        """Take in one frame's readings, also when there are none, at `time` in s; return the numbers to show.

        image: the frame, (H, W, 3) BGR. With it a digit that was wiped away is told from one that is covered.
        """
        before = self._settled_texts()
        old = _boxes([(known.track.digit_text, known.boxes) for known in self._known])
        new = _boxes([(n.digit_text, np.array([digit.box for digit in n.digits], np.float64)) for n in numbers])
        old = old.moved(common_motion(old, new))
        pairs = match(old, new)
        for i, known in enumerate(self._known):
            known.move(old.boxes[old.digits(i)], fresh=False)
            if i in pairs:
                others = any(other.spans for other in self._known if other is not known)
                known.see(numbers[pairs[i]], time, self.confidence, others, image)
            else:
                known.miss(time)
        for j in sorted(set(range(len(numbers))) - set(pairs.values())):
            self._known.append(FollowedNumber(self._next_id, numbers[j], time, self._settle))
            self._known[-1].see(numbers[j], time, self.confidence, False, image)
            self._next_id += 1
        return self._shown_after(before, time)

    def carry(self, motion: Motion, time: float) -> list[Track]:
        """Take in a frame that shows just what the one before it showed, moved; nothing is voted on."""
        before = self._settled_texts()
        places = _boxes([(known.track.digit_text, known.boxes) for known in self._known])
        places = places.moved(motion) if motion.moved else places
        for i, known in enumerate(self._known):
            if motion.moved:
                known.move(places.boxes[places.digits(i)], fresh=known.track.fresh)
            if known.track.last == self._time:
                known.stay(time)
        return self._shown_after(before, time)

    @property
    def decided(self) -> bool:
        """Whether nothing is left to decide: all numbers in sight have settled, the last frame says of each what it
        settled as, and none went out of sight just now; of many numbers, all but a few.
        """
        undecided = sum(
            not known.decided
            if known.track.last == self._time
            else bool(known.spans) and self._time - known.track.last <= EXPECTED_BACK
            for known in self._known
        )
        return undecided <= MAX_UNDECIDED * len(self._known)

    @property
    def empty(self) -> bool:
        """Whether no number is known that may still be in sight."""
        return not self._known

    def settled(self) -> list[Span]:
        """Return every text that settled, by the time it was first seen."""
        spans = [(span.first, known.track.id, span) for known in self._gone + self._known for span in known.spans]
        return [span for *_, span in sorted(spans, key=lambda item: item[:2])]

    def say(self, number: int, place: int, label: str, image: NDArray[np.uint8], box: Box) -> None:
        """Take a digit of a number, by its id, for what a person says that it is in image (H, W, 3) BGR at a box."""
        for known in self._known:
            if known.track.id == number and place < len(known.track.digits):
                known.say(place, label, image, box)
        self._reconsider()

    def take_back(self, number: int, place: int) -> None:
        """Forget what a person said of a digit."""
        for known in self._known:
            if known.track.id == number:
                known.take_back(place)
        self._reconsider()

    def _reconsider(self) -> None:
        """Let all numbers take in at once what was learned."""
        self.sayings += 1
        for known in self._known:
            known.taught = True

    def reset(self) -> None:
        """Forget all numbers; ids go on."""
        self._known, self._gone, self.events = [], [], []

    def _shown(self, time: float) -> list[FollowedNumber]:
        """Return the numbers to show: seen in this frame, or settled, missed only just now, and none in their place.

        Of a settled number that this frame shows in parts, since a sign in it looked like one that parts numbers, one
        part speaks for the whole; the others are not shown.
        """
        shown = [known for known in self._known if not known.hidden and time - known.track.last <= SHOW_MISSED]
        missed = [known for known in shown if known.track.last != time and known.track.state == "settled"]
        seen = [known for known in self._known if known.track.last == time]
        wholes = [known for known in seen if known.track.state == "settled" and not known.track.fresh]
        others = [known for known in seen if known.track.state == "seen"]
        left_out = {
            known.track.id
            for group, over in ((missed, seen), (others, wholes))
            for known, hides in zip(group, covered(_places(group), _places(over)), strict=True)
            if hides
        }
        settled = {known.track.id for known in missed}
        return [
            known
            for known in shown
            if known.track.id not in left_out and (known.track.last == time or known.track.id in settled)
        ]

    def _settled_texts(self) -> dict[int, str]:
        """Return the text that each number settled as last, empty where none did, by its id."""
        return {known.track.id: known.spans[-1].text if known.spans else "" for known in self._known}

    def _shown_after(self, before: dict[int, str], time: float) -> list[Track]:
        """Part with what is gone, tell the events and return the numbers to show; before: the settled text by id."""
        self._time = time
        self._retire(before, time)
        return [known.view() for known in self._shown(time)]

    def _retire(self, before: dict[int, str], time: float) -> None:
        """Part with numbers long out of sight or written over, and tell the events of this update."""
        fresh = [known for known in self._known if known.track.state == "settled" and known.track.last == time]
        away = [known for known in self._known if time - known.track.last > SHOW_MISSED]
        hidden = covered(_places(away), _places(fresh))
        over = {known.track.id for known, hides in zip(away, hidden, strict=True) if hides}
        stay: list[FollowedNumber] = []
        gone: list[FollowedNumber] = []
        for known in self._known:
            lost = time - known.track.last > (KEEP_SETTLED if known.spans else KEEP_UNSETTLED)
            (gone if lost or known.track.id in over else stay).append(known)
        self._known = stay
        for known in gone:
            known.forget()
        self._gone += [known for known in gone if known.spans]
        self.events = [_event("gone", known, "", time) for known in gone if known.spans]
        for known in fresh:
            was = before.get(known.track.id, "")
            if was != known.track.text:
                self.events.append(_event("changed" if was else "settled", known, was, time))


def _boxes(numbers: list[tuple[str, NDArray[np.float64]]]) -> NumberBoxes:
    """Lay numbers, each a text and its digits' boxes (n, 4), out for matching."""
    boxes = np.concatenate([np.empty((0, 4)), *(boxes for _, boxes in numbers)])
    return NumberBoxes(tuple(text for text, _ in numbers), boxes, tuple(len(boxes) for _, boxes in numbers))


def _event(kind: Literal["settled", "changed", "gone"], known: FollowedNumber, was: str, time: float) -> Event:
    """Make the event of a number at a time, s; was: the text before it changed."""
    track = known.track
    text = known.spans[-1].text if kind == "gone" else track.text
    fits = track.expectation.allows(text) if track.expectation else None
    return Event(kind, time, track.id, text, was, track.confidence, track.row, track.box, fits, track.region)


def settle(numbers: list[Number]) -> list[Track]:
    """Turn the numbers of a picture into settled tracks: it has no later frames to wait for."""
    return [
        Track(i, n.row, n.digits, 0.0, 0.0, "settled", n.confidence, expectation=n.expectation, region=n.region)
        for i, n in enumerate(numbers, 1)
    ]


def _places(numbers: list[FollowedNumber]) -> list[NDArray[np.float64]]:
    """Return the boxes (n, 4) of each number's digits."""
    return [known.boxes for known in numbers]
