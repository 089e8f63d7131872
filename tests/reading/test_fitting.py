"""Lines decoded anew where their numbers are not as expected."""

import numpy as np
import pytest

from realtime.reading.expectation import Expectation
from realtime.reading.fitting import fit
from realtime.reading.line_numbers import part
from realtime.reading.two_readings import Sign

NAMES = tuple("0123456789.,-+x/:=()[]%~")


def sign(at: int, told: bool = True, **likely: float) -> Sign:
    """Return a sign in a place of a line with the likelihood of each sign in it; the rest is that of nothing."""
    named = {{"point": ".", "slash": "/", "colon": ":"}.get(name, name.lstrip("d")): p for name, p in likely.items()}
    line = np.array([named.get(name, 0.0) for name in NAMES], np.float32)
    best = NAMES[int(line.argmax())]
    return Sign(best, float(line.max()), (25 * at, 0, 20, 30), -1, line[:10], line, told=told)


def parted(heard: list[Sign], inner: str) -> list[list[int]]:
    """Part what is told into numbers: the places of signs lie 25 pixels apart, more than two are a wide gap."""
    told = [k for k, sign in enumerate(heard) if sign.told]
    starts = {i for i in range(1, len(told)) if heard[told[i]].box[0] - heard[told[i - 1]].box[0] > 60}
    return [[told[i] for i in number] for number in part([heard[k].shown(0.6) for k in told], starts, inner)]


def texts(heard: list[Sign], expectation: Expectation | None) -> list[str]:
    signs, numbers = heard, parted(heard, expectation.inner if expectation else "")
    if expectation:
        signs, numbers = fit(heard, numbers, NAMES, expectation, 0.6)
    return ["".join(signs[k].shown(0.6) for k in number) for number in numbers]


def test_what_fits_is_left_as_it_was_read() -> None:
    heard = [sign(0, d1=0.9), sign(1, d2=0.7, d7=0.3), sign(2, told=False, d5=0.3)]
    signs, numbers = fit(heard, parted(heard, ""), NAMES, Expectation("dd"), 0.6)
    assert signs == heard[:2] and numbers == [[0, 1]]
    assert texts(heard, None) == ["12"]


def test_a_digit_too_unlikely_to_be_told_is_taken_where_the_length_asks_for_it() -> None:
    heard = [sign(0, d1=0.99), sign(1, told=False, d5=0.4), sign(2, d2=0.99)]
    assert texts(heard, None) == ["12"]
    assert texts(heard, Expectation("ddd")) == ["152"]


def test_a_digit_that_may_be_none_goes_where_the_length_asks_for_it() -> None:
    heard = [sign(0, d1=0.6), sign(1, d2=0.99), sign(2, d3=0.99)]
    assert texts(heard, Expectation("dd")) == ["23"]


def test_a_digit_in_doubt_keeps_its_place_where_any_length_is_expected() -> None:
    heard = [sign(0, d1=0.99), sign(1, d0=0.3, d6=0.25), sign(2, d5=0.99)]  # likelier nothing than any one digit
    assert [len(text) for text in texts(heard, Expectation("d+"))] == [3]
    assert texts(heard, Expectation("dd")) == ["15"]


def test_of_two_digits_the_known_number_tells_which() -> None:
    heard = [sign(0, d1=0.6, d7=0.4), sign(1, d2=0.99)]
    assert texts(heard, Expectation(known=frozenset({"72", "44"}))) == ["72"]
    assert texts(heard, Expectation(known=frozenset({"72", "12"}))) == ["12"]


def test_known_numbers_as_likely_as_each_other_leave_a_doubt() -> None:
    heard = [sign(0, d1=0.6, d7=0.2, d4=0.2), sign(1, d2=0.99)]
    assert texts(heard, Expectation(known=frozenset({"72", "42"}))) == ["?2"]


def test_a_checksum_tells_a_digit() -> None:
    heard = [sign(k, **{f"d{d}": 0.99}) for k, d in enumerate("799273987")]
    heard += [sign(9, d7=0.6, d1=0.4), sign(10, d3=0.9)]
    assert texts(heard, Expectation(checksum="luhn")) == ["79927398713"]


def test_what_nothing_near_fits_stands_in_doubt() -> None:
    heard = [sign(0, d1=0.99), sign(1, d2=0.9), sign(2, d3=0.99)]
    for pattern in ("dd", "dddd", "9dd"):
        assert texts(heard, Expectation(pattern)) == ["1?3"]


def test_a_sign_that_is_expected_belongs_to_the_number() -> None:
    heard = [sign(0, d1=0.99), sign(1, d2=0.99), sign(2, colon=0.95), sign(3, d3=0.99), sign(4, d0=0.99)]
    assert texts(heard, None) == ["12", "30"]
    assert texts(heard, Expectation("dd:dd")) == ["12:30"]
    assert texts(heard, Expectation("dd")) == ["12", "30"]


def test_a_slash_that_is_a_one_is_read_so() -> None:
    heard = [sign(0, d4=0.99), sign(1, slash=0.55, d1=0.4), sign(2, d3=0.99)]
    assert texts(heard, None) == ["4", "3"]
    assert texts(heard, Expectation("ddd")) == ["413"]


def test_a_sure_sign_glues_no_numbers() -> None:
    heard = [sign(0, d4=0.99), sign(1, slash=0.99), sign(2, d3=0.99)]
    assert texts(heard, Expectation("dd")) == ["?", "?"]


@pytest.mark.parametrize("pattern", ["d+", "ddd"])
def test_a_point_that_is_not_expected_is_a_mark_beside_the_digits(pattern: str) -> None:
    heard = [sign(0, d3=0.99), sign(1, point=0.95), sign(2, d7=0.99), sign(3, d5=0.99)]
    assert texts(heard, None) == ["3.75"]
    assert texts(heard, Expectation(pattern)) == ["375"]


def test_digits_far_apart_are_one_number_where_that_is_expected() -> None:
    heard = [sign(k * 5, **{f"d{k}": 0.99}) for k in range(3)]
    assert texts(heard, None) == ["0", "1", "2"]
    assert texts(heard, Expectation("ddd")) == ["012"]
    assert texts(heard, Expectation("d|ddd")) == ["0", "1", "2"]
