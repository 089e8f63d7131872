import numpy as np
import pytest

from training.split import MIN_PICTURES, choose_held_out


@pytest.mark.parametrize("each", [3, 5, 10, 40])
def test_whole_groups_are_held_out_and_nothing_learned_before(each: int) -> None:
    labels = [label for label in range(10) for _ in range(each)]
    names = [f"{label}/{i}.png" for i, label in enumerate(labels)]
    groups = np.arange(len(labels)) // 2
    held = choose_held_out(labels, groups, names, set())
    share = np.bincount(np.array(labels)[held], minlength=10) / each
    if each < MIN_PICTURES:
        assert not held.any()
    else:
        assert (share <= 0.4).all() and 0.15 <= share.mean() <= 0.4
    assert all(len(set(held[groups == group].tolist())) == 1 for group in set(groups.tolist()))
    assert np.array_equal(held, choose_held_out(labels, groups, names, set()))
    learned = {name for name, out in zip(names, held, strict=True) if not out}
    assert np.array_equal(held, choose_held_out(labels, groups, names, learned))
    assert not choose_held_out(labels, groups, names, set(names)).any()
