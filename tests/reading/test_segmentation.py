"""Of candidates that share ink, those that together read it best are chosen."""

from dataclasses import replace

import numpy as np

from realtime.reading.candidates import Candidates
from realtime.reading.segmentation import choose


def make_candidates(atoms: list[tuple[int, ...]], merged: list[bool] | None = None) -> Candidates:
    """Make candidates of equal size and no price that cover the given atoms."""
    count = len(atoms)
    return Candidates(
        [np.full((20, 10), 255, np.uint8)] * count,
        np.tile(np.array([0, 0, 10, 20], np.int32), (count, 1)),
        np.zeros(count, np.intp),
        np.zeros(count),
        np.array(merged or [False] * count, bool),
        np.full(count, 100, np.float32),
        atoms,
        [None] * count,
    )


def test_the_cheaper_cover_wins() -> None:
    candidates = make_candidates([(0, 1), (0,), (1,)])
    whole = choose(candidates, np.array([0.9, 0.6, 0.6]), np.array([0.05, 0.3, 0.3]))
    pieces = choose(candidates, np.array([0.05, 0.99, 0.99]), np.array([0.9, 0.01, 0.01]))
    assert whole == [0] and pieces == [1, 2]


def test_a_merge_is_never_left_out_as_no_digit() -> None:
    candidates = make_candidates([(0,), (1,), (0, 1)], [False, False, True])
    assert choose(candidates, np.array([0.1, 0.1, 0.05]), np.array([0.8, 0.8, 0.94])) == [0, 1]
    cheap = replace(candidates, price=np.array([0, 0, -1.5]))  # a merge may be worth more than its reading
    assert choose(cheap, np.array([0.6, 0.9, 0.2]), np.array([0.2, 0.02, 0.7])) == [0, 1]
    assert choose(cheap, np.array([0.6, 0.9, 0.5]), np.array([0.2, 0.02, 0.1])) == [2]


def test_every_atom_is_covered_exactly_once_even_in_a_large_make_candidates() -> None:
    atoms = [(i,) for i in range(40)] + [(i, i + 1) for i in range(39)]
    candidates = make_candidates(atoms, [False] * 40 + [True] * 39)
    rng = np.random.default_rng(0)
    chosen = choose(candidates, rng.random(79), rng.random(79))
    assert sorted(atom for i in chosen for atom in atoms[i]) == list(range(40))


def test_nothing_proposed_is_nothing_chosen() -> None:
    assert choose(make_candidates([]), np.zeros(0), np.zeros(0)) == []
