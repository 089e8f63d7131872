"""What the probabilities of a line's steps say: the likeliest texts (CTC, prefix beam), and how sure each sign is.

The network gives, for every second column, the probability of each sign or of none ("blank"); a sign is written once
though several steps name it. Of the likeliest texts the first is read. A sign is as sure as the texts that have it in
that place are likely together. A digit that only other texts have is told as well where they are likely enough, so that
none goes without a word.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

BEAM = 8  # texts kept from step to step
LEAST = 1e-3  # a sign less likely at a step than this is not followed
# Likelihood of the texts that have a digit in a place from which on it is told. Of 500 drawn lines kept back 4.0 % came
# out short without a word at 0.1 and 10.4 % at 0.5; 39.6 and 45.2 % were exact (signs below 0.6 told as unsure).
DOUBT = 0.1
DIGITS = slice(1, 11)  # their classes; other signs follow, and the gap between two numbers is last

Probabilities = NDArray[np.float32]
Labels = tuple[int, ...]  # classes, blank (0) left out


def split(steps: Probabilities) -> tuple[Probabilities, Probabilities]:
    """Part steps (T, C) into what they say of signs (T, C - 1), where a gap is a blank, and of gaps (T,).

    As the texts of CTC that differ in gaps alone then come out as one, as likely as all of them together.
    """
    signs = steps[:, :-1].copy()
    signs[:, 0] += steps[:, -1]
    return signs, steps[:, -1]


def likeliest(steps: Probabilities) -> list[tuple[Labels, float]]:
    """Return the likeliest texts of steps (T, C), blank first, likeliest first, each with its probability."""
    beams: dict[Labels, tuple[float, float]] = {
        (): (1.0, 0.0)
    }  # probability that it ended in a blank, in its last sign
    blanks = steps[:, 0].tolist()
    for t, likely in _likely(steps).items():
        row, blank = steps[t], blanks[t]
        grown: dict[Labels, tuple[float, float]] = {}
        for labels, (paused, said) in beams.items():
            last = labels[-1] if labels else 0
            both = paused + said
            old = grown.get(labels, (0.0, 0.0))
            grown[labels] = (old[0] + both * blank, old[1] + said * float(row[last]) if last else old[1])
            for k, likelihood in likely:
                longer = (*labels, k)
                old = grown.get(longer, (0.0, 0.0))
                grown[longer] = (old[0], old[1] + (paused if k == last else both) * likelihood)
        best = sorted(grown.items(), key=lambda item: -sum(item[1]))[:BEAM]
        least = LEAST * sum(best[0][1])
        beams = {labels: ends for labels, ends in best if sum(ends) >= least}
    return [(labels, sum(ends)) for labels, ends in beams.items()]


def _likely(steps: Probabilities) -> dict[int, list[tuple[int, float]]]:
    """Return by step the signs that are likely enough there; of steps that are surely blank one in each gap is left."""
    spoken = steps[:, 0] < 1 - LEAST
    spoken[1:] |= spoken[:-1]  # the blank behind a sign parts it from the next of its kind
    found: dict[int, list[tuple[int, float]]] = {int(t): [] for t in np.flatnonzero(spoken)}
    for t, k in zip(*np.nonzero(steps[:, 1:] > LEAST), strict=True):
        found.setdefault(int(t), []).append((int(k) + 1, float(steps[t, k + 1])))
    return dict(sorted(found.items()))


def places(steps: Probabilities, labels: Labels) -> list[int]:
    """Return at which step each sign of a text stands: the surest one on the likeliest way through the steps."""
    if not labels:
        return []
    best = steps.argmax(axis=1)
    edges = [0, *(np.flatnonzero(best[1:] != best[:-1]) + 1).tolist(), len(best)]
    runs = [(a, b) for a, b in pairwise(edges) if best[a]]
    if tuple(int(best[a]) for a, _ in runs) != labels:
        return _forced(steps, labels)
    return [a + int(steps[a:b, k].argmax()) for (a, b), k in zip(runs, labels, strict=True)]


def _forced(steps: Probabilities, labels: Labels) -> list[int]:
    """Return the places of signs on the likeliest way through the steps that spells them (Viterbi)."""
    states = np.zeros(2 * len(labels) + 1, np.intp)
    states[1::2] = labels
    logs = np.log(np.maximum(steps[:, states].astype(np.float64), 1e-30))
    skips = np.full(len(states), -np.inf)
    skips[2:][(states[2:] != 0) & (states[2:] != states[:-2])] = 0.0
    best = np.full(len(states), -np.inf)
    best[:2] = logs[0, :2]
    came = np.zeros(logs.shape, np.intp)
    for t in range(1, len(logs)):
        ways = np.stack([best, np.r_[-np.inf, best[:-1]], np.r_[-np.inf, -np.inf, best[:-2]] + skips])
        came[t] = ways.argmax(axis=0)
        best = ways[came[t], np.arange(len(states))] + logs[t]
    at = len(states) - 1 if best[-1] >= best[-2] else len(states) - 2
    path = np.zeros(len(logs), np.intp)
    for t in range(len(logs) - 1, -1, -1):
        path[t] = at
        at -= came[t, at]
    return [_surest(steps[:, k], np.flatnonzero(path == 2 * i + 1)) for i, k in enumerate(labels)]


def _surest(likelihood: Probabilities, run: NDArray[np.intp]) -> int:
    return int(run[likelihood[run].argmax()]) if len(run) else 0


def pair(read: Labels, other: Labels) -> list[tuple[int, int]]:
    """Pair the signs of two texts in order with the fewest edits: (place or -1, place or -1) each."""
    cost = [list(range(len(other) + 1))]  # plain lists: NumPy takes four times as long for a number at a time
    for i, a in enumerate(read, 1):
        above, row = cost[-1], [i]
        for j, b in enumerate(other, 1):
            row.append(min(above[j - 1] + (a != b), above[j] + 1, row[-1] + 1))
        cost.append(row)
    pairs, i, j = [], len(read), len(other)
    while i or j:
        if i and j and cost[i][j] == cost[i - 1][j - 1] + (read[i - 1] != other[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and cost[i][j] == cost[i - 1][j] + 1:
            i -= 1
            pairs.append((i, -1))
        else:
            j -= 1
            pairs.append((-1, j))
    return pairs[::-1]


def weigh(texts: list[tuple[Labels, float]], classes: int) -> list[tuple[int, int, Probabilities]]:
    """Return for each sign of the first text, and each that other texts have beside it, how likely each class is there.

    A list of (its place in the first text or -1, the place before which it stands, probabilities (classes,) float32,
    that of "nothing there" first).
    """
    read = texts[0][0]
    total = max(sum(likelihood for _, likelihood in texts), 1e-30)
    own = np.zeros((len(read), classes), np.float32)
    between: dict[tuple[int, int], Probabilities] = {}
    for labels, likelihood in texts:
        share = likelihood / total
        before, offset = 0, 0
        for i, j in pair(read, labels) if labels != read else [(k, k) for k in range(len(read))]:
            if i >= 0:
                own[i, labels[j] if j >= 0 else 0] += share
                before, offset = i + 1, 0
            else:
                more = between.setdefault((before, offset), np.zeros(classes, np.float32))
                more[labels[j]] += share
                offset += 1
    weighed = [(k, k, row) for k, row in enumerate(own)]
    for (before, _), row in between.items():
        row[0] = 1 - row.sum()
        weighed.append((-1, before, row))
    return sorted(weighed, key=lambda item: (item[1], item[0] >= 0))


def pool(looks: list[list[tuple[Labels, float]]]) -> list[tuple[Labels, float]]:
    """Return the texts that several looks at one line found, likeliest first, each as likely as over all looks."""
    found: dict[Labels, float] = {}
    for texts in looks:
        for labels, likelihood in texts:
            found[labels] = found.get(labels, 0.0) + likelihood / len(looks)
    return sorted(found.items(), key=lambda item: -item[1])


def read_steps(
    steps: Probabilities, texts: list[tuple[Labels, float]]
) -> tuple[list[tuple[int, float, int, Probabilities]], float]:
    """Read steps (T, C) of which the likeliest texts are known.

    Returns of each sign its class, its confidence, its step, and the likelihood of each class there (C,).

    Returned with the probability that the whole line is right. A sign may be less likely than nothing in its place:
    then its confidence is below a half.
    """
    at = places(steps, texts[0][0])
    signs = []
    for place, before, row in weigh(texts, steps.shape[1]):
        best = texts[0][0][place] if place >= 0 else 1 + int(row[1:].argmax())
        if place < 0 and 1 - row[0] < DOUBT:
            continue
        step = at[place] if place >= 0 else _between(steps, at, before, best)
        signs.append((best, float(row[best]), step, row))
    return signs, min(texts[0][1], 1.0)


def _between(steps: Probabilities, at: list[int], before: int, sign: int) -> int:
    """Return the step between two signs at which a third is likeliest."""
    first = min(at[before - 1] + 1, len(steps) - 1) if before else 0
    last = max(at[before] if before < len(at) else len(steps), first + 1)
    return first + int(steps[first:last, sign].argmax())
