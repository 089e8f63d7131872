"""Hold what a meter cannot say: a value that falls, or that changes too fast, until readings in a row confirm it."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from realtime.reading.expectation import value_of
from realtime.reading.wanted import Limits
from realtime.tracking.judgement import Judgement
from realtime.tracking.track import Track
from realtime.tracking.tracker import Event

CONFIRMED = 4  # readings that agree with each other after which they are believed against what was believed before


@dataclass(frozen=True)
class _Told:
    """A value, its text, and when it was seen last, s."""

    value: Decimal
    text: str
    time: float


@dataclass
class _Meter:
    """What is believed of one number, and what was read of it in `count` readings that cannot be so."""

    believed: _Told
    held: _Told | None = None
    count: int = 0


@dataclass
class Judge:
    """Judge the numbers of one source over time: one number of each region, or each by itself where there are none."""

    _meters: dict[str, _Meter] = field(default_factory=dict)

    def judge(
        self, tracks: list[Track], events: tuple[Event, ...], limits: Limits, time: float, read: bool
    ) -> tuple[list[Track], tuple[Event, ...]]:
        """Return the numbers of a frame at `time`, s, and its events with what is believed of each.

        read: whether the frame was read, not followed. What is held settles and changes nothing: its event is "held".
        What is believed at last changes then.
        """
        judged: list[Track] = []
        told = {event.id: event for event in events if event.kind != "gone"}
        kept = [event for event in events if event.kind == "gone"]
        for track in tracks:
            value = value_of(track.text) if track.state == "settled" else None
            if value is None:
                judged.append(track)
                continue
            key = track.region or f"#{track.id}"
            before = self._meters[key].believed if key in self._meters else None
            judgement = self._take(key, _Told(value, track.text, time), limits, read)
            judged.append(replace(track, judgement=judgement))
            event = told.pop(track.id, None)
            if judgement.error:
                kept += [replace(event, kind="held", judgement=judgement)] if event else []
            elif event:
                kept.append(replace(event, judgement=judgement))
            elif before is not None and before.text != track.text and track.fresh:
                kept.append(_believed(track, before.text, time, judgement))
        return judged, (*kept, *told.values())

    def _take(self, key: str, told: _Told, limits: Limits, read: bool) -> Judgement:
        """Take in a value, and return what is believed and why that is not it."""
        meter = self._meters.setdefault(key, _Meter(told))
        why = why_not(meter.believed, told, limits)
        if why and read:
            agrees = meter.held is not None and not why_not(meter.held, told, limits)
            meter.count, meter.held = (meter.count + 1 if agrees else 1), told
        if not why or meter.count >= CONFIRMED:
            meter.believed, meter.held, meter.count, why = told, None, 0, ""
        return Judgement(meter.believed.value, why)


def why_not(before: _Told, now: _Told, limits: Limits) -> str:
    """Say why a value cannot follow another, empty where it can; one step of the last digit always can."""
    if limits.rises and now.value < before.value:
        return f"falls from {before.text}"
    if limits.per_second is None:
        return ""
    places = max(-int(told.value.as_tuple().exponent) for told in (before, now))
    allowed = limits.per_second * Decimal(max(now.time - before.time, 0.0)) + Decimal(1).scaleb(-places)
    return f"too far from {before.text}" if abs(now.value - before.value) > allowed else ""


def _believed(track: Track, was: str, time: float, judgement: Judgement) -> Event:
    """Return the event of a number that is believed at last."""
    place = track.confidence, track.row, track.box, track.fits, track.region
    return Event("changed", time, track.id, track.text, was, *place, judgement)
