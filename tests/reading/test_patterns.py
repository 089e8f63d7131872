"""Patterns of numbers: what they hold for, what may begin one, and what is none."""

import pytest

from realtime.reading.patterns import Pattern


@pytest.mark.parametrize(
    ("pattern", "held", "others"),
    [
        ("dddd", ["1234", "0000"], ["123", "12345", "12.4", "12?4", ""]),
        ("d{3,5}", ["123", "12345"], ["12", "123456"]),
        ("d{2,}", ["12", "1234567"], ["1"]),
        ("dd:dd", ["12:30"], ["1230", "12.30", "12:3"]),
        ("d+.dd", ["3.75", "1234.00"], ["3.7", ".75", "3,75"]),
        ("-?d+|0.d", ["-5", "123", "0.5"], ["--5", "1.5", "5-"]),
        ("(d{1,3},)*ddd", ["123", "1,123", "12,345,678"], ["12", "1234", "1,,123"]),
        ("20dd", ["2024"], ["1924"]),
        (r"\+d+", ["+49"], ["49"]),
    ],
)
def test_what_a_pattern_holds_for(pattern: str, held: list[str], others: list[str]) -> None:
    made = Pattern(pattern)
    assert [text for text in held if not made.holds(text)] == []
    assert [text for text in others if made.holds(text)] == []
    assert all(made.may_begin(text[:k]) for text in held for k in range(len(text) + 1))


def test_what_no_number_begins_with_is_known_at_once() -> None:
    assert not Pattern("dd:dd").may_begin("123")
    assert not Pattern("20dd").may_begin("1")


def test_signs_and_those_inside_a_number() -> None:
    pattern = Pattern("-?d+(.|,)dd")
    assert (pattern.signs, pattern.inner) == (",-.", ",.")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "an alternative is empty"),
        ("d|", "an alternative is empty"),
        ("(d", "a bracket is not closed"),
        ("d)", "a bracket closes"),
        ("+d", "write \\+ for the sign"),
        ("d+-", "a number ends in a digit"),
        ("d*", "holds for nothing"),
        ("d{0}", "no number of times"),
        ("d{5,2}", "no number of times"),
        ("(((d{64}){64}){64})", "too long"),
        ("km", "neither a digit nor a sign"),
        ("d d", "neither a digit nor a sign"),
    ],
)
def test_what_is_no_pattern_is_refused_with_its_reason(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match="is no pattern") as error:
        Pattern(pattern)
    assert why in str(error.value) and "Write dddd" in str(error.value)
