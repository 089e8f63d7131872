"""What every console command shares: -h and --version, notes for people, and the exit codes."""

import math
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any

import click

from realtime.interrupts import raise_again
from realtime.reading.runtime import ModelRefusedError
from realtime.sources.frame import SourceError
from realtime.sources.names import show

# Exit codes besides 0, done, and click's own 2, wrong usage. 130 is what shells report of a program that Ctrl-C ended.
FAILED, SOURCE_UNAVAILABLE, MODEL_REFUSED, INTERRUPTED = 1, 3, 4, 130


class FloatRange(click.FloatRange):
    """A number in a range, which NaN is not."""

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Refuse what is no number, and what lies outside."""
        number = float(super().convert(value, param, ctx))  # type: ignore[arg-type]  # it is given text
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


class Command(click.Command):
    """A command that takes no empty words: as a path, such a one would be the folder one stands in."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse empty words. Raises UsageError."""
        empty = next((word for word in args if not word or (word.startswith("--") and word.endswith("="))), None)
        if empty is not None:
            raise click.UsageError(
                f"{empty + ' has no value' if empty else 'an argument is empty'}: is a variable unset?"
            )
        return super().parse_args(ctx, args)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401
    ) -> click.Context:
        """Read the words; what a terminal would obey in them is written out in errors, and what is secret is masked."""
        with _shown():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401
        """Run the command, with errors as those of `make_context`."""
        with _shown():
            return super().invoke(ctx)


@contextmanager
def _shown() -> Iterator[None]:
    """Let errors of usage hold only what may be shown."""
    try:
        yield
    except click.UsageError as error:
        raise click.UsageError(show(error.format_message()), error.ctx) from error


def console_command(function: Callable[..., Any], kind: type[Command] = Command) -> click.Command:
    """Make a command of a function with click options: besides --help it answers to -h and --version."""

    @wraps(function)
    def begun(*args: object, **values: object) -> object:
        raise_again()
        return function(*args, **values)

    command = click.command(cls=kind, context_settings={"help_option_names": ["-h", "--help"]})(begun)
    return click.version_option(package_name="livedigits", message="%(package)s %(version)s")(command)


def note(text: str) -> None:
    """Write a line for people on standard error: standard output carries the numbers and nothing else.

    What is secret in addresses is masked, and what a terminal would obey in names of files is written out.
    """
    click.echo(show(text), err=True)


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn errors that a user can cause into one line on standard error and an exit code.

    A model that is refused exits with 4, a source that is unavailable with 3, any other OSError or ValueError with 1.
    """
    try:
        yield
    except ModelRefusedError as error:
        _stop(str(error), MODEL_REFUSED)
    except SourceError as error:
        _stop(str(error), SOURCE_UNAVAILABLE)
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`): there is nobody to tell, and Python must not fail at its end
        # when it flushes what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except (OSError, ValueError) as error:
        _stop(str(error), FAILED)
    except KeyboardInterrupt:
        _stop("interrupted", INTERRUPTED)


def finish_on_sigterm(stack: ExitStack) -> None:
    """Take SIGTERM as Ctrl-C until the stack closes: whoever ends a command, its files are finished."""
    stack.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, signal.default_int_handler))


def _stop(message: str, code: int) -> None:
    note(f"error: {message}")
    sys.exit(code)
