"""The options that send settled numbers to other systems, and what is opened by them."""

import hashlib
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click

from realtime.commands.console import note
from realtime.commands.options import option_group
from realtime.outputs.guard import Output
from realtime.outputs.publishing.address import parse_address
from realtime.outputs.publishing.publisher import Publisher, Target
from realtime.outputs.publishing.spool import Spool
from realtime.outputs.publishing.text_file import TextFile
from realtime.outputs.publishing.web import Influx, Webhook
from realtime.outputs.sink import OutputError, Sink
from realtime.sources.text_file import read_toml

SECRETS = ("mqtt_user", "mqtt_password", "webhook_secret", "influx_token")
MQTT_HELP = "Publish to a broker, mqtt://host:1883/topic; mqtts:// for TLS."
WEBHOOK_HELP = "Post each event as JSON to this address."
INFLUX_HELP = "Write to InfluxDB, http://host:8086/api/v2/write?org=me&bucket=it."
METRICS_HELP = "Serve /metrics for Prometheus there."
TEXT_FILE_HELP = "Keep the numbers just now in this file, for OBS."
SPOOL_HELP = "Keep there what is not yet sent.  [default: unsent]"
SECRETS_HELP = f"TOML file with {', '.join(SECRETS)}.  [default: the environment, LIVEDIGITS_MQTT_USER and so on]"


@dataclass(frozen=True)
class PublishingOptions:
    """Where settled numbers are sent, as written on the command line."""

    mqtt: str | None
    mqtt_ca: Path | None
    webhook: str | None
    influx: str | None
    metrics: tuple[str, int] | None
    text_file: Path | None
    typed: bool
    copied: bool
    spool: Path
    secrets: Path | None

    @property
    def asked(self) -> bool:
        """Whether anything is to be sent."""
        ways = (self.mqtt, self.webhook, self.influx, self.metrics, self.text_file)
        return self.typed or self.copied or any(way is not None for way in ways)

    def files(self) -> list[Output]:
        """Return the files that are written."""
        return [Output("--text-file", self.text_file, "numbers")] if self.text_file else []

    def read(self) -> list[Path]:
        """Return the files that are read."""
        return [path for path in (self.secrets, self.mqtt_ca) if path is not None]


def parse_place(_: click.Context, __: click.Parameter, text: str | None) -> tuple[str, int] | None:
    """Return HOST:PORT, or PORT of this machine alone, as both."""
    if text is None:
        return None
    host, port = text.rpartition(":")[::2]
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise click.BadParameter(f"{text!r} is no place to serve at: write 9100 or 0.0.0.0:9100")
    return host.strip("[]") or "127.0.0.1", int(port)


