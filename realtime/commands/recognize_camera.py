"""recognize-camera: read numbers live from a camera, a stream, a clip or pictures."""

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import click

from realtime.commands.console import FAILED, console_command, exit_codes, note
from realtime.commands.options import (
    add_options,
    both_options,
    model_options,
    open_networks,
    open_text_sinks,
    output_options,
)
from realtime.live.collecting import Collector, name_session
from realtime.live.display import NoDisplayError
from realtime.live.keys import Keyboard
from realtime.live.loop import LiveLoop
from realtime.live.promotion import ModelWatcher
from realtime.live.state import Controls
from realtime.live.window import LiveWindow
from realtime.outputs.events import Events, SettledNumbers
from realtime.outputs.recorder import Recorder
from realtime.outputs.sink import Sink
from realtime.outputs.video import LiveVideo, VideoFile
from realtime.reading.model_files import default_model, finetuned_model
from realtime.sources.camera import BACKENDS, CameraSettings, is_camera, list_cameras
from realtime.sources.live_capture import LiveCapture
from realtime.sources.opening import FileSource, open_source
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Tracker

FOLDER = Path("finetune")
FASTEST = 30.0  # frames a second of a recorded video, at most
COLLECT_AFTER = 1.0  # s that an unsure number must be in sight before it is kept without a window
GIVE_UP_HELP = "End when a lost source stays away so long; 'inf' never does."
COLLECT_HELP = "Keep digits for fine-tuning there; without a window all of them.  [default: finetune]"


def camera_options(command: click.decorators.FC) -> click.decorators.FC:
    """Add the options that say how the source is opened."""
    backends = click.Choice(["auto", *BACKENDS])
    options = (
        click.option("--size", metavar="WxH", callback=parse_size, help="Ask the camera for this size, as 1280x720."),
        click.option("--fps", type=click.FloatRange(1, 240), help="Ask the camera for this rate; play pictures at it."),
        click.option("--camera-backend", type=backends, default="auto", show_default=True, help="Open it this way."),
        click.option("--rotate", type=click.Choice(["0", "90", "180", "270"]), default="0", help="Turn it clockwise."),
        click.option("--mirror", is_flag=True, help="Mirror the display; reading is not touched."),
        click.option("--give-up", type=click.FloatRange(0), default=60.0, show_default=True, help=GIVE_UP_HELP),
        click.option("--max-frames", type=click.IntRange(1), help="Stop after so many frames read."),
        click.option("--list-cameras", is_flag=True, callback=list_and_exit, expose_value=False, help="List them."),
    )
    return add_options(command, options)


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


@console_command
@click.argument("source", default="0")
@model_options
@both_options
@partial(output_options, show=True)
@click.option("--events", "events_path", metavar="PATH", help="Write what settled, changed, went: .csv or JSON lines.")
@click.option("--record", type=click.Path(path_type=Path), help="Keep frames and decisions there, for recognize-video.")
@click.option("--collect", type=click.Path(path_type=Path), help=COLLECT_HELP)
@camera_options
def main(
    source: str,
    model: Path | None,
    device: str,
    conf: float,
    polarity: str,
    base_model: Path | None,
    fallback: float,
    show: bool,
    save: Path | None,
    json_path: str | None,
    csv_path: str | None,
    events_path: str | None,
    record: Path | None,
    collect: Path | None,
    size: tuple[int, int] | None,
    fps: float | None,
    camera_backend: str,
    rotate: str,
    mirror: bool,
    give_up: float,
    max_frames: int | None,
) -> None:
    """Read numbers live from SOURCE.

    SOURCE is a camera (its number or device path), a stream (rtsp:// or http://), a clip, a folder of pictures, a
    pattern such as 'photos/*.jpg', or a folder made by --record.  [default: 0, the first camera]
    """
    if size is not None and not is_camera(source):
        raise click.UsageError(f"--size is asked of a camera; {source} decides its own")
    with exit_codes(), ExitStack() as stack:
        # Whoever ends it, files are finished: SIGTERM is taken as Ctrl-C.
        stack.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, signal.default_int_handler))
        opened = stack.enter_context(open_source(source, CameraSettings(size, fps, camera_backend), give_up))
        promoted = ModelWatcher(
            lambda: open_networks(model, base_model, fallback, device),
            lambda: model or (default_model() if base_model else finetuned_model()),
        )
        tracker, controls = Tracker(conf), Controls(conf, polarity, mirror)
        keyboard = Keyboard(controls, tracker, Collector(collect or FOLDER, name_session()))
        sinks, piped = open_text_sinks(stack, json_path, csv_path)
        sinks += open_events(stack, events_path, piped)
        sinks += open_recorders(stack, opened, save, record)
        window = open_window(stack, keyboard) if show else None
        live = LiveLoop(opened, promoted.current, tracker, controls, note)
        frames = live.frames(int(rotate), paced=window is not None, limit=max_frames)
        gathering = window is None and collect is not None
        run(renewing(frames, promoted, live, keyboard), sinks, window, live, keyboard.collector if gathering else None)
    if keyboard.failed:
        note(f"error: {keyboard.failed} times nothing could be kept in {keyboard.collector.folder}")
        sys.exit(FAILED)


