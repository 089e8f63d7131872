"""The options that say which numbers are wanted: where they stand, how they are written, and what they may be."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from realtime.commands.options import option_group
from realtime.reading.anchor import ANCHORS
from realtime.reading.expectation import CHECKSUMS, Expectation
from realtime.reading.wanted import Limits, Wanted, parse_region
from realtime.sources.text_file import read_text

EXPECT_HELP = "How numbers are written: dddd, d{3,5}, dd:dd, d+.dd, -?d+; '|' parts alternatives."
BETWEEN_HELP = "The least and the largest value of a number."
CHECKSUM_HELP = f"The checksum that the last digits hold: {', '.join(CHECKSUMS)}."
REGION_HELP = "Read only there, in pixels or percent (10%,5%,30%,8%); NAME=... in the options below is for it alone."
RATE_HELP = "Hold a number that changes by more until four readings confirm it; SECOND, HOUR, DAY too."
SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400}
ANCHOR_HELP = "Let regions, in percent of it, keep their place on a sheet, or between marks, while the camera moves."
KNOWN_HELP = "A file with all numbers there are, one a line."


@dataclass(frozen=True)
class WantedOptions:
    """Where numbers are and what they may be, as written on the command line."""

    region: tuple[str, ...]
    anchor: str | None
    expect: tuple[str, ...]
    between: tuple[str, ...]
    checksum: tuple[str, ...]
    known: tuple[str, ...]

    def files(self) -> list[Path]:
        """Return the files that are read."""
        names = {text.partition("=")[0] for text in self.region}
        return [Path(rest if name in names else text) for text in self.known for name, _, rest in [text.partition("=")]]

    def wanted(self) -> Wanted:
        """Return what is wanted.

        Raises UsageError for what is wrong in itself, ValueError or OSError for a list of numbers that cannot be used.
        """
        try:
            regions = [parse_region(text) for text in self.region]
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--region") from None
        names = [region.name for region in regions]
        if len(set(names)) < len(names):
            raise click.BadParameter(f"two are called {max(names, key=names.count)}", param_hint="--region")
        if self.anchor and not all(region.percent for region in regions):
            raise click.BadParameter("with --anchor regions are in percent of the sheet", param_hint="--region")
        told = {name: by_region(getattr(self, name), names, f"--{name}") for name in ("expect", "between", "known")}
        told["checksum"] = by_region(self.checksum, names, "--checksum")

        def expectation(region: str) -> Expectation | None:
            return parse_expectation({name: texts.get(region, texts.get("", "")) for name, texts in told.items()})

        return Wanted(
            expectation(""),
            tuple(replace(region, expectation=expectation(region.name)) for region in regions),
            anchor=self.anchor or "",
        )


def by_region(values: Sequence[str], names: Sequence[str], option: str) -> dict[str, str]:
    """Return the values of an option by the region that each names before a "=", "" where it names none."""
    found: dict[str, str] = {}
    for value in values:
        name, equals, rest = value.partition("=")
        key, text = (name, rest) if equals and name in names else ("", value)
        if key in found:
            raise click.BadParameter(
                f"{found[key]!r} and {text!r} are for the same numbers; write NAME=... for a region", param_hint=option
            )
        found[key] = text
    return found


def parse_expectation(told: dict[str, str]) -> Expectation | None:
    """Return what numbers should be, None where nothing is told. Raises UsageError, ValueError or OSError."""
    if not any(told.values()):
        return None
    known = read_known(Path(told["known"])) if told["known"] else None
    if told["checksum"] not in ("", *CHECKSUMS):
        raise click.BadParameter(f"{told['checksum']!r} is none of {', '.join(CHECKSUMS)}", param_hint="--checksum")
    option = "--between"
    try:
        between = parse_range(told["between"]) if told["between"] else None
        option = "--expect"
        return Expectation(told["expect"], between, told["checksum"], known)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def parse_range(text: str) -> tuple[Decimal, Decimal]:
    """Return LOW:HIGH as both values. Raises ValueError."""
    low, _, high = text.partition(":")
    try:
        ends = Decimal(low), Decimal(high)
        ordered = ends[0] <= ends[1]  # what is no number, NaN, has no order
    except InvalidOperation:
        raise ValueError(f"{text!r} is no range: write 0:500") from None
    if not ordered:
        raise ValueError(f"{text!r} holds nothing: write the smaller value first")
    return ends


def read_known(path: Path) -> frozenset[str]:
    """Read the numbers of a file, one a line; what follows a # is left out. Raises ValueError or OSError."""
    try:
        lines = [line.partition("#")[0].strip() for line in read_text(path).splitlines()]
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


@dataclass(frozen=True)
class LimitOptions:
    """How the numbers of meters may change."""

    rises: bool
    at_most_per: tuple[Decimal, Decimal] | None

    def within(self, wanted: Wanted) -> Wanted:
        """Return what is wanted with these limits."""
        if not (self.rises or self.at_most_per):
            return wanted
        seconds, most = self.at_most_per or (Decimal(1), None)
        return replace(wanted, limits=Limits(self.rises, None if most is None else most / seconds))


def parse_rate(_: click.Context, __: click.Parameter, text: str | None) -> tuple[Decimal, Decimal] | None:
    """Return MINUTE=N as seconds and N."""
    if text is None:
        return None
    unit, number = text.partition("=")[::2]
    try:
        most = Decimal(number)
        if unit.upper() in SECONDS and most >= 0:
            return Decimal(SECONDS[unit.upper()]), most
    except InvalidOperation:
        pass
    raise click.BadParameter(f"{text!r} is no rate: write MINUTE=5; there are {', '.join(SECONDS)}")


limit_options = option_group(
    "limiting",
    LimitOptions,
    (
        click.option("--rises", is_flag=True, help="Hold a number that falls until four readings confirm it."),
        click.option("--at-most-per", metavar="MINUTE=N", callback=parse_rate, help=RATE_HELP),
    ),
)
wanted_options = option_group(
    "wanting",
    WantedOptions,
    (
        click.option("--region", multiple=True, metavar="NAME=x,y,w,h", help=REGION_HELP),
        click.option("--anchor", type=click.Choice(ANCHORS), help=ANCHOR_HELP),
        click.option("--expect", multiple=True, metavar="[NAME=]PATTERN", help=EXPECT_HELP),
        click.option("--between", multiple=True, metavar="[NAME=]LOW:HIGH", help=BETWEEN_HELP),
        click.option("--checksum", multiple=True, metavar="[NAME=]CHECKSUM", help=CHECKSUM_HELP),
        click.option("--known", multiple=True, metavar="[NAME=]FILE", help=KNOWN_HELP),
    ),
)
