"""The options that say which numbers are wanted: how they are written, and what they may be."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from realtime.commands.options import option_group
from realtime.reading.expectation import CHECKSUMS, Expectation
from realtime.reading.patterns import Pattern
from realtime.reading.wanted import Wanted

EXPECT_HELP = "How numbers are written: dddd, d{3,5}, dd:dd, d+.dd, -?d+; '|' parts alternatives."
BETWEEN_HELP = "The least and the largest value of a number."
CHECKSUM_HELP = "The checksum that the last digits hold."
KNOWN_HELP = "A file with all numbers there are, one a line."


@dataclass(frozen=True)
class WantedOptions:
    """What numbers may be, as written on the command line."""

    expect: str | None
    between: str | None
    checksum: str | None
    known: Path | None

    def wanted(self) -> Wanted:
        """Return what is wanted. Raises ValueError or OSError for a list of numbers that cannot be used."""
        if not (self.expect or self.between or self.checksum or self.known):
            return Wanted()
        between = parse_range(self.between) if self.between else None
        known = read_known(self.known) if self.known else None
        return Wanted(Expectation(self.expect or "", between, self.checksum or "", known))


def parse_range(text: str) -> tuple[Decimal, Decimal]:
    """Return LOW:HIGH as both values. Raises ValueError."""
    low, _, high = text.partition(":")
    try:
        ends = Decimal(low), Decimal(high)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no range: write 0:500") from None
    if not ends[0] <= ends[1]:
        raise ValueError(f"{text!r} holds nothing: write the smaller value first")
    return ends


def read_known(path: Path) -> frozenset[str]:
    """Read the numbers of a file, one a line; what follows a # is left out. Raises ValueError or OSError."""
    try:
        lines = [line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines()]
    except OSError as error:
        raise OSError(f"cannot read --known {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ValueError(f"--known {path} is no text: write one number a line") from None
    known = frozenset(line for line in lines if line)
    wrong = sorted(text for text in known if not text[-1].isdigit() or any(map(str.isalpha, text)) or " " in text)
    if wrong or not known:
        what = f"holds {wrong[0]!r}, which is no number" if wrong else "holds no number"
        raise ValueError(f"--known {path} {what}: write one number a line")
    return known


def checked(parse: Callable[[str], object]) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Return a callback that refuses what cannot be parsed, and hands the text on: other processes parse it anew."""

    def check(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
        try:
            if text is not None:
                parse(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
        return text

    return check


wanted_options = option_group(
    "wanting",
    WantedOptions,
    (
        click.option("--expect", metavar="PATTERN", callback=checked(Pattern), help=EXPECT_HELP),
        click.option("--between", metavar="LOW:HIGH", callback=checked(parse_range), help=BETWEEN_HELP),
        click.option("--checksum", type=click.Choice(list(CHECKSUMS)), help=CHECKSUM_HELP),
        click.option("--known", type=click.Path(path_type=Path), metavar="FILE", help=KNOWN_HELP),
    ),
)
