"""Part what a line says into its numbers: which signs belong to one, and which part two."""

UNSURE = "?"
INNER = ".,"  # between two digits these belong to the number

Indices = list[int]


def part(texts: list[str], starts: set[int]) -> list[Indices]:
    """Part the signs of a line, in order, into numbers: each the indices of its digits and of the signs inside it.

    starts: the places before which a wide gap or a drawn line parts the line. A point or comma between digits belongs
    to the number, and so does a minus in front of a digit where the line, or what follows a wide gap or a sign,
    begins; all else parts numbers.
    """
    numbers: list[Indices] = []
    current: Indices = []
    for k, text in enumerate(texts):
        if k in starts and current:
            numbers, current = [*numbers, current], []
        if _is_digit(text) or current and text in INNER and _is_digit(texts[current[-1]]) and _leads(texts, k, starts):
            current.append(k)
        else:
            numbers, current = numbers + [current] * bool(current), []
            if text == "-" and _leads(texts, k, starts) and (k == 0 or k in starts or not _is_digit(texts[k - 1])):
                current = [k]
    return numbers + [current] * bool(current)


def _is_digit(text: str) -> bool:
    return text.isdigit() or text == UNSURE


def _leads(texts: list[str], k: int, starts: set[int]) -> bool:
    """Tell whether a digit stands right behind a sign."""
    return k + 1 < len(texts) and k + 1 not in starts and _is_digit(texts[k + 1])
