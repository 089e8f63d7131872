"""What people write: numbers of every kind, sums, and words that are none."""

from numpy.random import Generator

_VOWELS, _CONSONANTS = "aeiouaeiouy", "bcdfghjklmnprstvwxzsrntl"
# Alone, these are as good as a digit or a stroke of one: 0, 1, 2, 5, 6, 8, 9.
AMBIGUOUS = set("oOQDlIiJzZsSqgbBYTtGC/|()[]{}!'\"")
_COMMON = """
Total Sum Date Name Tel Nr No Page kg cm EUR Rest Tax Paid Room Bus Test Class Milk Bread Eggs Rice Tea Apples score
team points time week Monday May June km ml left open done of and for per the total each price answer
"""
_WORDS = _COMMON.split()


def number(rng: Generator, longest: int = 7) -> str:
    """Return digits alone: short ones mostly, and now and then one with repeated digits."""
    count = int(rng.integers(1, longest + 1))
    if rng.random() < 0.12:
        return str(rng.integers(10)) * count
    if rng.random() < 0.1:
        return str(rng.integers(1, 10)) + "0" * (count - 1)
    return "".join(map(str, rng.integers(0, 10, count)))


def signed(rng: Generator) -> str:
    """Return a number with signs in it: a price, a date, a time, a fraction, a telephone number, a year."""
    a, b, c = (int(v) for v in rng.integers(1, 100, 3))
    forms = (
        f"{a}.{b:02d}", f"{a},{b:02d}", f"{a}/{b}", f"{a}:{b:02d}", f"-{a}", f"{b}%", f"${a}", f"({a})", f"{a}.{b}.{c}",
        f"{a}/{b}/20{c:02d}", f"{a * 37}-{b * 91}", f"{a},{b * 9:03d}", f"#{a}", f"{a}-{b}", f"{a}+{b}", f"{a}x{b}",
        f"**{a * b}**", f"{a * b}.-", f"{a}.", f"{a})", f"+{a * 13} {b * 77}", f"={a}", f"[{a}]", f"{a}={b}",
    )  # fmt: skip
    return forms[rng.integers(len(forms))]


def equation(rng: Generator) -> str:
    """Return a sum in a line, with or without blanks about its signs."""
    a, b, c = (number(rng, 3) for _ in range(3))
    sign = str(rng.choice(["+", "-", "x", "/", "*", ":"]))
    blank = " " if rng.random() < 0.5 else ""
    parts = [a, sign, b] + ([str(rng.choice(["+", "-"])), c] if rng.random() < 0.25 else [])
    if rng.random() < 0.8:
        parts += ["=", number(rng, 4) if rng.random() < 0.85 else "?"]
    return blank.join(parts)


def word(rng: Generator) -> str:
    """Return a word: a common one, or syllables; sometimes in capitals."""
    if rng.random() < 0.4:
        text = _WORDS[rng.integers(len(_WORDS))]
    else:
        text = "".join(
            _CONSONANTS[rng.integers(len(_CONSONANTS))] + _VOWELS[rng.integers(len(_VOWELS))]
            for _ in range(int(rng.integers(1, 5)))
        )
        if rng.random() < 0.3:
            text = text.capitalize()
    return text.upper() if rng.random() < 0.2 else text


def sentence(rng: Generator, count: int) -> str:
    """Return so many words."""
    return " ".join(word(rng) for _ in range(count))
