"""What expecting numbers does to drawn ones, counted."""

import pytest

from realtime.reading import fitting
from realtime.reading.ensemble import Networks
from realtime.reading.found import find
from tests.conftest import draw_sheet
from training.choose_near import Case, count, form_of


def test_a_form_is_that_of_the_number_or_a_digit_longer() -> None:
    assert [form_of(text).pattern for text in ("0742", "123.45", "-5,8")] == ["dddd", "ddd.dd", "-d,d"]
    assert form_of("123.45", more=1).pattern == "dddd.dd"


def test_what_an_expectation_does_is_counted(networks: Networks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "NEAR", fitting.NEAR)  # put back afterwards
    image = draw_sheet(["0742"])
    case = Case(image, find(image, networks.finder, networks.classifier), "0742")
    counts = count([case, case], networks, [case.read(networks), "07?2"], 0.3)
    assert case.read(networks) == "0742" and counts["right"] == 2
    assert (counts["made right"], counts["made wrong"], counts["wrong, told as sure"]) == (1, 0, 0)
    assert counts["of a wrong form told as sure"] == 0
