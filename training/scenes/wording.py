"""What a line says: amounts, prices, equations, dates, times, phone numbers, cells, words between.

A text is a list of tokens: digits and signs as one character each, " " for a gap that parts numbers, "a" for a letter
or a sign that is none of ours, "W" for a word, "S" for a scribble, and a longer token for a number written in one go.
`truth` gives what a reader should say.
"""

import re
from collections.abc import Callable

from numpy.random import Generator

from realtime.reading import row_reader

SIGNS = ".,-+x/:=()[]%"
OTHER, GAP = row_reader.OTHER, row_reader.GAP
ALPHABET = "0123456789" + SIGNS + OTHER
LABELS = ALPHABET + GAP

Tokens = list[str]


def truth(tokens: Tokens) -> str:
    """Return what a line of tokens reads: one ~ for a run of letters, words, scribbles."""
    text = "".join(OTHER if token in ("a", "W", "S") else token for token in tokens)
    return tidy(text)


def tidy(text: str) -> str:
    """Return the text of a line with one ~ for a run of them, and no gap beside one or at an end."""
    return re.sub(" +", GAP, re.sub(rf" *{OTHER}[ {OTHER}]*", OTHER, text)).strip()


def a_number(tokens: Tokens, rng: Generator) -> range:
    """Return which tokens make up one number of two digits or more, as large as it goes; none where there is none."""
    line = "".join("0" if token.isdigit() else token[0] for token in tokens)
    places = [range(*run.span()) for run in re.finditer(r"-?\d(?:[\d.,]*\d)?", line)]
    longer = [place for place in places if sum(map(str.isdigit, "".join(tokens[place.start : place.stop]))) > 1]
    return longer[int(rng.integers(len(longer)))] if longer else range(0)


def draw(rng: Generator) -> Tokens:
    """Draw the text of one line."""
    kinds, weights = zip(*_KINDS, strict=True)
    total = float(sum(weights))
    tokens: Tokens = kinds[int(rng.choice(len(kinds), p=[w / total for w in weights]))](rng)
    return tokens[:28]


def _digits(rng: Generator, count: int) -> Tokens:
    """Return so many digits; zeros, repeats and ones come in runs more often than by chance."""
    tokens = [str(d) for d in rng.integers(0, 10, count)]
    if count > 2 and rng.random() < 0.3:
        start = int(rng.integers(1, count))
        tokens[start:] = [str(rng.choice(["0", "0", "0", "1", tokens[0]]))] * (count - start)
    elif count > 1 and rng.random() < 0.15:
        at = int(rng.integers(1, count))
        tokens[at] = tokens[at - 1]
    return tokens


def _length(rng: Generator, mean: float = 4.5, most: int = 20) -> int:
    return int(min(1 + rng.poisson(mean - 1), most))


def _plain(rng: Generator) -> Tokens:
    if rng.random() < 0.12:
        return _digits(rng, int(rng.integers(8, 21)))
    return _digits(rng, _length(rng, 4.2))


def _one(rng: Generator) -> Tokens:
    return ["1"] if rng.random() < 0.2 else _digits(rng, 1)


def _thousands(rng: Generator, digits: Tokens) -> Tokens:
    """Set points, commas or small gaps between the thousands, or nothing."""
    sign = str(rng.choice([".", ".", ".", ",", "", ""]))
    out: Tokens = []
    for place, digit in enumerate(digits):
        if sign and place and (len(digits) - place) % 3 == 0:
            out.append(sign)
        out.append(digit)
    return out


TAILS = [
    "",
    "",
    "",
    "",
    "",
    ".",
    ".",
    "-",
    "-",
    "--",
    ".-",
    ",-",
    ".--",
    "=",
    "=",
    ",=",
    ",",
    "/",
    ":-",
    "S",
    ".S",
    "W",
]
HEADS = ["", "", "", "", "", "", "", "", "", "-", "=", "--", "a", "S"]


def _amount(rng: Generator) -> Tokens:
    tokens = _thousands(rng, _digits(rng, int(rng.choice([2, 3, 4, 5, 6, 7], p=[0.07, 0.13, 0.3, 0.32, 0.13, 0.05]))))
    if rng.random() < 0.15:
        tokens += [str(rng.choice([".", ","])), *_digits(rng, 2)]
    return [*str(rng.choice(HEADS)), *tokens, *str(rng.choice(TAILS))]


