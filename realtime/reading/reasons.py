"""Name the reasons for which what the finder found is no digit."""

from dataclasses import dataclass
from enum import Enum


class Reason(Enum):
    """Why something is no digit. The value is what a user is told."""

    NOT_A_DIGIT = "not a digit"
    FAINT = "too faint"
    OUTVOTED = "no digit on its line"


@dataclass(frozen=True)
class Refusal:
    """That something is refused as a digit: why, and what was measured. As text it is what a user is told.

    >>> str(Refusal(Reason.NOT_A_DIGIT, "0.93"))
    'not a digit (0.93)'
    """

    reason: Reason
    measured: str = ""

    def __str__(self) -> str:
        return f"{self.reason.value} ({self.measured})" if self.measured else self.reason.value
