"""Compare what was read with what is written: edit distance, and rows matched to rows in order."""

from dataclasses import dataclass, fields
from functools import reduce

import numpy as np


@dataclass(frozen=True, order=True)
class Edits:
    """How many digits must change to turn what was read into the truth: the fewest, by kind."""

    total: int = 0
    wrong: int = 0
    missing: int = 0
    extra: int = 0

    def __add__(self, other: "Edits") -> "Edits":
        total, wrong = self.total + other.total, self.wrong + other.wrong
        return Edits(total, wrong, self.missing + other.missing, self.extra + other.extra)


WRONG, MISSING, EXTRA = Edits(1, wrong=1), Edits(1, missing=1), Edits(1, extra=1)


@dataclass(frozen=True)
class RowScore:
    """The rows of one picture, or of many added up: how many are written, how many were read exactly.

    `exact` leaves blanks and signs aside, `parted` counts rows whose numbers were parted as in the truth too, `shorter`
    those that lack digits, or are lacking, without a "?" in their place; `digits` are those of the truth, and `edits`
    those that false and missing rows cost are among them. Of lines that are told with their signs: `lines` read with
    all of them, of `told`, and how many of their `signs` were read, `right`.
    """

    rows: int = 0
    exact: int = 0
    parted: int = 0
    shorter: int = 0
    digits: int = 0
    edits: Edits = Edits()
    told: int = 0
    lines: int = 0
    signs: int = 0
    right: int = 0

    def __add__(self, other: "RowScore") -> "RowScore":
        return RowScore(*(getattr(self, part.name) + getattr(other, part.name) for part in fields(self)))

    @property
    def percent_exact(self) -> float:
        """Percent of the rows read exactly, 100 where there is none to read."""
        return 100 * self.exact / self.rows if self.rows else 100.0

    @property
    def digit_error(self) -> float:
        """Percent of digits wrong, missing or extra, of those written; may pass 100."""
        return 100 * self.edits.total / max(1, self.digits)


def edit_distance(read: str, truth: str) -> Edits:
    """Return the fewest edits (Levenshtein) that turn `read` into `truth`."""
    before = [Edits(j, missing=j) for j in range(len(truth) + 1)]
    for i, sign in enumerate(read, 1):
        now = [Edits(i, extra=i)]
        for j, expected in enumerate(truth, 1):
            kept = before[j - 1] if sign == expected else before[j - 1] + WRONG
            now.append(min(kept, before[j] + EXTRA, now[-1] + MISSING, key=lambda edits: edits.total))
        before = now
    return before[-1]


def match_rows(read: list[str], truth: list[str]) -> list[tuple[str | None, str | None]]:
    """Pair rows read with rows of the truth, in order, so that the edits are fewest; None where a row has no partner.

    Rows are compared without blanks, and among equals the pairing with most exact rows wins.
    """
    cost: dict[tuple[int, int], tuple[int, int]] = {(0, 0): (0, 0)}
    step: dict[tuple[int, int], tuple[int, int]] = {}
    for i in range(len(read) + 1):
        for j in range(len(truth) + 1):
            ways = []
            if i:
                ways.append((_add(cost[i - 1, j], len(_digits(read[i - 1])), False), (i - 1, j)))
            if j:
                ways.append((_add(cost[i, j - 1], len(_digits(truth[j - 1])), False), (i, j - 1)))
            if i and j:
                edits = edit_distance(_digits(read[i - 1]), _digits(truth[j - 1])).total
                ways.append((_add(cost[i - 1, j - 1], edits, edits == 0), (i - 1, j - 1)))
            if ways:
                cost[i, j], step[i, j] = min(ways)
    pairs, place = [], (len(read), len(truth))
    while place != (0, 0):
        i, j = step[place]
        pairs.append((read[i] if i < place[0] else None, truth[j] if j < place[1] else None))
        place = i, j
    return pairs[::-1]


