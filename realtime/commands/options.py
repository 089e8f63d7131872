"""The options that commands share, each group of them handed over as one object, and what is opened by them."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from functools import cache, wraps
from itertools import chain
from pathlib import Path
from typing import Any

import click

from realtime.commands.console import FloatRange, note
from realtime.outputs.guard import Output, check_outputs, files_read
from realtime.outputs.text import Csv, JsonLines, TextSink
from realtime.reader import Reader
from realtime.reading.classifier import Classifier
from realtime.reading.ensemble import FALLBACK, Ensemble, Networks
from realtime.reading.model_files import default_model, finetuned_model, memory_file
from realtime.reading.pipeline import CONFIDENCE, POLARITIES
from realtime.reading.remembering import Remembering
from realtime.reading.runtime import DeviceError, gpu_index
from realtime.sources.names import show

Command = Callable[..., Any]
Decorator = Callable[[Command], Command]
CONF_HELP = f"A digit less sure than this is shown as '?'.  [default: {CONFIDENCE}]"
FALLBACK_HELP = "Below this confidence of --model the surer of both networks is believed."
POLARITY_HELP = "Ink darker or lighter than its paper, or both.  [default: auto]"


@dataclass(frozen=True)
class ReadingOptions:
    """Which networks read, on which device, and how: the arguments of `Reader`."""

    model: Path | None
    device: str
    confidence: float | None
    polarity: str | None
    base_model: Path | None
    fallback: float

    def arguments(self) -> list[str]:
        """Return the options as words of a command line."""
        words = ["--device", self.device, "--fallback", str(self.fallback)]
        others: dict[str, object] = {"--model": self.model, "--base-model": self.base_model}
        others |= {"--conf": self.confidence, "--polarity": self.polarity}
        return words + [str(word) for name, value in others.items() if value is not None for word in (name, value)]


@dataclass(frozen=True)
class OutputOptions:
    """Where readings go besides the numbers on standard output: a window, annotated files, JSON lines, a table.

    overwrite: files of other kinds may be replaced by them.
    """

    show: bool
    save: Path | None
    json_path: str | None
    csv_path: str | None
    overwrite: bool

    def text_files(self) -> list[Output]:
        """Return the files of lines."""
        lines = [Output("--json", Path(self.json_path), "lines")] if self.json_path else []
        return [*lines, *([Output("--csv", Path(self.csv_path), "table")] if self.csv_path else [])]


class Device(click.ParamType[str]):
    """The name of a device; whether it can be had is another question."""

    name = "device"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse a name that no device has."""
        try:
            gpu_index(value)
        except DeviceError as error:
            self.fail(str(error), param, ctx)
        return value


def option_group(name: str, group: type[Any], options: Sequence[Decorator]) -> Decorator:
    """Return a decorator that adds click options to a command and hands their values over as one argument.

    name: of that argument. group: its dataclass, with a field for the value of each option.
    """

    def decorate(command: Command) -> Command:
        @wraps(command)
        def with_group(*args: object, **values: object) -> object:
            gathered = group(**{field.name: values.pop(field.name) for field in fields(group)})
            return command(*args, **values, **{name: gathered})

        decorated: Command = with_group
        for option in reversed(options):  # the help lists first what is added last
            decorated = option(decorated)
        return decorated

    return decorate


device_option = click.option(
    "--device", type=Device(), default="auto", show_default=True, metavar="auto|cpu|cuda[:N]", help="Run it there."
)
reading_options = option_group(
    "reading",
    ReadingOptions,
    (
        click.option("--model", type=click.Path(path_type=Path), help="ONNX file by export-onnx.  [default: bundled]"),
        device_option,
        click.option("--conf", "confidence", type=FloatRange(0, 1), help=CONF_HELP),
        click.option("--polarity", type=click.Choice(POLARITIES), help=POLARITY_HELP),
        click.option("--base-model", type=click.Path(path_type=Path), help="Network to ask where --model is unsure."),
        click.option("--fallback", type=FloatRange(0, 1), default=FALLBACK, show_default=True, help=FALLBACK_HELP),
    ),
)


overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace files that are no earlier output of the same kind, too."
)
settle_option = click.option(
    "--settle",
    type=FloatRange(0),
    metavar="SECONDS",
    help="Settle what is read alike for so long.  [default: 0.2]",
)


