"""Choose, of proposals that share ink, those that together read all of it best."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from realtime.reading.candidates import JUNK_COST, JUNK_FLOOR, MOST_ATOMS, Candidates


def choose(candidates: Candidates, digit: NDArray[np.float64], junk: NDArray[np.float64]) -> list[int]:
    """Choose the proposals that together read all ink best; return their indices.

    digit, junk: (M,) probabilities that a proposal is its likeliest digit, and that it is none.
    """
    # What is joined claims to be a digit, and is no reading where it is likelier none; a blob may also be junk, at a
    # price that follows its share of the knot.
    as_digit = np.where(candidates.joined & (junk > digit), np.inf, -np.log(np.maximum(digit, 1e-6)))
    as_junk = np.where(candidates.joined, np.inf, -np.log(np.maximum(junk, JUNK_FLOOR)))
    sizes = candidates.boxes[:, 2:].max(axis=1, initial=1).astype(np.float64)
    # Ink that can be cut is as many times as dear to leave out.
    pieces = np.array([len(atoms) for atoms in candidates.atoms], np.float64)
    chosen: list[int] = []
    for members in _components(candidates.atoms, range(len(candidates.atoms))):
        share = sizes / sizes[members].max()
        price = candidates.price + np.minimum(as_digit, JUNK_COST * share * pieces + as_junk)
        if len({atom for m in members for atom in candidates.atoms[m]}) <= MOST_ATOMS:
            chosen += _cover(members, candidates.atoms, price)
            continue
        # A knot of ink that a search would take too long for: each blob for itself.
        own = [m for m in members if not candidates.joined[m]]
        for parts in _components(candidates.atoms, own):
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


def _components(atoms: list[tuple[int, ...]], members: Iterable[int]) -> list[list[int]]:
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
