"""Write what became of the numbers: settled, changed, gone."""

import csv
import io
import json
from collections.abc import Iterable

import click

from realtime.outputs.sink import Sink
from realtime.outputs.text import TextSink
from realtime.tracking.tracked_frame import TrackedFrame

COLUMNS = ("source", "frame", "time", "event", "id", "text", "was", "confidence", "row", "x", "y", "w", "h")


class Events(TextSink):
    """Write what settled, changed and went: a table where the path ends in .csv, else one JSON object a line."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._table = path.lower().endswith(".csv")
        if self._table:
            self.put(_row(COLUMNS))

    def take(self, seen: TrackedFrame) -> None:
        """Write the events of the frame."""
        lines = []
        for e in seen.events:
            place = (
                seen.frame.source,
                seen.frame.index,
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


class SettledNumbers(Sink):
    """Write each number to standard output as it settles or changes, one a line."""

    def take(self, seen: TrackedFrame) -> None:
        """Write the numbers that settled or changed with the frame."""
        for event in seen.events:
            if event.kind != "gone":
                click.echo(event.text)


def _row(values: Iterable[object]) -> str:
    """Return a line of a table."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()