def score_rows(read: list[str], truth: list[str]) -> RowScore:
    """Score the rows read from one picture against the rows written there, digits parted by blanks."""
    return reduce(RowScore.__add__, (_score_pair(*pair) for pair in match_rows(read, truth)), RowScore())


def score_lines(read: list[str], written: list[str]) -> RowScore:
    """Score the lines read from one picture, signs included, against the lines as written; blanks are left out."""
    score = RowScore()
    for line, truth in match_rows(read, written):
        if truth is None:
            continue
        line, truth = "".join((line or "").split()), "".join(truth.split())
        kept = _common(line, truth)
        signs = [k for k, sign in enumerate(truth) if not sign.isdigit()]
        score += RowScore(told=1, lines=int(line == truth), signs=len(signs), right=sum(k in kept for k in signs))
    return score


def _common(read: str, truth: str) -> set[int]:
    """Return the places of `truth` that a longest common subsequence with `read` holds."""
    length = np.zeros((len(read) + 1, len(truth) + 1), np.int64)
    for i, sign in enumerate(read, 1):
        for j, expected in enumerate(truth, 1):
            same = length[i - 1, j - 1] + 1 if sign == expected else 0
            length[i, j] = max(same, length[i - 1, j], length[i, j - 1])
    kept, i, j = set(), len(read), len(truth)
    while i and j:
        if read[i - 1] == truth[j - 1] and length[i, j] == length[i - 1, j - 1] + 1:
            i, j = i - 1, j - 1
            kept.add(j)
        elif length[i, j] == length[i - 1, j]:
            i -= 1
        else:
            j -= 1
    return kept


def row_summary(score: RowScore) -> list[str]:
    """Say how many rows were read exactly, how many came out shorter without a word, and which digits were not read."""
    edits, percent = score.edits, 100 * score.parted / max(1, score.rows)
    signs = [
        f"lines exact with their signs {score.lines} of {score.told}, signs right {score.right} of {score.signs} "
        f"({100 * score.right / max(1, score.signs):.1f} %)"
    ]
    return [
        f"rows exact {score.exact} of {score.rows} ({score.percent_exact:.1f} %), "
        f"with numbers parted alike {score.parted} ({percent:.1f} %), "
        f"shorter without '?' {score.shorter} ({100 * score.shorter / max(1, score.rows):.1f} %)",
        f"digit error {score.digit_error:.2f} %: {edits.wrong} wrong, {edits.missing} missing, {edits.extra} extra "
        f"of {score.digits}",
        *(signs if score.told else []),
    ]


def row_figures(score: RowScore) -> dict[str, object]:
    """Return a score for JSON."""
    figures: dict[str, object] = {
        part.name: getattr(score, part.name) for part in fields(score) if part.name != "edits"
    }
    edits = {"wrong": score.edits.wrong, "missing": score.edits.missing, "extra": score.edits.extra}
    return figures | edits | {"percent_exact": score.percent_exact, "digit_error": score.digit_error}


def _score_pair(read: str | None, truth: str | None) -> RowScore:
    """Score a row read against the row of the truth that it was paired with; None stands for no row."""
    edits = edit_distance(_digits(read or ""), _digits(truth or ""))
    if truth is None:
        return RowScore(edits=edits)
    exact = edits.total == 0 and read is not None
    numbers = [[_digits(number) for number in (row or "").split()] for row in (read, truth)]
    shorter = len(_digits(read or "")) < len(_digits(truth)) and "?" not in (read or "")
    return RowScore(1, int(exact), int(exact and numbers[0] == numbers[1]), int(shorter), len(_digits(truth)), edits)


def _add(cost: tuple[int, int], edits: int, exact: bool) -> tuple[int, int]:
    return cost[0] + edits, cost[1] - exact


def _digits(row: str) -> str:
    """Return the digits of a row, "?" for those that are unsure; blanks and signs are left out."""
    return "".join(sign for sign in row if sign.isdigit() or sign == "?")
