"""The numbers that a line holds: what belongs to one, and what parts two."""

import pytest

from realtime.reading import line_numbers


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("", []),
        ("1234", ["1234"]),
        ("3.75", ["3.75"]),
        ("17/20", ["17", "20"]),
        ("24/10/2026", ["24", "10", "2026"]),
        ("-58", ["-58"]),
        ("32-245", ["32", "245"]),
        ("4x-2", ["4", "-2"]),
        ("12~", ["12"]),
        ("1?4", ["1?4"]),
        (".5.", ["5"]),
        ("1.-", ["1"]),
        ("7  8", ["7", "8"]),
        ("5  -3", ["5", "-3"]),
    ],
)
def test_numbers_of_a_line(line: str, numbers: list[str]) -> None:
    texts = [sign for sign in line if sign != " "]
    starts = {k - line[:k].count(" ") for k in range(1, len(line)) if line[k - 1] == " " != line[k]}
    assert ["".join(texts[k] for k in number) for number in line_numbers.part(texts, starts)] == numbers
