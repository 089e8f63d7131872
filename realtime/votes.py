"""Decide what a number's text is from many frames of it: by evidence that fades, and by frames that agree."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from realtime.reading import UNSURE, Box, Reading

MEMORY = 0.3  # s after which a frame's evidence counts 1/e
WINDOW, LEAST_KEPT = 0.9, 5  # frames older than this, s, are forgotten, but never the last few of them
SETTLE_FRAMES = 3  # frames that must agree before a number is settled
SETTLE_TIME = 0.2  # s that these must span
AGREE = 0.6  # share of the remembered frames, those without the number included, that must be for the text
FLOOR = 1e-4  # probabilities below this count as this: one frame alone rules no digit out


@dataclass(frozen=True)
class Ballot:
    """What one frame said of a number: its time, s, and log-probabilities (n, 10), None where it was not seen."""

    time: float
    logs: NDArray[np.float64] | None

    def agrees(self, text: str) -> bool:
        """Tell whether the frame's likeliest digits are this text, "?" standing for any digit."""
        if self.logs is None or len(self.logs) != len(text):
            return False
        best = self.logs.argmax(axis=1)
        return all(t in (UNSURE, str(b)) for t, b in zip(text, best, strict=True))


@dataclass(frozen=True)
class Verdict:
    """What the frames add up to: a text, each digit's confidence (n,), and whether enough frames agree on it."""

    text: str
    confidences: NDArray[np.float64]
    settles: bool
    frames: int


@dataclass
class Votes:
    """The ballots of one number over time."""

    _ballots: deque[Ballot] = field(default_factory=deque)

    def cast(self, reading: Reading | None, time: float) -> Ballot:
        """Add what a frame said, None where the number was not seen in it."""
        logs = None
        if reading is not None:
            logs = np.log(np.maximum([digit.probabilities for digit in reading.digits], FLOOR)).astype(np.float64)
        ballot = Ballot(time, logs)
        self._ballots.append(ballot)
        while len(self._ballots) > LEAST_KEPT and time - self._ballots[0].time > WINDOW:
            self._ballots.popleft()
        return ballot

    def count(self, confidence: float) -> Verdict:
        """Choose the length with most evidence, and each digit by its mean log-probability; "?" below `confidence`."""
        now = self._ballots[-1].time
        fade = [float(np.exp((ballot.time - now) / MEMORY)) for ballot in self._ballots]
        weight: dict[int, float] = {}
        evidence: dict[int, NDArray[np.float64]] = {}
        for ballot, w in zip(self._ballots, fade, strict=True):
            if ballot.logs is not None:
                length = len(ballot.logs)
                weight[length] = weight.get(length, 0.0) + w
                evidence[length] = evidence.get(length, 0.0) + w * ballot.logs
        length = max(weight, key=lambda n: weight[n])
        chances = np.exp(evidence[length] / weight[length])
        chances /= chances.sum(axis=1, keepdims=True)
        sure = chances.max(axis=1)
        text = "".join(str(b) if s >= confidence else UNSURE for b, s in zip(chances.argmax(axis=1), sure, strict=True))
        agreeing = [i for i, ballot in enumerate(self._ballots) if ballot.agrees(text)]
        share = sum(fade[i] for i in agreeing) / sum(fade)
        settles = (
            UNSURE not in text
            and len(agreeing) >= SETTLE_FRAMES
            and agreeing[-1] == len(fade) - 1
            and now - self._ballots[agreeing[0]].time >= SETTLE_TIME
            and share >= AGREE
        )
        return Verdict(text, sure, settles, len(agreeing))


def is_part(reading: Reading, boxes: list[Box], text: str) -> bool:
    """Tell whether a reading is what a partly covered or blurred number leaves: some of its digits, in their places.

    boxes, text: the digits of the number. One of the reading's digits may differ: the one at the cover's edge.
    """
    if len(reading.digits) > len(boxes):
        return False
    height = float(np.median([box[3] for box in boxes]))
    differ, taken = 0, set()
    for digit in reading.digits:
        x, y = digit.box[0] + digit.box[2] / 2, digit.box[1] + digit.box[3] / 2
        distances = [max(abs(x - b[0] - b[2] / 2), abs(y - b[1] - b[3] / 2)) for b in boxes]
        nearest = int(np.argmin(distances))
        if distances[nearest] > 0.5 * height or nearest in taken:
            return False
        taken.add(nearest)
        differ += digit.text not in (UNSURE, text[nearest])
    return differ <= (len(reading.digits) < len(boxes))
