"""Follow numbers from frame to frame and vote on their text, so that a reading does not flicker."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from realtime.reading import CONFIDENCE, UNSURE, Box, Digit, Reading

MEMORY = 0.25  # s after which a frame's evidence counts 1/e
SETTLE_FRAMES = 3  # frames in a row that must agree before a number is settled
AGREE = 0.6  # share of the remembered evidence that must be for the text shown
PATIENCE = 2.0  # s a number may be out of sight, behind a hand, and keep its id
FLOOR = 1e-4  # probabilities below this count as this: one frame alone rules no digit out


@dataclass(frozen=True)
class Span:
    """One text that a number held while settled: first and last time seen, s."""

    text: str
    first: float
    last: float


@dataclass
class Track:
    """A number followed over frames. `state` is "seen" or "settled"; `digits` as last seen, their texts by vote."""

    id: int
    row: int
    digits: tuple[Digit, ...]
    first: float
    last: float
    state: str = "seen"
    text: str = ""
    confidence: float = 0.0
    spans: list[Span] = field(default_factory=list)
    _evidence: dict[int, NDArray[np.float64]] = field(default_factory=dict, repr=False)
    _weight: dict[int, float] = field(default_factory=dict, repr=False)
    _agreed: int = 0

    @property
    def box(self) -> Box:
        """The box around all digits where last seen, x, y, w, h, half-open, frame pixels."""
        return Reading(self.digits, self.row).box

    def see(self, reading: Reading, time: float) -> None:
        """Add one frame's reading to the evidence and vote anew."""
        fade = float(np.exp(-max(0.0, time - self.last) / MEMORY))
        for length in self._weight:
            self._weight[length] *= fade
            self._evidence[length] *= fade
        length = len(reading.digits)
        logs = np.log(np.maximum([digit.probabilities for digit in reading.digits], FLOOR))
        self._evidence[length] = self._evidence.get(length, 0.0) + logs
        self._weight[length] = self._weight.get(length, 0.0) + 1.0
        self.row, self.last = reading.row, time
        self._vote(reading)
        if self.state == "settled":
            self._extend(time)

    def _vote(self, reading: Reading) -> None:
        """Choose the length with most evidence, and each digit by its mean log-probability."""
        length = max(self._weight, key=lambda n: self._weight[n])
        if length != len(reading.digits):
            self._agreed = 0  # a bad frame: keep showing what was voted
            return
        mean = np.exp(self._evidence[length] / self._weight[length])
        mean /= mean.sum(axis=1, keepdims=True)
        best, sure = mean.argmax(axis=1), mean.max(axis=1)
        texts = [str(b) if s >= CONFIDENCE else UNSURE for b, s in zip(best, sure, strict=True)]
        text = "".join(texts)
        self._agreed = self._agreed + 1 if text == self.text else 1
        self.text, self.confidence = text, float(sure.min())
        self.digits = tuple(
            Digit(t, float(s), d.box, d.blob, d.probabilities)
            for t, s, d in zip(texts, sure, reading.digits, strict=True)
        )
        share = self._weight[length] / sum(self._weight.values())
        if self._agreed >= SETTLE_FRAMES and share >= AGREE:
            self.state = "settled"
        elif self.spans and self.spans[-1].text != text:
            self.state = "seen"

    def _extend(self, time: float) -> None:
        """Keep the spans of settled text up to date."""
        if self.spans and self.spans[-1].text == self.text:
            self.spans[-1] = Span(self.text, self.spans[-1].first, time)
        else:
            self.spans.append(Span(self.text, self.spans[-1].last if self.spans else self.first, time))


class Tracker:
    """Match each frame's readings to the numbers known so far."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self.gone: list[Track] = []
        self._next = 1

    def update(self, readings: list[Reading], time: float) -> list[Track]:
        """Take in one frame's readings, also when there are none, at `time` in s; return the tracks seen in it."""
        pairs = sorted(
            (distance, i, j)
            for i, track in enumerate(self.tracks)
            for j, reading in enumerate(readings)
            if (distance := _distance(track.box, reading.box)) is not None
        )
        matched: dict[int, Track] = {}
        taken: set[int] = set()
        for _, i, j in pairs:
            if i not in taken and j not in matched:
                taken.add(i)
                matched[j] = self.tracks[i]
        for j, reading in enumerate(readings):
            if j not in matched:
                matched[j] = Track(self._next, reading.row, reading.digits, time, time)
                self.tracks.append(matched[j])
                self._next += 1
            matched[j].see(reading, time)
        self.gone += [track for track in self.tracks if time - track.last > PATIENCE]
        self.tracks = [track for track in self.tracks if time - track.last <= PATIENCE]
        return [matched[j] for j in range(len(readings))]

    def settled(self) -> list[Span]:
        """Return every text that settled, by the time it was first seen."""
        spans = [(span.first, track.id, span) for track in self.gone + self.tracks for span in track.spans]
        return [span for *_, span in sorted(spans, key=lambda item: item[:2])]


def settle(readings: list[Reading]) -> list[Track]:
    """Turn the readings of a picture into settled tracks: it has no later frames to wait for."""
    return [Track(i + 1, r.row, r.digits, 0.0, 0.0, "settled", r.text, r.confidence) for i, r in enumerate(readings)]


def _distance(a: Box, b: Box) -> float | None:
    """Return how far apart two boxes lie, in heights, or None where they are not the same number."""
    height = max(a[3], b[3])
    dx = abs((a[0] + a[2] / 2) - (b[0] + b[2] / 2)) / max(height, 0.5 * max(a[2], b[2]))
    dy = abs((a[1] + a[3] / 2) - (b[1] + b[3] / 2)) / height
    return dx + dy if dx < 0.7 and dy < 0.6 else None
