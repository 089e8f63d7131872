"""Scoring: edits are the fewest, and rows are matched fairly."""

import numpy as np
import pytest

from realtime.measuring.scoring import Edits, edit_distance, match_rows, score_rows


@pytest.mark.parametrize(
    ("read", "truth", "edits"),
    [
        ("123", "123", Edits()),
        ("", "", Edits()),
        ("124", "123", Edits(1, wrong=1)),
        ("1?3", "123", Edits(1, wrong=1)),
        ("13", "123", Edits(1, missing=1)),
        ("1123", "123", Edits(1, extra=1)),
        ("", "123", Edits(3, missing=3)),
        ("999", "", Edits(3, extra=3)),
        ("2345", "1234", Edits(2, missing=1, extra=1)),
        ("kitten", "sitting", Edits(3, wrong=2, missing=1)),
    ],
)
def test_edits_are_the_fewest(read: str, truth: str, edits: Edits) -> None:
    assert edit_distance(read, truth) == edits


@pytest.mark.parametrize("seed", range(10))
def test_edits_obey_the_laws_of_a_distance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, c = ("".join(map(str, rng.integers(0, 3, rng.integers(0, 8)))) for _ in range(3))
    assert edit_distance(a, b).total == edit_distance(b, a).total
    assert edit_distance(a, c).total <= edit_distance(a, b).total + edit_distance(b, c).total
    assert edit_distance(a, b).missing - edit_distance(a, b).extra == len(b) - len(a)


def test_a_false_row_costs_its_digits_and_leaves_the_others_exact() -> None:
    score = score_rows(["12345", "?7", "67890"], ["12345", "67890"])
    assert (score.exact, score.rows, score.edits) == (2, 2, Edits(2, extra=2))
    assert match_rows(["?7", "1"], ["1"]) == [("?7", None), ("1", "1")]


def test_a_missing_row_leaves_the_others_exact() -> None:
    score = score_rows(["12345", "11"], ["12345", "678", "11"])
    assert (score.exact, score.rows, score.edits) == (2, 3, Edits(3, missing=3))


def test_rows_are_matched_in_order() -> None:
    assert score_rows(["22", "11"], ["11", "22"]).exact == 1


def test_among_equal_matchings_the_exact_one_counts() -> None:
    assert score_rows(["1", "2"], ["2"]).exact == 1
    assert score_rows(["2", "1"], ["2"]).exact == 1
    assert score_rows(["7"], ["1", "7", "7"]).exact == 1


def test_blanks_count_only_where_numbers_are_parted() -> None:
    joined = score_rows(["1234567891"], ["12345 67891"])
    assert (joined.exact, joined.parted, joined.edits.total) == (1, 0, 0)
    assert score_rows(["12345  67891"], ["12345 67891"]).parted == 1


def test_scores_add_up() -> None:
    total = score_rows(["12"], ["12"]) + score_rows(["3"], ["34", "5"])
    assert (total.rows, total.exact, total.digits, total.edits.total) == (3, 1, 5, 2)
    assert total.percent_exact == pytest.approx(100 / 3)
    assert total.digit_error == pytest.approx(40)
