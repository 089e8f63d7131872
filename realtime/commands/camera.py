"""The options that say how a live source is opened and shown."""

from collections.abc import Mapping
from dataclasses import dataclass

import click

from realtime.commands.console import FloatRange, note
from realtime.commands.options import option_group
from realtime.sources.camera import BACKENDS, list_cameras

BACKEND_HELP = "Open it this way.  [default: auto]"
GIVE_UP_HELP = "End when a lost source stays away for so many s; 'inf' never does."


@dataclass(frozen=True)
class CameraOptions:
    """How a live source is opened and shown, and when reading ends."""

    size: tuple[int, int] | None
    fps: float | None
    camera_backend: str
    rotate: str
    mirror: bool
    give_up: float
    max_frames: int | None


def parse_size(_: click.Context, __: click.Parameter, text: str | None) -> tuple[int, int] | None:
    """Return WxH as (w, h)."""
    if text is None:
        return None
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise click.BadParameter(f"{text!r} is no size: write it as 1280x720")
    return int(width), int(height)


def list_and_exit(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    """List the cameras and end."""
    if wanted and not context.resilient_parsing:
        click.echo("".join(f"{line}\n" for line in list_cameras() or ["no camera found"]), nl=False)
        context.exit()


camera_options = option_group(
    "camera",
    CameraOptions,
    (
        click.option("--size", metavar="WxH", callback=parse_size, help="Ask the camera for this size, as 1280x720."),
        click.option("--fps", type=FloatRange(1, 240), help="Ask the camera for this rate; play pictures at it."),
        click.option("--camera-backend", type=click.Choice(["auto", *BACKENDS]), default="auto", help=BACKEND_HELP),
        click.option("--rotate", type=click.Choice(["0", "90", "180", "270"]), default="0", help="Turn it clockwise."),
        click.option("--mirror", is_flag=True, help="Mirror the display; reading is not touched."),
        click.option("--give-up", type=FloatRange(0), default=60.0, show_default=True, help=GIVE_UP_HELP),
        click.option("--max-frames", type=click.IntRange(1), help="Stop after so many frames read."),
        click.option("--list-cameras", is_flag=True, callback=list_and_exit, expose_value=False, help="List them."),
    ),
)


def refuse_for_several(names: tuple[str, ...], only_one: Mapping[str, object], publishes: bool, shows: bool) -> None:
    """Refuse for several sources what is made of one, and say that no window opens. Raises UsageError.

    only_one: what was asked for by options that take one source, by their names, None where it was not.
    """
    if len(set(names)) < len(names):
        raise click.UsageError("each source is named once")
    for option in [name for name, value in only_one.items() if value is not None]:
        raise click.UsageError(f"{option} takes one source; --json, --csv and --events take several")
    if publishes:
        raise click.UsageError("publishing takes one source: run a command for each")
    if shows:
        note("no window for several sources: serve-numbers shows them side by side")