def parse_web(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    """Refuse what is no web address, and one with a password: others may read the command line."""
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of brackets, or of a port that is none
        whole = False
    if not whole or "@" in parts.netloc:
        raise click.BadParameter("write an address http://host/path without user and password")
    return text


def parse_broker(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    """Refuse what is no address of a broker."""
    try:
        if text is not None:
            parse_address(text)
    except OutputError as error:
        raise click.BadParameter(str(error)) from None
    return text


publishing_options = option_group(
    "publishing",
    PublishingOptions,
    (
        click.option("--mqtt", metavar="ADDRESS", callback=parse_broker, help=MQTT_HELP),
        click.option("--mqtt-ca", type=click.Path(path_type=Path), help="Check the broker's certificate by this one."),
        click.option("--webhook", metavar="ADDRESS", callback=parse_web, help=WEBHOOK_HELP),
        click.option("--influx", metavar="ADDRESS", callback=parse_web, help=INFLUX_HELP),
        click.option("--metrics", metavar="[HOST:]PORT", callback=parse_place, help=METRICS_HELP),
        click.option("--text-file", type=click.Path(path_type=Path), metavar="FILE", help=TEXT_FILE_HELP),
        click.option("--type", "typed", is_flag=True, help="Type each number and Enter where the cursor is."),
        click.option("--copy", "copied", is_flag=True, help="Keep the newest number in the clipboard."),
        click.option(
            "--spool", type=click.Path(path_type=Path), default=Path("unsent"), metavar="DIR", help=SPOOL_HELP
        ),
        click.option("--secrets", type=click.Path(path_type=Path), metavar="FILE", help=SECRETS_HELP),
    ),
)


def open_publishers(stack: ExitStack, options: PublishingOptions, sensors: tuple[str, ...] = ()) -> list[Sink]:
    """Open all that settled numbers are sent to; sensors: the names of the regions.

    Raises OutputError for what cannot be opened, a library that is not installed among it.
    """
    secrets = read_secrets(options.secrets)
    sinks: list[Sink] = []
    if options.text_file is not None:
        sinks.append(stack.enter_context(TextFile(options.text_file)))
    if options.typed or options.copied:
        sinks += [stack.enter_context(sink) for sink in _open_desk(options)]
    if options.metrics is not None:
        sinks.append(stack.enter_context(_open_metrics(*options.metrics)))
    targets: tuple[tuple[str | None, Callable[[str], Target]], ...] = (
        (options.webhook, lambda address: Webhook(address, secrets["webhook_secret"])),
        (options.influx, lambda address: Influx(address, secrets["influx_token"])),
        (options.mqtt, lambda address: _open_mqtt(address, sensors, secrets, options.mqtt_ca)),
    )
    for address, open_target in targets:
        if address is not None:
            spool = Spool(options.spool / f"{hashlib.sha256(address.encode()).hexdigest()[:12]}.sqlite")
            sinks.append(stack.enter_context(Publisher(open_target(address), spool, note)))
    return sinks


def _open_metrics(host: str, port: int) -> Sink:
    try:
        from realtime.outputs.publishing.metrics import Metrics
    except ModuleNotFoundError as error:
        raise OutputError(f"--metrics needs {error.name}: pip install 'livedigits[publish]'") from None
    return Metrics(host, port)


def _open_desk(options: PublishingOptions) -> list[Sink]:
    """Open the keyboard and the clipboard of this desk, as far as they are asked for."""
    try:
        from realtime.outputs.publishing.desk import Clipboard, Typing

        return [*([Typing()] if options.typed else []), *([Clipboard()] if options.copied else [])]
    except ModuleNotFoundError as error:
        raise OutputError(f"--type and --copy need {error.name}: pip install 'livedigits[desk]'") from None
    except ImportError as error:  # pynput's word for a machine without a display
        raise OutputError(f"--type needs a display: {str(error).splitlines()[0]}") from None


def _open_mqtt(address: str, sensors: tuple[str, ...], secrets: dict[str, str], ca: Path | None) -> Target:
    try:
        from realtime.outputs.publishing.mqtt import Mqtt
    except ModuleNotFoundError as error:
        raise OutputError(f"--mqtt needs {error.name}: pip install 'livedigits[publish]'") from None
    return Mqtt(address, sensors, secrets["mqtt_user"], secrets["mqtt_password"], ca)


def read_secrets(path: Path | None) -> dict[str, str]:
    """Return all secrets, empty where there is none: those of a file, else of the environment.

    Raises OSError or ValueError for a file that cannot be used.
    """
    found = {name: os.environ.get(f"LIVEDIGITS_{name.upper()}", "") for name in SECRETS}
    if path is None:
        return found
    try:
        told = read_toml(path)
    except OSError as error:
        raise OSError(f"cannot read --secrets {path}: {error.strerror or error}") from None
    except ValueError as error:
        raise ValueError(f'--secrets {path} is no TOML ({error}): write mqtt_user = "me"') from None
    unknown = sorted(set(told) - set(SECRETS))
    if unknown or not all(isinstance(value, str) for value in told.values()):
        what = f"has {unknown[0]!r}, which is not known" if unknown else "holds what is no text"
        raise ValueError(f'--secrets {path} {what}: write {", ".join(SECRETS)}, each = "..."')
    return found | told
