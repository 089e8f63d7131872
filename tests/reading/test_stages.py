"""The clock of stages: nested stages count once, and a stage that fails ends."""

import time

import pytest

from realtime.reading.stages import StageClock


def test_a_stage_within_another_counts_to_the_outermost_alone() -> None:
    clock = StageClock()
    with clock.stage("outer"), clock.stage("inner"):
        time.sleep(0.02)
    with clock.stage("inner"):
        time.sleep(0.01)
    assert clock.seconds["outer"] >= 0.02 and 0.01 <= clock.seconds["inner"] < 0.02


def test_a_stage_that_fails_is_counted_and_ends() -> None:
    clock = StageClock()
    with pytest.raises(ValueError, match="broken"), clock.stage("failing"):
        raise ValueError("broken")
    with clock.stage("next"):
        pass
    assert clock.seconds.keys() == {"failing", "next"}