def _decimal(rng: Generator) -> Tokens:
    tokens = [*_digits(rng, _length(rng, 2, 5)), str(rng.choice([".", ","])), *_digits(rng, _length(rng, 2, 4))]
    ends = rng.random()
    if ends < 0.15:
        tokens = ["-", *tokens]
    elif ends < 0.3:
        tokens += [str(rng.choice(["a", "W", "%"]))]
    elif ends < 0.4:
        tokens = ["a", *tokens]
    return tokens


def _equation(rng: Generator) -> Tokens:
    def term(depth: int) -> Tokens:
        if depth and rng.random() < 0.28:
            left, right = ("(", ")") if rng.random() < 0.65 else ("[", "]")
            return [left, *side(depth - 1, 2), right]
        return _digits(rng, _length(rng, 1.5, 4))

    def side(depth: int, count: int) -> Tokens:
        tokens = term(depth)
        for _ in range(count - 1):
            tokens += [str(rng.choice(list("++--xx//:"))), *term(depth)]
        return tokens

    tokens = side(2, int(rng.integers(1, 5)))
    if rng.random() < 0.1:
        tokens = ["-", *tokens]
    if rng.random() < 0.3:
        tokens += ["=", *(_digits(rng, _length(rng, 1.7, 4)) if rng.random() < 0.8 else ["a"])]
    return tokens


def _date(rng: Generator) -> Tokens:
    sign = str(rng.choice(["/", "/", ".", "-", "-"]))
    day, month = str(rng.integers(1, 32)), str(rng.integers(1, 13))
    year = str(rng.integers(1950, 2040))
    if rng.random() < 0.5:
        day, month = day.zfill(2), month.zfill(2)
    parts = [year, month, day] if rng.random() < 0.2 else [day, month, year if rng.random() < 0.6 else year[2:]]
    if rng.random() < 0.15:
        parts = parts[:2]
    return [*sign.join(parts)]


def _time(rng: Generator) -> Tokens:
    sign = ":" if rng.random() < 0.8 else "."
    text = f"{rng.integers(0, 24)}{sign}{rng.integers(0, 60):02d}"
    return [*text, *(f"{sign}{rng.integers(0, 60):02d}" if rng.random() < 0.25 else "")]


def _phone(rng: Generator) -> Tokens:
    sign = str(rng.choice(["-", "-", " ", "/", "."]))
    groups = [_digits(rng, int(rng.integers(2, 5))) for _ in range(int(rng.integers(2, 5)))]
    tokens = [*("+" if rng.random() < 0.25 else "")]
    for place, group in enumerate(groups):
        tokens += [sign] * (place > 0) + group
    return ["(", *tokens[:3], ")", *tokens[3:]] if rng.random() < 0.12 and tokens[0] != "+" else tokens


def _cells(rng: Generator) -> Tokens:
    """Return several numbers of one line with gaps between."""
    tokens: Tokens = []
    for place in range(int(rng.integers(2, 8))):
        tokens += [" "] * (place > 0) + _digits(rng, _length(rng, 1.7, 5))
    return tokens


def _words(rng: Generator) -> Tokens:
    """Return numbers among words, or a word alone."""
    if rng.random() < 0.35:
        return ["W"]
    tokens: Tokens = []
    for _ in range(int(rng.integers(1, 4))):
        number = _digits(rng, _length(rng, 2, 5))
        part = [["W", " "], ["a"], ["W", " ", *number], [*number, "a"], [*number, " ", "W"], ["a", *number]]
        tokens += part[int(rng.integers(len(part)))]
    return tokens


def _percent(rng: Generator) -> Tokens:
    return [*_digits(rng, _length(rng, 1.8, 3)), "%"]


def _any(rng: Generator) -> Tokens:
    """Return signs and digits in any order, so that no grammar is learned in place of shapes."""
    signs = rng.choice(list(SIGNS + "a"), 20)
    return [str(signs[k]) if rng.random() < 0.4 else str(rng.integers(0, 10)) for k in range(_length(rng, 5, 14))]


def _nothing(rng: Generator) -> Tokens:
    return []


_KINDS: list[tuple[Callable[[Generator], Tokens], float]] = [
    *((_plain, 0.22), (_one, 0.04), (_amount, 0.3), (_decimal, 0.06), (_equation, 0.14), (_date, 0.05), (_time, 0.02)),
    *((_phone, 0.03), (_cells, 0.08), (_words, 0.08), (_percent, 0.015), (_any, 0.03), (_nothing, 0.015)),
]
