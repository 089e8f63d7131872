"""What a meter cannot say is held and told as held, and believed once readings in a row confirm it."""

from decimal import Decimal

import pytest

from realtime.outputs.publishing.web import influx_line
from realtime.reading.wanted import Limits
from realtime.tracking.plausibility import CONFIRMED, Judge
from realtime.tracking.track import Track
from realtime.tracking.tracker import Event, Tracker
from tests.tracked_frames import make_number

RISES, SLOW = Limits(rises=True), Limits(per_second=Decimal(1) / 60)


class Meter:
    """A meter of which readings come a second apart; `said` holds what was told of it."""

    def __init__(self, limits: Limits, region: str = "") -> None:
        self.limits, self.region = limits, region
        self.tracker, self.judge, self.time = Tracker(), Judge(), 0.0
        self.said: list[tuple[str, str, str]] = []

    def show(self, text: str, times: int = 1, read: bool = True, apart: float = 1.0) -> Track:
        """Show a number for some readings; return its track."""
        for _ in range(times):
            self.time += apart
            number = make_number(text)
            tracks = self.tracker.update([number], self.time)
            events = tuple(self.tracker.events)
            judged, told = self.judge.judge(tracks, events, self.limits, self.time, read)
            self.said += [(event.kind, event.was, event.text) for event in told]
        return judged[0]


def settle(meter: Meter, text: str) -> Track:
    """Show a number until it settles."""
    return meter.show(text, 3)


def test_a_value_that_falls_is_held_and_then_believed() -> None:
    meter = Meter(RISES)
    assert settle(meter, "500").judgement is not None
    held = settle(meter, "498")
    assert held.text == "498" and held.judgement is not None
    assert held.judgement.to_dict() == {"value": 500.0, "error": "falls from 500"}
    assert meter.said == [("settled", "", "500"), ("held", "500", "498")]
    believed = meter.show("498", CONFIRMED)
    assert believed.judgement is not None and believed.judgement.to_dict() == {"value": 498.0, "error": ""}
    assert meter.said[2:] == [("changed", "500", "498")]


def test_a_jump_that_goes_away_again_changes_nothing() -> None:
    meter = Meter(SLOW)
    for text in ("0100", "0900", "0100", "0101"):
        track = settle(meter, text)
    assert track.judgement is not None and track.judgement.error == ""
    assert [said for said in meter.said if said[0] == "held"] == [("held", "0100", "0900")]
    assert meter.said[-1][2] == "0101"


def test_readings_that_do_not_agree_with_each_other_confirm_nothing() -> None:
    meter = Meter(SLOW)
    settle(meter, "0100")
    for text in ("0900", "0300", "0700", "0500", "0200"):
        track = settle(meter, text)
        assert track.judgement is not None and track.judgement.value == 100


def test_a_new_meter_that_runs_is_believed() -> None:
    meter = Meter(RISES)
    settle(meter, "900")
    for text in ("001", "002", "003"):
        track = settle(meter, text)
    assert track.judgement is not None and track.judgement.to_dict() == {"value": 3.0, "error": ""}


def test_frames_that_were_not_read_confirm_nothing() -> None:
    meter = Meter(RISES)
    settle(meter, "500")
    settle(meter, "498")
    track = meter.show("498", 2 * CONFIRMED, read=False)
    assert track.judgement is not None and track.judgement.error


@pytest.mark.parametrize(("seconds", "now", "held"), [(60, "105", False), (60, "108", True), (600, "150", False)])
def test_how_far_a_value_may_go_depends_on_the_time(seconds: float, now: str, held: bool) -> None:
    judge = Judge()
    limits = Limits(per_second=Decimal(6) / 60)

    def track(text: str) -> Track:
        return Track(1, 0, make_number(text).digits, 0.0, 0.0, "settled", region="meter")

    judge.judge([track("100")], (), limits, 0.0, read=True)
    ((judged,), _) = judge.judge([track(now)], (), limits, seconds, read=True)
    assert judged.judgement is not None and bool(judged.judgement.error) == held


def test_a_region_is_one_meter_whatever_number_stands_there() -> None:
    judge, events = Judge(), []
    for k, text in enumerate(("500", "400")):
        track = Track(k, 0, make_number(text).digits, 0.0, 0.0, "settled", region="cold")
        event = Event("settled", float(k), k, text, "", 0.9, 0, track.box, region="cold")
        events += judge.judge([track], (event,), RISES, float(k), read=True)[1]
    assert [event.kind for event in events] == ["settled", "held"]
    line = events[1].to_dict()
    assert (line["text"], line["value"], line["error"]) == ("400", 500.0, "falls from 500")
    assert influx_line(line | {"source": "0", "at": "1970-01-01T00:00:00+00:00"}) == ""
