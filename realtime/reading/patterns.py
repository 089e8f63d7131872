"""Patterns of numbers as people write them, `dddd`, `d{3,5}`, `dd:dd`, `d+.dd`, `-?d+|0`: each a small automaton.

A "d" is any digit; other digits and signs stand for themselves. `?`, `*`, `+`, `{n}`, `{n,}` and `{n,m}` say how often
what stands before them is written, `(...)` holds parts together, `|` parts alternatives. A backslash takes the meaning
from one of these: `\\+` is a plus.
"""

import re
from collections.abc import Callable
from functools import lru_cache

MOST = 64  # repetitions of a part; no number is as long
LONGEST = 300  # signs of a pattern, so that brackets in brackets end
MOST_STATES = 4096  # of an automaton, so that repetitions of repetitions fill no memory
_ANY = "d"
_SPECIAL = "?*+{}()|\\"
_TIMES = re.compile(r"\{(\d{1,3})(,(\d{0,3}))?\}")
_KEPT = 4096  # beginnings of numbers whose states are remembered

States = frozenset[int]
Part = Callable[[int], int]  # lays arcs from a state on and returns the state in which they end


class Pattern:
    """A pattern as an automaton (Thompson's) that reads numbers sign by sign; `signs` are those it names.

    Raises ValueError for what is no pattern.

    >>> pattern = Pattern("d+.dd")
    >>> pattern.holds("3.75"), pattern.holds("3.7"), pattern.may_begin("3.7")
    (True, False, True)
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._rest = text
        if len(text) > LONGEST:
            raise self._error(f"it has {len(text)} signs, more than {LONGEST}; --known takes a list")
        self._arcs: list[list[tuple[str, int]]] = [[]]  # of each state: a sign or "" for none, and the state behind it
        self._end = self._alternatives()(0)
        if self._rest:
            raise self._error("a bracket closes that was not opened")
        self.states = lru_cache(_KEPT)(self._walk)
        if self.holds(""):
            raise self._error("it holds for nothing at all")
        arcs = [arc for arcs in self._arcs for arc in arcs if arc[0] and not _is_digit(arc[0])]
        if any(self._end in self._closed({to}) for _, to in arcs):
            raise self._error("a number ends in a digit")
        self.signs = "".join(sorted({sign for sign, _ in arcs}))

    def holds(self, text: str) -> bool:
        """Tell whether a number is as the pattern says."""
        return self._end in self.states(text)

    def may_begin(self, text: str) -> bool:
        """Tell whether a number that is as the pattern says may begin so."""
        return bool(self.states(text))

    @property
    def inner(self) -> str:
        """The signs that may stand behind a digit."""
        behind = {to for arcs in self._arcs for sign, to in arcs if sign == _ANY or sign.isdigit()}
        reached = self._closed(behind)
        return "".join(sorted({sign for k in reached for sign, _ in self._arcs[k] if sign and not _is_digit(sign)}))

    def _walk(self, text: str) -> States:
        """Return the states in which the automaton may be behind a text."""
        if not text:
            return self._closed({0})
        signs = (text[-1], _ANY) if text[-1].isdigit() else (text[-1],)
        return self._closed({to for k in self.states(text[:-1]) for sign, to in self._arcs[k] if sign in signs})

    def _closed(self, states: set[int]) -> States:
        """Return states, and those that are reached from them without a sign."""
        reached, todo = set(states), list(states)
        while todo:
            more = {to for sign, to in self._arcs[todo.pop()] if not sign} - reached
            reached |= more
            todo += more
        return frozenset(reached)

    def _arc(self, start: int, sign: str, end: int | None = None) -> int:
        """Lay an arc to a state, a new one where none is named, and return that."""
        if end is None:
            self._arcs.append([])
            end = len(self._arcs) - 1
            if end > MOST_STATES:
                raise self._error("it is too long")
        self._arcs[start].append((sign, end))
        return end

    def _alternatives(self) -> Part:
        """Read alternatives off the rest of the text, up to its end or a closing bracket."""
        ways = [self._sequence()]
        while self._rest.startswith("|"):
            self._rest = self._rest[1:]
            ways.append(self._sequence())

        def lay(start: int) -> int:
            end = self._arc(ways[0](start), "")
            for way in ways[1:]:
                self._arc(way(start), "", end)
            return end

        return lay

    def _sequence(self) -> Part:
        parts: list[Part] = []
        while self._rest and self._rest[0] not in "|)":
            parts.append(self._repeated(self._part()))
        if not parts:
            raise self._error("an alternative is empty")

        def lay(start: int) -> int:
            for part in parts:
                start = part(start)
            return start

        return lay

    def _part(self) -> Part:
        """Read one digit, sign or group."""
        sign, self._rest = self._rest[0], self._rest[1:]
        if sign == "(":
            inside = self._alternatives()
            if not self._rest:
                raise self._error("a bracket is not closed")
            self._rest = self._rest[1:]
            return inside
        if sign == "\\":
            sign, self._rest = self._rest[:1], self._rest[1:]
        elif sign in _SPECIAL:
            raise self._error(f"{sign!r} follows nothing; write \\{sign} for the sign")
        if not sign or sign.isspace() or sign.isalpha() and sign not in "dx":
            raise self._error(f"{sign!r} is neither a digit nor a sign; d is any digit")
        return lambda start: self._arc(start, sign)

    def _repeated(self, part: Part) -> Part:
        """Read how often a part is written."""
        low, high = self._times()

        def lay(start: int) -> int:
            for _ in range(low):
                start = part(start)
            if high is None:
                entry = self._arc(start, "")
                self._arc(part(entry), "", entry)
                return self._arc(entry, "")
            end = self._arc(start, "")
            for _ in range(high - low):
                start = part(start)
                self._arc(start, "", end)
            return end

        return lay

    def _times(self) -> tuple[int, int | None]:
        sign = self._rest[:1]
        if sign and sign in "?*+":
            self._rest = self._rest[1:]
            return int(sign == "+"), 1 if sign == "?" else None
        counted = _TIMES.match(self._rest)
        if counted is None:
            return 1, 1
        self._rest = self._rest[counted.end() :]
        low = int(counted[1])
        high = (int(counted[3]) if counted[3] else None) if counted[2] else low
        if max(low, high or 1) > MOST or high == 0 or high is not None and high < low:
            raise self._error(f"{counted[0]} is no number of times; there are {{n}}, {{n,}} and {{n,m}} up to {MOST}")
        return low, high

    def _error(self, why: str) -> ValueError:
        text = self.text if len(self.text) <= LONGEST else f"{self.text[:40]}..."
        return ValueError(f"{text!r} is no pattern: {why}. Write dddd, d{{3,5}}, dd:dd or d+.dd")


def _is_digit(sign: str) -> bool:
    return sign == _ANY or sign.isdigit()
