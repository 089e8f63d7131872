"""Write events: numbers that settled, changed or went."""

import json
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
    """Write each number to standard output as it settles or changes, one a line."""

    def take(self, tracked: TrackedFrame) -> None:
        """Write the numbers that settled or changed with the frame."""
        for event in tracked.events:
            if event.kind in ("settled", "changed"):
                click.echo(named(event.region, event.text))
