"""Hold a JSON line against the form promised to readers outside the project."""

import re

KEYS = {
    "line": {
        "source": str,
        "frame": int,
        "time": float,
        "size": list,
        "latency_ms": float,
        "numbers": list,
        "lines": list,
    },
    "of writing": {"row": int, "text": str, "box": list},
    "number": {"id": int, "text": str, "state": str, "row": int, "confidence": float, "box": list, "digits": list},
    "digit": {"text": str, "confidence": float, "box": list},
}

ASKED_FOR = {"fits": bool, "region": str}  # there where numbers are expected, where regions are read


def assert_promised(line: dict) -> None:
    """Assert that a line, its numbers and their digits have the promised keys, kinds and ranges, and no others."""
    assert_kinds(line, KEYS["line"])
    assert [type(side) for side in line["size"]] == [int, int]
    for number in line["numbers"]:
        assert_kinds(number, KEYS["number"])
        assert number["state"] in ("seen", "settled")
        assert re.fullmatch(r"-?[0-9?]+([.,][0-9?]+)*", number["text"])
        assert re.sub("[-.,]", "", number["text"]) == "".join(digit["text"] for digit in number["digits"])
        assert number["confidence"] == min(digit["confidence"] for digit in number["digits"])
        assert_box(number["box"], line["size"])
        for digit in number["digits"]:
            assert_kinds(digit, KEYS["digit"])
            assert digit["text"] in tuple("0123456789?")
            assert 0 <= digit["confidence"] <= 1
            assert_box(digit["box"], line["size"])

    for row in line["lines"]:
        assert_kinds(row, KEYS["of writing"])
        assert row["text"] and row["text"] == row["text"].strip()
        assert_box(row["box"], line["size"])


def assert_kinds(value: dict[str, object], kinds: dict[str, type]) -> None:
    told = kinds | {key: kind for key, kind in ASKED_FOR.items() if key in value and kinds is not KEYS["line"]}
    assert value.keys() == told.keys()
    assert {key: type(value[key]) for key in told} == told


def assert_box(box: list[int], size: list[int]) -> None:
    assert [type(value) for value in box] == [int] * 4
    assert box[2] > 0 and box[3] > 0
    assert 0 <= box[0] <= box[0] + box[2] <= size[0] and 0 <= box[1] <= box[1] + box[3] <= size[1]
