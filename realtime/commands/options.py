"""What the commands share: their options, the classifier these ask for, and exit codes."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import click

from realtime.commands.console import note
from realtime.outputs.text import Csv, JsonLines, TextSink
from realtime.reading.classifier import Classifier
from realtime.reading.ensemble import FALLBACK, Ensemble, load_networks
from realtime.reading.ink import POLARITIES
from realtime.reading.model_files import default_model
from realtime.reading.pipeline import CONFIDENCE
from realtime.reading.runtime import DeviceError, gpu_index

Asked = tuple[Path | None, Path | None, float, str]  # what `load_networks` is asked for
CONF_HELP = "A digit less sure than this is shown as '?'."
FALLBACK_HELP = "Below this confidence of --model the surer of both networks is believed."
INK_HELP = "Ink darker or lighter than its paper, or both."


def add_options(command: Callable, options: Iterable[Callable]) -> Callable:
    """Add click options to a command, so that its help lists them in the order given."""
    for option in reversed(tuple(options)):
        command = option(command)
    return command


class Device(click.ParamType):
    """The name of a device; whether it can be had is another question."""

    name = "device"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse a name that no device has."""
        try:
            gpu_index(value)
        except DeviceError as error:
            self.fail(str(error), param, ctx)
        return value


def device_option(command: Callable) -> Callable:
    """Add the option that chooses where the network runs: --device."""
    return click.option(
        "--device", type=Device(), default="auto", show_default=True, metavar="auto|cpu|cuda[:N]", help="Run it there."
    )(command)


def model_options(command: Callable) -> Callable:
    """Add the options that choose the network and how it is believed: --model, --device, --conf, --polarity."""
    options = (
        click.option("--model", type=click.Path(path_type=Path), help="ONNX file by export-onnx.  [default: bundled]"),
        device_option,
        click.option("--conf", type=click.FloatRange(0, 1), default=CONFIDENCE, show_default=True, help=CONF_HELP),
        click.option("--polarity", type=click.Choice(POLARITIES), default="auto", show_default=True, help=INK_HELP),
    )
    return add_options(command, options)


def both_options(command: Callable) -> Callable:
    """Add the options that set a second network beside the first: --base-model, --fallback."""
    options = (
        click.option("--base-model", type=click.Path(path_type=Path), help="Network to ask where --model is unsure."),
        click.option(
            "--fallback", type=click.FloatRange(0, 1), default=FALLBACK, show_default=True, help=FALLBACK_HELP
        ),
    )
    return add_options(command, options)


def output_options(command: Callable, show: bool = False) -> Callable:
    """Add the options that say where readings go: --show, --save, --json, --csv."""
    usual = "show where there is a display" if show else "no-show"
    options = (
        click.option("--show/--no-show", default=show, help=f"Show a window.  [default: {usual}]"),
        click.option("--save", type=click.Path(path_type=Path), help="Write the annotated picture or clip."),
        click.option("--json", "json_path", metavar="PATH", help="Write JSON lines, '-' for standard output."),
        click.option("--csv", "csv_path", metavar="PATH", help="Write a table, '-' for standard output."),
    )
    return add_options(command, options)


def open_classifier(model: Path | None, device: str) -> Classifier:
    """Open the classifier that the options ask for, and say what it runs on."""
    classifier = Classifier(model or default_model(), device)
    why = f" ({classifier.cpu_reason})" if classifier.cpu_reason else ""
    note(f"reading on {classifier.device}{why} with {classifier.path.name}")
    return classifier


load_once = cache(load_networks)  # for processes that read many files: the same networks for the same options


def open_networks(model: Path | None, base_model: Path | None, fallback: float, device: str) -> Classifier | Ensemble:
    """Load the networks that the options ask for, and say what reads and on what it runs."""
    networks = load_networks(model, base_model, fallback, device)
    why = f" ({networks.cpu_reason})" if networks.cpu_reason else ""
    if isinstance(networks, Ensemble):
        found = "" if model is not None or base_model is not None else f", fine-tuned and found as {networks.path},"
        also = f"{found} and below {fallback:g} {networks.base.path.name} too"
    else:
        also = ""
    note(f"reading on {networks.device}{why} with {networks.path.name}{also}")
    return networks


def open_text_sinks(
    stack: ExitStack, json_path: str | None, csv_path: str | None, add: bool = False
) -> tuple[list[TextSink], bool]:
    """Open the sinks of lines that the options ask for; tell also whether one of them takes standard output.

    add: go on at the end of the JSON lines that are there.
    """
    if json_path == "-" and csv_path == "-":
        raise click.UsageError("--json - and --csv - cannot share standard output: write one of them to a file")
    sinks: list[TextSink] = []
    if json_path:
        sinks.append(stack.enter_context(JsonLines(json_path, add)))
    if csv_path:
        sinks.append(stack.enter_context(Csv(csv_path)))
    return sinks, "-" in (json_path, csv_path)
