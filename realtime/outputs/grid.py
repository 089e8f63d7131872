"""Lay the numbers of a page out as a table: a row for each line of writing, columns by what stands below each other."""

from collections.abc import Sequence

from realtime.outputs.text import csv_line
from realtime.reading.page import Number

OVERLAP = 0.3  # share of the narrower of two numbers that lies below the other where both are in one column


def lay_out(numbers: Sequence[Number]) -> list[list[str]]:
    """Return the texts of numbers as rows of equally many cells, empty where none stands.

    Two numbers of one row are never in one column: where a wide number lies below both, the one nearer to its left edge
    shares its column.
    """
    columns: list[list[Number]] = []
    for number in sorted(numbers, key=lambda number: number.box[0] + number.box[2] / 2):
        fitting = [column for column in columns if _below(number, column)]
        if fitting:
            max(fitting, key=lambda column: _shared(number, column)).append(number)
        else:
            columns.append([number])
    columns.sort(key=lambda column: sum(number.box[0] for number in column) / len(column))
    rows = sorted({number.row for number in numbers})
    cells = [[""] * len(columns) for _ in rows]
    for k, column in enumerate(columns):
        for number in column:
            cells[rows.index(number.row)][k] = number.text
    return cells


def table_text(numbers: Sequence[Number]) -> str:
    """Return the table of a page as lines of CSV, empty where there is no number."""
    return "".join(csv_line(row) for row in lay_out(numbers))


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
