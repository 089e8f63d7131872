"""Decide what a number's text is from many frames of it: by evidence that fades, and by frames that agree."""

import math
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from realtime.reading.page import UNSURE, Digit, Number

# Set by hand, so that rewritten ink settles within half a second and what clips without writing show does not settle
# (tests/tracking/test_tracker.py and test_settling.py).
MEMORY = 0.3  # s after which a frame's evidence counts 1/e
FORGET_AFTER, MIN_KEPT = 0.9, 5  # frames older than this, s, are forgotten, but never the last few of them
SETTLE_FRAMES = 3  # frames that must agree before a number is settled
SETTLE_TIME = 0.2  # s that these must span
# Of a source so slow that its frames lie at least so far apart, s, two that agree are enough: of slides that stand two
# seconds and come once a second, there are no more.
SLOW_SETTLE_TIME = 1.0
# A single digit must stand longer before it settles first, and be sure in each frame that counts: of all that clutter
# shows those are by far the most.
LONE_SETTLE_TIME = 0.4  # s
SETTLE_SHARE = 0.6  # share of the evidence kept, of frames without the number too, that must be for the text
# Share of all frames kept, none of them faded, that must be for a number's first text, or for another sign in it.
FIRST_SHARE = 0.7
MIN_PROBABILITY = 1e-4  # probabilities below this count as this: one frame alone rules no digit out
MAX_STEP = 0.4  # a digit farther than this from its place, heights, is not the one that stood there


@dataclass(frozen=True)
class Span:
    """One text that a number held while settled, when it was first and last seen, s, and its region, if any."""

    text: str
    first: float
    last: float
    region: str = ""


@dataclass(frozen=True)
class Ballot:
    """What one frame said of a number: its time, s, log-probabilities (n, 11), likeliest digits, and the sign before
    each of them; none if unseen."""

    time: float
    logs: NDArray[np.float64]
    best: str
    signs: tuple[str, ...]

    def agrees(self, text: str) -> bool:
        """Tell whether the frame's likeliest digits are this text, "?" standing for any digit."""
        return self.best == text or (
            len(self.best) == len(text) and all(t in (UNSURE, b) for t, b in zip(text, self.best, strict=True))
        )


@dataclass(frozen=True)
class Tally:
    """What the frames add up to: digits, the confidence of each (n,), and whether enough frames agree on them.

    signs: for each digit what stands before it, and in which share of the frames that agree. frames: how many agree.
    since: the time of the first of those, s.
    """

    text: str
    confidences: NDArray[np.float64]
    signs: tuple[dict[str, float], ...]
    settles: bool
    frames: int
    since: float

    def sign(self, place: int, held: str | None) -> str:
        """Return the sign before a digit: of most frames, but the one held so far unless nearly all say another."""
        likeliest = max(self.signs[place], key=self.signs[place].__getitem__)
        return likeliest if held is None or self.signs[place][likeliest] >= FIRST_SHARE else held


