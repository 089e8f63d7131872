"""Choose, of candidates that share ink, those that together read all of it best."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from realtime.reading.candidates import MAX_ATOMS, MIN_DIGIT, MIN_REJECT, REJECT_COST, Candidates


def choose(candidates: Candidates, digit: NDArray[np.floating], reject: NDArray[np.floating]) -> list[int]:
    """Choose the candidates that together read all ink best; return their indices.

    digit, reject: (M,) probabilities that a candidate is its likeliest digit, and that it is none.
    """
    # A merge claims to be a digit, and is no reading where it is likelier none; a blob may also be no digit, at a price
    # that follows its share of the group.
    as_digit = np.where(candidates.merged & (reject > digit), np.inf, -np.log(np.maximum(digit, MIN_DIGIT)))
    as_reject = np.where(candidates.merged, np.inf, -np.log(np.maximum(reject, MIN_REJECT)))
    sizes = candidates.boxes[:, 2:].max(axis=1, initial=1).astype(np.float64)
    # Ink that can be cut is as many times as dear to leave out.
    pieces = np.array([len(atoms) for atoms in candidates.atoms], np.float64)
    chosen: list[int] = []
    for members in _connected(candidates.atoms, range(len(candidates.atoms))):
        share = sizes / sizes[members].max()
        price = candidates.price + np.minimum(as_digit, REJECT_COST * share * pieces + as_reject)
        if len({atom for m in members for atom in candidates.atoms[m]}) <= MAX_ATOMS:
            chosen += _cover(members, candidates.atoms, price)
            continue
        # For so large a group the search would take too long: each blob is read by itself.
        own = [m for m in members if not candidates.merged[m]]
        for parts in _connected(candidates.atoms, own):
            chosen += _cover(parts, candidates.atoms, price)
    return sorted(chosen)


def _cover(members: list[int], covers: list[tuple[int, ...]], price: NDArray[np.float64]) -> list[int]:
    """Find the cheapest set of members that covers each atom once, by dynamic programming over sets of atoms."""
    if len(members) == 1:
        return members
    atoms = sorted({atom for m in members for atom in covers[m]})
    place = {atom: bit for bit, atom in enumerate(atoms)}
    masks = {m: sum(1 << place[atom] for atom in covers[m]) for m in members}
    best: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
    for bit in range(len(atoms)):
        # Every partial cover is extended at its lowest uncovered atom, so each set is built once.
        for done, (cost, picked) in list(best.items()):
            if done & ((1 << bit) - 1) != (1 << bit) - 1 or done >> bit & 1:
                continue
            for m in members:
                if masks[m] >> bit & 1 and not masks[m] & done:
                    total = cost + float(price[m])
                    union = done | masks[m]
                    if union not in best or total < best[union][0]:
                        best[union] = (total, [*picked, m])
    return best[(1 << len(atoms)) - 1][1]


def _connected(atoms: list[tuple[int, ...]], members: Iterable[int]) -> list[list[int]]:
    """Gather those members that share ink, directly or through others."""
    leader: dict[int, int] = {}

    def root(atom: int) -> int:
        while leader.setdefault(atom, atom) != atom:
            atom = leader[atom]
        return atom

    members = list(members)
    for m in members:
        for atom in atoms[m][1:]:
            leader[root(atom)] = root(atoms[m][0])
    gathered: dict[int, list[int]] = {}
    for m in members:
        gathered.setdefault(root(atoms[m][0]), []).append(m)
    return list(gathered.values())
