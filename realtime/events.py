"""Write what became of the numbers: settled, changed, gone."""

import csv
import io
import json
from collections.abc import Iterable

import click

from realtime.capture import Frame
from realtime.sinks import Sink, TextSink
from realtime.tracker import Track, Tracker

COLUMNS = ("source", "frame", "time", "event", "id", "text", "was", "confidence", "row", "x", "y", "w", "h")


class Events(TextSink):
    """Write what settled, changed and went: a table where the path ends in .csv, else one JSON object a line."""

    def __init__(self, path: str, tracker: Tracker) -> None:
        super().__init__(path)
        self._tracker = tracker
        self._table = path.lower().endswith(".csv")
        if self._table:
            self.put(_row(COLUMNS))

    def take(self, frame: Frame, tracks: list[Track], latency_ms: float) -> None:
        """Write the events of the tracker's last update."""
        lines = []
        for e in self._tracker.events:
            place = (
                frame.source,
                frame.index,
                round(e.time, 3),
                e.kind,
                e.id,
                e.text,
                e.was,
                round(e.confidence, 4),
                e.row,
            )
            if self._table:
                lines.append(_row((*place, *e.box)))
            else:
                line = dict(zip(COLUMNS[:9], place, strict=True)) | {"box": list(e.box)}
                lines.append(json.dumps(line, ensure_ascii=False) + "\n")
        if lines:
            self.put("".join(lines))


class Spoken(Sink):
    """Write each number to standard output as it settles or changes, one a line."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def take(self, frame: Frame, tracks: list[Track], latency_ms: float) -> None:
        """Write the numbers of the tracker's last update."""
        for event in self._tracker.events:
            if event.kind != "gone":
                click.echo(event.text)


def _row(values: Iterable[object]) -> str:
    """Return a line of a table."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()
