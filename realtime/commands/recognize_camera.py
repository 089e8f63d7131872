"""recognize-camera: read numbers live from a camera, a stream, a clip or pictures."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

import click

from realtime.commands.camera import CameraOptions, camera_options, refuse_for_several
from realtime.commands.collecting import CollectOptions, Learning, collect_options
from realtime.commands.console import FAILED, exit_codes, finish_on_sigterm, note
from realtime.commands.options import (
    OutputOptions,
    ReadingOptions,
    open_reader,
    open_text_sinks,
    output_options,
    reading_options,
    refuse_overwriting,
    settle_option,
    watched_model,
)
from realtime.commands.profile import keep_profile, profile_file, profiled_command
from realtime.commands.publishing import PublishingOptions, open_publishers, publishing_options
from realtime.commands.wanting import LimitOptions, WantedOptions, limit_options, wanted_options
from realtime.live.collecting import Collector, name_session
from realtime.live.display import NoDisplayError
from realtime.live.keys import Keyboard
from realtime.live.loop import LiveLoop
from realtime.live.promotion import ModelWatcher
from realtime.live.remember import Keeper
from realtime.live.state import Controls
from realtime.live.together import read_together
from realtime.live.window import LiveWindow
from realtime.outputs.events import MEANT, Events, SettledNumbers, SettledOfEach
from realtime.outputs.guard import Kind, Output
from realtime.outputs.recorder import Recorder
from realtime.outputs.sink import Sink
from realtime.outputs.video import LiveVideo, VideoFile
from realtime.reading.pipeline import CONFIDENCE
from realtime.sources.camera import CameraSettings, is_camera, is_stream
from realtime.sources.clip import Clip
from realtime.sources.frame import FileSource
from realtime.sources.live_capture import LiveCapture
from realtime.sources.names import mask_secrets
from realtime.sources.opening import open_source
from realtime.sources.pictures import PictureSequence
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Tracker

# Frames a second, at most, of the video of a live source. Set by hand.
MAX_VIDEO_FPS = 30.0
# Seconds that an unsure number must be in sight before its digits are kept without a window. Set by hand.
COLLECT_AFTER = 1.0


@profiled_command
@click.argument("source", default="0")
@click.argument("others", nargs=-1, metavar="[SOURCE]...")
@reading_options
@wanted_options
@limit_options
@output_options(show=True)
@click.option("--events", "events_path", metavar="PATH", help="Write what settled, changed, went: .csv or JSON lines.")
@click.option("--record", type=click.Path(path_type=Path), help="Keep frames and decisions there, for recognize-video.")
@collect_options
@settle_option
@publishing_options
@camera_options
def main(
    source: str,
    others: tuple[str, ...],
    reading: ReadingOptions,
    wanting: WantedOptions,
    limiting: LimitOptions,
    output: OutputOptions,
    events_path: str | None,
    record: Path | None,
    collecting: CollectOptions,
    settle: float | None,
    publishing: PublishingOptions,
    camera: CameraOptions,
) -> None:
    """Read numbers live from SOURCE.

    SOURCE is a camera (its number or device path), a stream (rtsp:// or http://), a clip, a folder of pictures, a
    pattern such as 'photos/*.jpg', or a folder made by --record.  [default: 0, the first camera] Several are read at
    once, without a window, by the same networks.
    """
    names = (source, *others)
    for name in names if camera.size is not None else ():
        if not is_camera(name):
            raise click.UsageError(f"--size is asked of a camera; {mask_secrets(name)} decides its own")
    if others:
        only_one: dict[str, object] = {"--save": output.save, "--record": record}
        only_one |= {"--collect": collecting.collect, "--learn": collecting.learn or None}
        refuse_for_several(names, only_one, publishing.asked, output.show)
    if publishing.typed and output.show:
        raise click.UsageError("--type needs --no-show: in the window the numbers would be taken for keys")
    collecting.check(reading)
    files = [Path(name) for name in names if not (is_camera(name) or is_stream(name))]
    read = [*files, *wanting.files(), *publishing.read(), *profile_file()]
    refuse_overwriting(written_files(output, publishing, events_path), read, output.overwrite, reading)
    confidence = CONFIDENCE if reading.confidence is None else reading.confidence
    with exit_codes(), ExitStack() as stack:
        finish_on_sigterm(stack)
        wanted = limiting.within(wanting.wanted())
        settings = CameraSettings(camera.size, camera.fps, camera.camera_backend)
        sources: list[LiveCapture | FileSource] = []
        for name in names:
            sources.append(open_source(name, settings, camera.give_up))
            stack.enter_context(sources[-1])
        opened = sources[0]
        if others and not all(isinstance(one, LiveCapture | Clip) for one in sources):
            raise click.UsageError("several sources are cameras, streams and clips; recognize-image reads pictures")
        if isinstance(opened, PictureSequence) and opened.count > 1:
            note(f"playing {opened.count} pictures at {opened.fps:g} a second; recognize-image reads each on its own")
        watcher = ModelWatcher(lambda: open_reader(reading).networks, lambda: watched_model(reading))
        trackers = [Tracker(confidence, settle) for _ in names]
        controls = Controls(confidence, reading.polarity or "auto", camera.mirror, wanted=wanted)
        collector = Collector(collecting.folder, name_session())
        context = click.get_current_context()
        keyboard = Keyboard(controls, trackers[0], collector, lambda controls: keep_profile(context, told_of(controls)))
        keyboard.keeper = Keeper(lambda: watcher.current)
        learning = Learning(stack, watcher, keyboard.keeper, collecting)
        text_sinks, piped = open_text_sinks(stack, output)
        sinks = [*text_sinks, *open_events(stack, events_path, piped, settle, several=bool(others))]
        sinks += open_recorders(stack, opened, output.save, record)
        sinks += open_publishers(stack, publishing, tuple(region.name for region in wanted.regions))
        window = open_window(stack, keyboard) if output.show and not others else None
        loops = [LiveLoop(*pair, controls, note) for pair in zip(sources, cycle([watcher.current]), trackers)]
        frames = frames_of(loops, camera, paced=window is not None)
        steady = collector if window is None and collecting.collect is not None else None
        run(with_newest_model(frames, watcher, learning, loops, keyboard), sinks, window, loops[0], steady)
        for line in [line for one in sources if isinstance(one, FileSource) for line in one.notes]:
            note(line)
    if keyboard.failed:
        note(f"error: {keyboard.failed} times nothing could be kept in {keyboard.collector.folder}")
        sys.exit(FAILED)


def frames_of(loops: list[LiveLoop], camera: CameraOptions, paced: bool) -> Iterator[TrackedFrame | None]:
    """Return the frames of one source, or of several as they come."""
    if len(loops) > 1:
        return read_together(loops, int(camera.rotate), camera.max_frames)
    return loops[0].frames(int(camera.rotate), paced=paced, limit=camera.max_frames)


def written_files(output: OutputOptions, publishing: PublishingOptions, events_path: str | None) -> list[Output]:
    """Return the files that the options name."""
    written = [*output.text_files(), *publishing.files()]
    if output.save is not None:
        written.append(Output("--save", output.save, "video"))
    if events_path is not None:
        kind: Kind = "table" if events_path.lower().endswith(".csv") else "lines"
        written.append(Output("--events", Path(events_path), kind))
    return written


def told_of(controls: Controls) -> dict[str, object]:
    """Return what was set in the window by the names of the options' parameters."""
    told = {"confidence": controls.confidence, "polarity": controls.polarity, "mirror": controls.mirror}
    return told | {"region": [str(region) for region in controls.wanted.regions]}


def with_newest_model(
    frames: Iterator[TrackedFrame | None],
    watcher: ModelWatcher,
    learning: Learning,
    loops: list[LiveLoop],
    keyboard: Keyboard,
) -> Iterator[TrackedFrame | None]:
    """Pass the frames on, and between two of them take up a newly promoted model, and say so."""
    for tracked in frames:
        yield tracked
        renewed, message = learning.renew()
        for loop in loops if renewed else ():
            loop.networks = watcher.current
        keyboard.message = message or keyboard.message


def run(
    frames: Iterator[TrackedFrame | None],
    sinks: Sequence[Sink],
    window: LiveWindow | None,
    loop: LiveLoop,
    collector: Collector | None,
) -> None:
    """Hand each frame to the sinks and the window, and its steady digits to the collector, until one of them ends."""
    for tracked in frames:
        if tracked is not None:
            for sink in sinks:
                sink.take(tracked)
            if collector is not None:
                collect_steady(collector, tracked)
        if window is not None:
            window.show(tracked, loop)
            if window.closed:
                return


def open_events(stack: ExitStack, path: str | None, piped: bool, settle: float | None, several: bool) -> list[Sink]:
    """Open what tells of settled numbers: events where asked for, and the bare numbers unless lines are piped.

    settle: s for which readings must agree, None for the usual; only then numbers are held back until they are meant.
    several: whether there are several sources, which are then named.
    """
    if path == "-" and piped:
        raise click.UsageError("--events - cannot share standard output with --json - or --csv -")
    sinks: list[Sink] = [] if path is None else [stack.enter_context(Events(path))]
    if piped or path == "-":
        return sinks
    hold = MEANT if settle is None else 0.0
    return [*sinks, stack.enter_context(SettledOfEach(hold) if several else SettledNumbers(hold))]


def open_window(stack: ExitStack, keyboard: Keyboard) -> LiveWindow | None:
    """Open the window, or say why there is none."""
    try:
        return stack.enter_context(LiveWindow(keyboard))
    except NoDisplayError as error:
        note(f"no window: {error}; reading goes on without one, Ctrl-C ends it")
        return None


def open_recorders(
    stack: ExitStack, source: LiveCapture | FileSource, save: Path | None, record: Path | None
) -> list[Sink]:
    """Open the video and the recording that the options ask for."""
    sinks: list[Sink] = []
    if save is not None and isinstance(source, LiveCapture):
        sinks.append(stack.enter_context(LiveVideo(save, min(source.fps, MAX_VIDEO_FPS), note)))
    elif save is not None:
        sinks.append(stack.enter_context(VideoFile(save, source.fps)))
    if record is not None:
        sinks.append(stack.enter_context(Recorder(record, note, wait=isinstance(source, FileSource))))
    return sinks


def collect_steady(collector: Collector, tracked: TrackedFrame) -> None:
    """Keep the digits of settled numbers, and of those long in sight that stay unsure, from a frame that was read."""
    if tracked.motion.moved:
        return
    time = tracked.frame.time
    steady = [track for track in tracked.tracks if track.state == "settled" or time - track.first > COLLECT_AFTER]
    collector.collect(tracked, steady)
