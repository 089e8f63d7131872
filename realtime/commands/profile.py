"""Take all options of a command from a TOML file, and print the file that says the same as a command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from realtime.commands.console import Command, console_command
from realtime.outputs.files import write_whole
from realtime.sources.names import mask_secrets
from realtime.sources.text_file import read_toml

KEPT = Path("livedigits.toml")
PROFILE, PRINT = "profile", "print_profile"
PROFILE_HELP = "Take options from this TOML file; those on the command line come before it."
PRINT_HELP = "Print the options that are set as such a file, and end."
_OWN = (PROFILE, PRINT, "help", "version", "list_cameras", "photos", "truths")  # what a run is about or shows, not how


class ProfiledCommand(Command):
    """A command whose options may stand in a file, named as on the command line: `at-most-per = "HOUR=2"`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the profile that the words of the command line name; print one instead where that is asked for."""
        words, _, _ = self.make_parser(ctx).parse_args(args=list(args))
        told = {name: value for name, value in words.items() if isinstance(value, str | bool | list | tuple)}
        named = told.get(PROFILE)
        profile = self._read(ctx, Path(str(named))) if named else {}
        if told.get(PRINT):
            click.echo(self.write(profile | told), nl=False)
            ctx.exit()
        ctx.default_map = profile
        ctx.meta[PROFILE] = profile | told
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command, which knows of no profile."""
        for name in (PROFILE, PRINT):
            ctx.params.pop(name, None)
        return super().invoke(ctx)

    def _settings(self) -> dict[str, click.Parameter]:
        """Return what may stand in a profile, by its name there."""
        return {written(param): param for param in self.params if param.name not in _OWN and not _is_required(param)}

    def _read(self, ctx: click.Context, path: Path) -> dict[str, Any]:
        """Return the values of a profile by the names of their parameters. Raises BadParameter."""

        def refuse(why: str) -> click.BadParameter:
            return click.BadParameter(f"{path} {why}", ctx, param_hint="--profile")

        try:
            lines = read_toml(path)
        except OSError as error:
            raise refuse(f"cannot be read: {error.strerror or error}") from None
        except ValueError as error:
            raise refuse(f"is no TOML: {error}") from None
        known, found = self._settings(), {}
        for name, value in lines.items():
            if name not in known:
                raise refuse(f"has {name!r}, which {ctx.info_name} does not know; it knows {', '.join(sorted(known))}")
            if not _is_kind(value, known[name]):
                raise refuse(f"says {name} = {json.dumps(value, default=str)}: {_wanted(known[name])}")
            found[str(known[name].name)] = value if isinstance(value, list | bool) else str(value)
        return found

    def write(self, told: dict[str, Any]) -> str:
        """Return values by the names of their parameters as a profile."""
        lines = []
        for name, param in self._settings().items():
            value = told.get(str(param.name))
            if value is None or value in ([], ()):
                continue
            if mask_secrets(str(value)) != str(value):
                lines.append(f"# {name} holds what is secret: write it here yourself\n")
                continue
            lines.append(f"{name} = {_toml(value, param)}\n")
        return "".join(lines)


def profiled_command(function: Callable[..., Any]) -> click.Command:
    """Make a command of a function with click options, which takes a profile."""
    command = console_command(function, ProfiledCommand)
    command = click.option("--print-profile", is_flag=True, help=PRINT_HELP)(command)
    return click.option("--profile", type=click.Path(path_type=Path), metavar="FILE", help=PROFILE_HELP)(command)


def keep_profile(context: click.Context, changes: dict[str, object]) -> Path:
    """Write the options of a command that runs, changed so, as a profile into this folder; return the file.

    Raises OutputError.
    """
    path, number = KEPT, 1
    while path.exists():
        number += 1
        path = KEPT.with_stem(f"{KEPT.stem}-{number}")
    if isinstance(context.command, ProfiledCommand):
        write_whole(path, context.command.write(context.meta[PROFILE] | changes).encode())
    return path


def profile_file() -> list[Path]:
    """Return the profile that the command which runs was given, if any."""
    context = click.get_current_context(silent=True)
    path = context.meta.get(PROFILE, {}).get(PROFILE) if context else None
    return [Path(path)] if path else []


def written(param: click.Parameter) -> str:
    """Return the name of a parameter as it is written on a command line, without its dashes."""
    long = [name for name in param.opts if name.startswith("--")]
    return (long[0] if long else str(param.name)).lstrip("-")


def _is_required(param: click.Parameter) -> bool:
    return isinstance(param, click.Argument) and param.required


def _is_flag(param: click.Parameter) -> bool:
    return isinstance(param, click.Option) and param.is_flag


def _is_list(param: click.Parameter) -> bool:
    return param.multiple or param.nargs == -1


def _is_kind(value: object, param: click.Parameter) -> bool:
    """Tell whether a value of TOML is of the kind that a parameter takes; what it says is looked at later."""
    if _is_flag(param):
        return isinstance(value, bool)
    if _is_list(param):
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _wanted(param: click.Parameter) -> str:
    if _is_flag(param):
        return "write true or false"
    return 'write a list of texts, ["...", "..."]' if _is_list(param) else 'write a number or a text, "..."'


def _toml(value: object, param: click.Parameter) -> str:
    """Return a value as TOML writes it, numbers without quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return json.dumps([str(one) for one in value], ensure_ascii=False)
    number = isinstance(param.type, click.types.IntParamType | click.types.FloatParamType)
    return str(value) if number and str(value) != "inf" else json.dumps(str(value), ensure_ascii=False)