@dataclass
class Votes:
    """The ballots of one number over time; settle: s for which they must agree, None for the times above."""

    settle: float | None = None
    _ballots: deque[Ballot] = field(default_factory=deque)

    def cast(self, number: Number | None, time: float) -> Ballot:
        """Add what a frame said, None where the number was not seen in it."""
        digits = number.digits if number is not None else ()
        logs = _logs(digits)
        ballot = Ballot(
            time,
            logs,
            "".join(map(str, logs[:, :10].argmax(axis=1).tolist())),
            tuple(digit.before for digit in digits),
        )
        self._ballots.append(ballot)
        kept = FORGET_AFTER if self.settle is None else max(FORGET_AFTER, 1.5 * self.settle)
        while len(self._ballots) > MIN_KEPT and time - self._ballots[0].time > kept:
            self._ballots.popleft()
        return ballot

    def rewrite(self, place: int, digits: Sequence[Digit]) -> None:
        """Let all ballots of as many digits say of one of them what is known of it now."""
        for i, ballot in enumerate(self._ballots):
            if len(ballot.logs) == len(digits):
                logs = ballot.logs.copy()
                logs[place] = _logs(digits[place : place + 1])
                best = ballot.best[:place] + str(int(logs[place, :10].argmax())) + ballot.best[place + 1 :]
                self._ballots[i] = replace(ballot, logs=logs, best=best)

    def count(self, confidence: float, first: bool) -> Tally:
        """Choose the length with most evidence, and each digit by its mean log-probability; "?" below `confidence`.

        first: whether the number never settled before.
        """
        now = self._ballots[-1].time
        fade = [math.exp((ballot.time - now) / MEMORY) for ballot in self._ballots]
        weights: dict[int, float] = {}
        for ballot, weight in zip(self._ballots, fade, strict=True):
            weights[len(ballot.logs)] = weights.get(len(ballot.logs), 0.0) + weight
        length = max((n for n in weights if n), key=weights.__getitem__)
        chosen = [i for i, ballot in enumerate(self._ballots) if len(ballot.logs) == length]
        logs = np.concatenate([self._ballots[i].logs for i in chosen]).reshape(len(chosen), -1)
        evidence = (np.array([fade[i] for i in chosen]) @ logs).reshape(length, -1)
        chances = np.exp(evidence / weights[length])
        chances = chances[:, :10] / chances.sum(axis=1, keepdims=True)
        sure = chances.max(axis=1)
        text = "".join(str(b) if s >= confidence else UNSURE for b, s in zip(chances.argmax(axis=1), sure, strict=True))
        lone = first and length == 1
        agreeing = [
            i
            for i, ballot in enumerate(self._ballots)
            if ballot.agrees(text) and not (lone and math.exp(ballot.logs[0, :10].max()) < confidence)
        ]
        share = sum(fade[i] for i in agreeing) / sum(fade)
        settles = (
            UNSURE not in text
            and agreeing[-1:] == [len(fade) - 1]
            and self._agree_for_long(agreeing, LONE_SETTLE_TIME if lone else SETTLE_TIME)
            and share >= SETTLE_SHARE
            and not (first and len(agreeing) < FIRST_SHARE * len(fade))
        )
        signs = tuple(self._count_signs(place, agreeing or chosen) for place in range(length))
        return Tally(text, sure, signs, settles, len(agreeing), self._ballots[agreeing[0]].time if agreeing else now)

    def _count_signs(self, place: int, ballots: list[int]) -> dict[str, float]:
        """Return which signs stand before a digit in some of the ballots, each with the share of them that say so."""
        counts = Counter(self._ballots[i].signs[place] for i in ballots)
        return {sign: count / len(ballots) for sign, count in counts.items()}

    def _agree_for_long(self, agreeing: list[int], usual: float) -> bool:
        """Tell whether the ballots that agree, by their indices, the last one among them, are enough to settle.

        usual: s that they must span where neither the user nor the source says otherwise.
        """
        times = [self._ballots[i].time for i in agreeing]
        span = times[-1] - times[0] + 1e-6
        if self.settle is not None:
            return span >= self.settle
        slow = len(times) > 1 and agreeing[-2] == agreeing[-1] - 1 and times[-1] - times[-2] + 1e-6 >= SLOW_SETTLE_TIME
        return slow or (len(agreeing) >= SETTLE_FRAMES and span >= usual)


def _logs(digits: Sequence[Digit]) -> NDArray[np.float64]:
    """Return the log-probabilities (n, 11) of digits, the last that it is none."""
    chances = np.empty((len(digits), 11))
    chances[:, :10] = np.array([digit.probabilities for digit in digits]).reshape(-1, 10)
    chances[:, 10] = 1 - chances[:, :10].sum(axis=1)
    return np.log(np.maximum(chances, MIN_PROBABILITY))


def hidden_places(seen: Number, boxes: NDArray[np.float64], text: str) -> tuple[list[int], NDArray[np.float64]]:
    """Return which digits of a known number one frame lacks, where it shows what a cover or a blur leaves of it.

    seen: the number as that frame shows it. boxes (n, 4), text: the digits of the known one. One digit may differ: the
    one at the cover's edge. None where what is seen is something else: no part, or another number. Returns too how far
    (2,), pixels, the digits that are seen lie from their places.
    """
    nothing: list[int] = []
    unmoved = np.zeros(2)
    if len(seen.digits) >= len(text):
        return nothing, unmoved
    centres, height = boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 3].mean()
    differ, taken, steps = 0, [], []
    for digit in seen.digits:
        x, y, w, h = digit.box
        step = (x + w / 2, y + h / 2) - centres
        nearest = int(np.abs(step).max(axis=1).argmin())
        if np.abs(step[nearest]).max() > MAX_STEP * height or nearest in taken:
            return nothing, unmoved
        taken.append(nearest)
        steps.append(step[nearest])
        differ += digit.text not in (UNSURE, text[nearest])
    # A hand hides an end, or leaves a stretch; a pen hides a single digit, be it in the middle.
    hidden = [place for place in range(len(text)) if place not in taken]
    if len(hidden) > 1 and max(taken) - min(taken) >= len(taken):
        return nothing, unmoved
    return (hidden if differ == 0 or (differ == 1 < len(taken)) else nothing), np.median(steps, axis=0)
