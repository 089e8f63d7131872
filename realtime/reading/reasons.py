"""Name the reasons for which ink is refused as a digit; the checks themselves are in candidates.py and refusal.py."""

from dataclasses import dataclass
from enum import Enum


class Reason(Enum):
    """Why ink is no digit. The value is what a user is told."""

    RULED_LINE = "ruled line"
    TINY = "tiny"
    FLAT = "flat: a line or a dash"
    SOLID = "solid: no stroke"
    NETWORK = "not a digit"
    SMALL = "small beside its neighbours"
    FAINT = "faint beside its neighbours"
    INSIDE = "inside a digit"
    UNLIKE_WRITING = "unlike writing"
    TALL = "taller than the digits beside it: a bracket or a slash"

    @property
    def by_shape(self) -> bool:
        """Whether the shape alone says so, so that the network was not asked."""
        return self in (Reason.RULED_LINE, Reason.TINY, Reason.FLAT, Reason.SOLID)


@dataclass(frozen=True)
class Refusal:
    """That ink is refused as a digit: why, and what was measured. As text it is what a user is told.

    >>> str(Refusal(Reason.TINY, "5 px"))
    'tiny (5 px)'
    """

    reason: Reason
    measured: str = ""

    def __str__(self) -> str:
        return f"{self.reason.value} ({self.measured})" if self.measured else self.reason.value
