"""Write events: numbers that settled, changed or went."""

import json
from math import inf
from typing import Any

import click

from realtime.outputs.sink import Sink
from realtime.outputs.text import TextSink, csv_line
from realtime.reading.page import named
from realtime.tracking.tracked_frame import TrackedFrame

# Columns of the table of events.
COLUMNS = (
    *("source", "frame", "time", "event", "id", "text", "was", "confidence", "row"),
    *("x", "y", "w", "h", "fits", "region", "value", "error"),
)

# Seconds that a settled text must be in sight to be written to standard output: long enough to be meant. Set by hand.
MEANT = 0.5


class Events(TextSink):
    """Write what settled, changed and went: a table where the path ends in .csv, else one JSON object a line."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._table = path.lower().endswith(".csv")
        if self._table:
            self.put(csv_line(COLUMNS))

    def take(self, tracked: TrackedFrame) -> None:
        """Write the events of the frame."""
        place: dict[str, Any] = {"source": tracked.frame.source, "frame": tracked.frame.index}
        for event in tracked.events:
            line = place | event.to_dict()
            if self._table:
                line |= dict(zip("xywh", line["box"], strict=True))
                self.put(csv_line(line.get(name, "") for name in COLUMNS))
            else:
                self.put(json.dumps(line, ensure_ascii=False) + "\n")


class SettledNumbers(Sink):
    """Write each number to standard output, one a line, once it has been in sight for `hold` s with a settled text.

    What passes by, as a hand or a turned page does, is not written; what is in sight at the end is. source: is written
    before each, if it is given.
    """

    def __init__(self, hold: float = MEANT, source: str = "") -> None:
        self._hold, self._source = hold, source
        self._waiting: dict[int, tuple[str, float]] = {}  # by id, text and since when, s, of what is in sight
        self._shown: dict[int, str] = {}  # by id, the text that was written as last
        self._last = inf  # when the frame before was taken, s

    def take(self, tracked: TrackedFrame) -> None:
        """Write what has been in sight for long enough with this frame."""
        time, before, self._waiting = tracked.frame.time, self._waiting, {}
        # Of a slow source, what settles with this frame was in sight since the one before: that was long enough.
        begins, self._last = self._last if time - self._last >= self._hold else time, time
        for track in tracked.tracks:
            told = named(track.region, track.text)
            held = track.judgement is not None and bool(track.judgement.error)
            if track.state == "settled" and not held and self._shown.get(track.id) != told:
                text, since = before.get(track.id, ("", begins))
                self._waiting[track.id] = told, since if text == told else begins
        self._write([number for number, (_, since) in self._waiting.items() if time - since >= self._hold])
        for event in tracked.events:
            if event.kind == "gone":
                self._shown.pop(event.id, None)

    def close(self) -> None:
        """Write what is in sight at the end."""
        self._write(list(self._waiting))

    def _write(self, numbers: list[int]) -> None:
        for number in numbers:
            self._shown[number] = self._waiting.pop(number)[0]
            click.echo(named(self._source, self._shown[number]))


class SettledOfEach(Sink):
    """The same for several sources at once, each number after the name of its source."""

    def __init__(self, hold: float = MEANT) -> None:
        self._hold = hold
        self._of: dict[str, SettledNumbers] = {}

    def take(self, tracked: TrackedFrame) -> None:
        """Write what has been in sight for long enough in this frame's source."""
        source = tracked.frame.source
        self._of.setdefault(source, SettledNumbers(self._hold, source)).take(tracked)

    def close(self) -> None:
        """Write what is in sight at the end."""
        for settled in self._of.values():
            settled.close()
