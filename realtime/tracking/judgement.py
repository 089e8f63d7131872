"""What is believed of a number beside what was read."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Judgement:
    """The value that is believed, and why what was read is not it; empty where it is."""

    value: Decimal
    error: str

    def to_dict(self) -> dict[str, Any]:
        """Return both as they stand in a JSON line."""
        return {"value": float(self.value), "error": self.error}
