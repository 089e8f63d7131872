"""Lay the numbers of a page out as a table: by its drawn lines, else by lines of writing and what stands below."""

from collections.abc import Sequence

from realtime.outputs.text import csv_line
from realtime.reading.page import Number, Page
from realtime.reading.ruling import Rule, find_rules

OVERLAP = 0.3  # share of the narrower of two numbers that lies below the other where both are in one column


def lay_out(numbers: Sequence[Number], columns: Sequence[Rule] = (), rows: Sequence[Rule] = ()) -> list[list[str]]:
    """Return the texts of numbers as rows of equally many cells, empty where none stands.

    columns, rows: the lines that part them, from the left and from the top, where some are drawn; cells between these
    are told though they are empty. Two numbers of one row are never in one cell: where a wide number lies below both,
    the one nearer to its left edge shares its column.
    """
    if not numbers:
        return []
    placed = _columns(numbers, columns)
    lines = _rows(numbers, rows)
    cells = [[""] * len(placed) for _ in lines]
    for k, column in enumerate(placed):
        for number in column:
            cells[next(i for i, line in enumerate(lines) if number in line)][k] = number.text
    return cells


def table_text(page: Page) -> str:
    """Return the table of a page as lines of CSV, empty where there is no number."""
    columns, rows = find_rules(page.looks, [number.box for number in page.numbers])
    return "".join(csv_line(row) for row in lay_out(page.numbers, columns, rows))


def _columns(numbers: Sequence[Number], rules: Sequence[Rule]) -> list[list[Number]]:
    """Return the numbers of each column from the left, none in one between two lines that is empty."""
    columns: list[list[Number]] = []
    for between in _bands(numbers, rules, across=0):
        aligned: list[list[Number]] = [] if between else [[]]
        for number in sorted(between, key=lambda number: _middle(number)[0]):
            fitting = [column for column in aligned if _below(number, column)]
            if fitting:
                max(fitting, key=lambda column: _shared(number, column)).append(number)
            else:
                aligned.append([number])
        columns += sorted(aligned, key=lambda column: sum(n.box[0] for n in column) / max(len(column), 1))
    return columns


def _rows(numbers: Sequence[Number], rules: Sequence[Rule]) -> list[list[Number]]:
    """Return the numbers of each row from the top, none in one between two lines that is empty."""
    rows: list[list[Number]] = []
    for between in _bands(numbers, rules, across=1):
        lines = sorted({number.row for number in between})
        rows += [[number for number in between if number.row == line] for line in lines] or [[]]
    return rows


def _bands(numbers: Sequence[Number], rules: Sequence[Rule], across: int) -> list[list[Number]]:
    """Return the numbers before, between and after lines; across: 0 for lines that stand upright, 1 for level ones."""
    bands: list[list[Number]] = [[] for _ in range(len(rules) + 1)]
    for number in numbers:
        place = _middle(number)
        bands[sum(rule.at(place[1 - across]) < place[across] for rule in rules)].append(number)
    inner = slice(0 if bands[0] else 1, len(bands) if bands[-1] else -1)
    return bands[inner]


def _middle(number: Number) -> tuple[float, float]:
    x, y, w, h = number.box
    return x + w / 2, y + h / 2


def _below(number: Number, column: list[Number]) -> bool:
    """Tell whether a number stands below or above those of a column, and in none of their rows."""
    return all(other.row != number.row for other in column) and _shared(number, column) >= OVERLAP


def _shared(number: Number, column: list[Number]) -> float:
    """Return the largest share of the narrower one that a number and one of a column have in common."""
    left, _, width, _ = number.box
    return max(
        (min(left + width, x + w) - max(left, x)) / max(min(width, w), 1)
        for x, _, w, _ in (other.box for other in column)
    )
