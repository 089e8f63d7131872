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
        total, wrong = self.total + other.total, self.wrong + other.wrong
        return Edits(total, wrong, self.missing + other.missing, self.extra + other.extra)


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
        rows, exact, parted = self.rows + other.rows, self.exact + other.exact, self.parted + other.parted
        return RowScore(rows, exact, parted, self.digits + other.digits, self.edits + other.edits)

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
                ways.append((_add(cost[i - 1, j], len(_without_blanks(read[i - 1])), False), (i - 1, j)))
            if j:
                ways.append((_add(cost[i, j - 1], len(_without_blanks(truth[j - 1])), False), (i, j - 1)))
            if i and j:
                edits = edit_distance(_without_blanks(read[i - 1]), _without_blanks(truth[j - 1])).total
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


def row_summary(score: RowScore) -> list[str]:
    """Say in two lines how many rows were read exactly, and which digits were not."""
    edits, percent = score.edits, 100 * score.parted / max(1, score.rows)
    return [
        f"rows exact {score.exact} of {score.rows} ({score.percent_exact:.1f} %), "
        f"with numbers parted alike {score.parted} ({percent:.1f} %)",
        f"digit error {score.digit_error:.2f} %: {edits.wrong} wrong, {edits.missing} missing, {edits.extra} extra "
        f"of {score.digits}",
    ]


def row_figures(score: RowScore) -> dict[str, object]:
    """Return a score for JSON."""
    figures = {"rows": score.rows, "exact": score.exact, "parted": score.parted, "digits": score.digits}
    edits = {"wrong": score.edits.wrong, "missing": score.edits.missing, "extra": score.edits.extra}
    return figures | edits | {"percent_exact": score.percent_exact, "digit_error": score.digit_error}


def _score_pair(read: str | None, truth: str | None) -> RowScore:
    """Score a row read against the row of the truth that it was paired with; None stands for no row."""
    edits = edit_distance(_without_blanks(read or ""), _without_blanks(truth or ""))
    if truth is None:
        return RowScore(edits=edits)
    exact = edits.total == 0 and read is not None
    parted = exact and (read or "").split() == truth.split()
    return RowScore(1, int(exact), int(parted), len(_without_blanks(truth)), edits)


def _add(cost: tuple[int, int], edits: int, exact: bool) -> tuple[int, int]:
    return cost[0] + edits, cost[1] - exact


def _without_blanks(row: str) -> str:
    return "".join(row.split())