def output_options(show: bool) -> Decorator:
    """Add the options that say where readings go, as the argument `output`; show: whether a window is the default."""
    usual = "show where there is a display" if show else "no-show"
    options = (
        click.option("--show/--no-show", default=show, help=f"Show a window.  [default: {usual}]"),
        click.option("--save", type=click.Path(path_type=Path), help="Write the annotated picture or clip."),
        click.option("--json", "json_path", metavar="PATH", help="Write JSON lines, '-' for standard output."),
        click.option("--csv", "csv_path", metavar="PATH", help="Write a table, '-' for standard output."),
        overwrite_option,
    )
    return option_group("output", OutputOptions, options)


def bundled_by_default(options: ReadingOptions) -> ReadingOptions:
    """Return options that take the bundled model where none is named, even where a fine-tuned one lies in its place."""
    return replace(options, model=options.model or default_model())


def refuse_overwriting(
    outputs: Iterable[Output], inputs: Iterable[Path], overwrite: bool, reading: ReadingOptions | None = None
) -> None:
    """Refuse outputs that would destroy an input, a model, each other or a file of another kind. Raises UsageError.

    inputs: what is read; of a folder its pictures, its recording and its table are. reading: whose models are read.
    """
    shipped = default_model().parent.glob("*.*")
    models = [*shipped, finetuned_model(), memory_file(), reading.model, reading.base_model] if reading else []
    try:
        check_outputs(outputs, chain(files_read(inputs), filter(None, models)), overwrite)
    except ValueError as error:
        raise click.UsageError(show(error)) from None


def make_reader(options: ReadingOptions) -> Reader:
    """Make the reader that the options ask for.

    Raises ModelRefusedError for a model file that cannot be used, DeviceError for a device that cannot be had.
    """
    return Reader(**vars(options))


# For processes that read many files: the same reader for the same options.
make_reader_once = cache(make_reader)


def open_reader(options: ReadingOptions) -> Reader:
    """Make the reader that the options ask for, and say with which networks it reads, and on what."""
    reader = make_reader(options)
    networks = reader.networks
    also = ""
    told = networks.classifier
    count = len(told.memory.examples) if isinstance(told, Remembering) else 0
    remembered = f" and {count} digit{'s' * (count > 1)} remembered in {memory_file()}" if count else ""
    classifier = told.network if isinstance(told, Remembering) else told
    if isinstance(classifier, Ensemble):
        asked = options.model is not None or options.base_model is not None
        found = "" if asked else f", fine-tuned and found as {networks.path},"
        also = f"{found} and below {options.fallback:g} {classifier.base.path.name} too"
    _note_device(networks, also + remembered)
    return reader


def watched_model(reading: ReadingOptions) -> Path | None:
    """Return the model file that is taken up anew when it changes, None while there is none."""
    return reading.model or (default_model() if reading.base_model else finetuned_model())


def open_classifier(model: Path | None, device: str) -> Classifier:
    """Open one network, the bundled one where `model` is None, and say on what it runs."""
    classifier = Classifier(model or default_model(), device)
    _note_device(classifier)
    return classifier


def _note_device(networks: Classifier | Networks, also: str = "") -> None:
    """Say on which device networks run, and why on the CPU where "auto" took that; also: what else is to be said."""
    why = f" ({networks.cpu_reason})" if networks.cpu_reason else ""
    note(f"reading on {networks.device}{why} with {networks.path.name}{also}")


def open_text_sinks(stack: ExitStack, output: OutputOptions, add: bool = False) -> tuple[list[TextSink], bool]:
    """Open the outputs of lines that the options ask for; tell also whether one of them takes standard output.

    stack: closes them. add: go on at the end of the JSON lines that are there. Raises OutputError where a file cannot
    be opened.
    """
    if output.json_path == "-" and output.csv_path == "-":
        raise click.UsageError("--json - and --csv - cannot share standard output: write one of them to a file")
    sinks: list[TextSink] = []
    if output.json_path:
        sinks.append(stack.enter_context(JsonLines(output.json_path, add)))
    if output.csv_path:
        sinks.append(stack.enter_context(Csv(output.csv_path)))
    return sinks, "-" in (output.json_path, output.csv_path)
