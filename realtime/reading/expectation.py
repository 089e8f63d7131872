"""What a number may be: a pattern, a range, a checksum, a list of the numbers there are."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from realtime.reading.patterns import Pattern

# What is allowed where no pattern says more: digits with points and commas between them, and a minus in front.
ANY_NUMBER = "-?d+((.|,)d+)*"
_VALUE = re.compile(r"-?\d+([.,]\d+)*")


@dataclass(frozen=True)
class Expectation:
    """What a number is expected to be; all that is named must hold.

    pattern: how it is written, as `patterns` says. between: the least and the largest value. checksum: the name of one
    of CHECKSUMS. known: the texts of all numbers there are. Raises ValueError for what is no pattern.

    >>> expected = Expectation("dd:dd")
    >>> expected.allows("12:30"), expected.allows("12:3?")
    (True, False)
    """

    pattern: str = ""
    between: tuple[Decimal, Decimal] | None = None
    checksum: str = ""
    known: frozenset[str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        Pattern(self.pattern or ANY_NUMBER)  # refuses what is none, before anything is read

    def allows(self, text: str) -> bool:
        """Tell whether a number may be this; one with a "?" is not."""
        if not self.may_begin(text) or not (self._automaton.holds(text) or self._by_list):
            return False
        if self.known is not None and text not in self.known:
            return False
        if self.checksum and not CHECKSUMS[self.checksum]([int(sign) for sign in text if sign.isdigit()]):
            return False
        return self.between is None or self._is_between(text)

    def may_begin(self, text: str) -> bool:
        """Tell whether a number may begin so, as far as its pattern and the list of known numbers say."""
        return (self._by_list or self._automaton.may_begin(text)) and (self.known is None or text in self._beginnings)

    @cached_property
    def inner(self) -> str:
        """The signs that may stand behind a digit of a number."""
        if not self._by_list:
            return self._automaton.inner
        return "".join(sorted({sign for text in self.known or () for sign in text[1:] if not sign.isdigit()}))

    @cached_property
    def signs(self) -> str:
        """All signs that a number may hold."""
        if not self._by_list:
            return self._automaton.signs
        return "".join(sorted({sign for text in self.known or () for sign in text if not sign.isdigit()}))

    @cached_property
    def _automaton(self) -> Pattern:
        return Pattern(self.pattern or ANY_NUMBER)

    @property
    def _by_list(self) -> bool:
        """Whether the list of known numbers alone says how they are written."""
        return self.known is not None and not self.pattern

    @cached_property
    def _beginnings(self) -> frozenset[str]:
        return frozenset(text[:k] for text in self.known or () for k in range(len(text) + 1))

    def _is_between(self, text: str) -> bool:
        value = value_of(text)
        return value is not None and self.between is not None and self.between[0] <= value <= self.between[1]


def value_of(text: str) -> Decimal | None:
    """Return what a number is worth, its last point or comma taken as the decimal one; None for 12:30 and 1?.

    >>> value_of("1,250.75"), value_of("0042"), value_of("12:30")
    (Decimal('1250.75'), Decimal('42'), None)
    """
    if not _VALUE.fullmatch(text):
        return None
    whole, _, part = text.replace(",", ".").rpartition(".")
    return Decimal(f"{whole.replace('.', '')}.{part}" if whole else part)


def _luhn(digits: list[int]) -> bool:
    """Check the last digit of bank cards and many account numbers."""
    doubled = [2 * d - 9 * (d > 4) if k % 2 else d for k, d in enumerate(reversed(digits))]
    return len(digits) > 1 and sum(doubled) % 10 == 0


def _mod97(digits: list[int]) -> bool:
    """Check the last two digits by ISO 7064 MOD 97-10."""
    return len(digits) > 2 and int("".join(map(str, digits))) % 97 == 1


def _ean13(digits: list[int]) -> bool:
    """Check the last digit of the 13 below a bar code, of an ISBN-13 too."""
    return len(digits) == 13 and sum(d * (3 if k % 2 else 1) for k, d in enumerate(digits)) % 10 == 0


def _isbn10(digits: list[int]) -> bool:
    """Check the last digit of an ISBN-10; one whose check is an X is none of ours."""
    return len(digits) == 10 and sum(d * (10 - k) for k, d in enumerate(digits)) % 11 == 0


CHECKSUMS: dict[str, Callable[[list[int]], bool]] = {
    "luhn": _luhn,
    "mod97": _mod97,
    "ean13": _ean13,
    "isbn10": _isbn10,
}
