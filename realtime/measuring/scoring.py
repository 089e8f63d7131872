"""Compare what was read with what is written: edit distance, and rows matched to rows in order."""

from dataclasses import dataclass
from functools import reduce


@dataclass(frozen=True, order=True)
class Edits:
    """How many digits must change to turn what was read into the truth: the fewest, by kind."""

    total: int = 0
    wrong: int = 0
    missing: int = 0
    extra: int = 0

    def __add__(self, other: "Edits") -> "Edits":
        return Edits(
            self.total + other.total,
            self.wrong + other.wrong,
            self.missing + other.missing,
            self.extra + other.extra,
        )


WRONG, MISSING, EXTRA = Edits(1, wrong=1), Edits(1, missing=1), Edits(1, extra=1)


@dataclass(frozen=True)
class RowScore:
    """The rows of one picture, or of many added up: how many are written, how many were read exactly.

    `exact` leaves blanks aside, `parted` counts rows whose numbers were parted as in the truth too; `digits` are those
    of the truth, and `edits` those that false and missing rows cost are among them.
    """

    rows: int = 0
    exact: int = 0
    parted: int = 0
    digits: int = 0
    edits: Edits = Edits()

    def __add__(self, other: "RowScore") -> "RowScore":
        return RowScore(
            self.rows + other.rows,
            self.exact + other.exact,
            self.parted + other.parted,
            self.digits + other.digits,
            self.edits + other.edits,
        )

    @property
    def percent_exact(self) -> float:
        """Percent of the rows read exactly, 100 where there is none to read."""
        return 100 * self.exact / self.rows if self.rows else 100.0

    @property
    def digit_error(self) -> float:
        """Percent of digits wrong, missing or extra, of those written; may pass 100."""
        return 100 * self.edits.total / max(1, self.digits)


def compare(read: str, truth: str) -> Edits:
    """Return the fewest edits (Levenshtein) that turn `read` into `truth`."""
    above = [Edits(j, missing=j) for j in range(len(truth) + 1)]
    for i, sign in enumerate(read, 1):
        line = [Edits(i, extra=i)]
        for j, wanted in enumerate(truth, 1):
            kept = above[j - 1] if sign == wanted else above[j - 1] + WRONG
            line.append(min(kept, above[j] + EXTRA, line[-1] + MISSING, key=lambda e: e.total))
        above = line
    return above[-1]


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
                ways.append((_add(cost[i - 1, j], len(_bare(read[i - 1])), False), (i - 1, j)))
            if j:
                ways.append((_add(cost[i, j - 1], len(_bare(truth[j - 1])), False), (i, j - 1)))
            if i and j:
                edits = compare(_bare(read[i - 1]), _bare(truth[j - 1])).total
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


def _score_pair(read: str | None, truth: str | None) -> RowScore:
    edits = compare(_bare(read or ""), _bare(truth or ""))
    if truth is None:
        return RowScore(edits=edits)
    exact = read is not None and edits.total == 0
    return RowScore(1, exact, exact and read.split() == truth.split(), len(_bare(truth)), edits)


def _add(cost: tuple[int, int], edits: int, exact: bool) -> tuple[int, int]:
    return cost[0] + edits, cost[1] - exact


def _bare(row: str) -> str:
    return "".join(row.split())
