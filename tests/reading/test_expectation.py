"""What numbers are expected to be: patterns, ranges, checksums and lists together."""

from decimal import Decimal

import pytest

from realtime.reading.expectation import Expectation, value_of


@pytest.mark.parametrize(
    ("checksum", "right", "wrong"),
    [
        ("luhn", "79927398713", "79927398710"),
        ("mod97", "3214282912345698765432161182", "3214282912345698765432161128"),
        ("ean13", "4006381333931", "4006381333913"),
        ("isbn10", "0306406152", "0306406125"),
    ],
)
def test_checksums_tell_a_wrong_digit(checksum: str, right: str, wrong: str) -> None:
    expected = Expectation(checksum=checksum)
    assert expected.allows(right) and not expected.allows(wrong) and not expected.allows("7")


@pytest.mark.parametrize(
    ("text", "value"),
    [("0042", "42"), ("1,250.75", "1250.75"), ("1.250,75", "1250.75"), ("-3,5", "-3.5"), ("12:30", None), ("1?", None)],
)
def test_what_a_number_is_worth(text: str, value: str | None) -> None:
    assert value_of(text) == (None if value is None else Decimal(value))


def test_a_range_holds_its_ends() -> None:
    expected = Expectation(between=(Decimal(0), Decimal(500)))
    assert expected.allows("0") and expected.allows("500") and expected.allows("499.9")
    assert not expected.allows("500.1") and not expected.allows("-1") and not expected.allows("1?")


def test_all_that_is_named_must_hold() -> None:
    expected = Expectation("dddd", (Decimal(1000), Decimal(2000)), "luhn", frozenset({"1008", "1016", "9993"}))
    assert [text for text in ("1008", "1016", "9993", "1024") if expected.allows(text)] == ["1008", "1016"]


def test_a_list_says_how_its_numbers_are_written() -> None:
    expected = Expectation(known=frozenset({"12/40", "7"}))
    assert expected.allows("12/40") and not expected.allows("12")
    assert expected.may_begin("12/") and not expected.may_begin("13")
    assert (expected.signs, expected.inner) == ("/", "/")
