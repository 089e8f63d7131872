import torch

from training.acceptance import Comparison, check_base_accuracy, check_negatives, check_user_pictures

RIGHT = list(range(10))


def compare(before: list[int], after: list[int], labels: list[int], confidence: float = 0.9) -> Comparison:
    """Make a comparison of two networks that read these classes, the one after with this confidence."""

    def probabilities(read: list[int], confidence: float) -> torch.Tensor:
        return torch.eye(11)[read] * (confidence - 0.01) + 0.01

    return Comparison(torch.tensor(labels), probabilities(before, 0.9), probabilities(after, confidence))


def test_the_users_pictures_are_to_be_read_better() -> None:
    none = compare([], [], [])
    better = compare([0, 0, *RIGHT[2:]], RIGHT, RIGHT)
    same = compare(RIGHT, RIGHT, RIGHT)
    held_out = check_user_pictures(better, none)
    assert held_out.passed and "1 fixed, 0 broken" in held_out.text
    low, high = better.interval()
    assert low < 10 < high
    assert not check_user_pictures(compare(RIGHT, [1, *RIGHT[1:]], RIGHT), none).passed
    assert check_user_pictures(compare(RIGHT, RIGHT, RIGHT, confidence=0.95), none).passed  # as many, and surer of them
    assert not check_user_pictures(same, none).passed
    trained = check_user_pictures(none, better)
    assert trained.passed and "trained" in trained.text
    both = check_user_pictures(same, better)
    assert both.passed and "1 more of those trained on" in both.text


def test_little_of_the_base_may_be_forgotten() -> None:
    many = RIGHT * 200
    worse = compare(many, [1, 1, 1, *many[3:]], many)  # two of 2000: 0.10 points
    assert check_base_accuracy(worse, 0.1).passed and not check_base_accuracy(worse, 0.05).passed


def test_hardly_more_negatives_may_be_taken_for_digits() -> None:
    junk = [10] * 100
    assert check_negatives(compare(junk, [0, *junk[1:]], junk), 0.5).passed
    assert not check_negatives(compare(junk, [0, 0, *junk[2:]], junk), 0.5).passed