def renewing(
    frames: Iterator[TrackedFrame | None], promoted: ModelWatcher, live: LiveLoop, keyboard: Keyboard
) -> Iterator[TrackedFrame | None]:
    """Pass the frames on, and between two of them take up a newly promoted model, and say so."""
    for seen in frames:
        yield seen
        said = promoted.renew()
        if said:
            live.networks = promoted.current
            note(said)
            keyboard.message = said


def run(
    frames: Iterator[TrackedFrame | None],
    sinks: list[Sink],
    window: LiveWindow | None,
    live: LiveLoop,
    collector: Collector | None,
) -> None:
    """Hand each frame to the sinks and the window, and its steady digits to the collector, until one of them ends."""
    for seen in frames:
        if seen is not None:
            for sink in sinks:
                sink.take(seen)
            if collector is not None:
                gather(collector, seen)
        if window is not None:
            window.show(seen, live)
            if window.closed:
                return


def open_events(stack: ExitStack, path: str | None, piped: bool) -> list[Sink]:
    """Open what tells of settled numbers: events where asked for, and the bare numbers unless lines are piped."""
    if path == "-" and piped:
        raise click.UsageError("--events - cannot share standard output with --json - or --csv -")
    sinks: list[Sink] = [] if path is None else [stack.enter_context(Events(path))]
    return sinks if piped or path == "-" else [*sinks, SettledNumbers()]


def open_window(stack: ExitStack, keyboard: Keyboard) -> LiveWindow | None:
    """Open the window, or say why there is none."""
    try:
        return stack.enter_context(LiveWindow(keyboard))
    except NoDisplayError as error:
        note(f"no window: {error}; reading goes on without one, Ctrl-C ends it")
        return None


def open_recorders(
    stack: ExitStack, opened: LiveCapture | FileSource, save: Path | None, record: Path | None
) -> list[Sink]:
    """Open the video and the record that the options ask for."""
    sinks: list[Sink] = []
    if save is not None:
        video = (
            LiveVideo(save, min(opened.fps, FASTEST), note)
            if isinstance(opened, LiveCapture)
            else VideoFile(save, opened.fps)
        )
        sinks.append(stack.enter_context(video))
    if record is not None:
        sinks.append(stack.enter_context(Recorder(record, note)))
    return sinks


def gather(collector: Collector, seen: TrackedFrame) -> None:
    """Keep the digits of settled numbers, and of those long in sight that stay unsure, from a frame that was read."""
    if seen.page.moved:
        return
    steady = [t for t in seen.tracks if t.state == "settled" or seen.frame.time - t.first > COLLECT_AFTER]
    collector.collect(seen.frame, seen.ink, steady)
