"""serve-numbers: show what is read on a page in the browser, and read what its visitors' cameras see."""

import sys
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from math import inf
from pathlib import Path

import click

from realtime.commands.console import FAILED, console_command, exit_codes, finish_on_sigterm, note
from realtime.commands.options import ReadingOptions, open_reader, reading_options, settle_option, watched_model
from realtime.commands.recognize_camera import COLLECT_HELP
from realtime.live.collecting import FINETUNE_FOLDER
from realtime.live.promotion import ModelWatcher
from realtime.live.state import Controls
from realtime.reading.ensemble import Networks
from realtime.reading.pipeline import CONFIDENCE
from realtime.sources.camera import CameraSettings
from realtime.sources.frame import FileSource
from realtime.sources.live_capture import LiveCapture
from realtime.sources.names import mask_secrets
from realtime.sources.opening import open_source
from realtime.tracking.tracker import Tracker

PORT = 8000
PUBLIC_HELP = "Let other devices in, by HTTPS and a token; without it only this machine."


@console_command
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@reading_options
@click.option("--public", is_flag=True, help=PUBLIC_HELP)
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 takes any free one.")
@click.option("--collect", type=click.Path(path_type=Path), help=COLLECT_HELP)
@settle_option
def main(
    sources: tuple[str, ...],
    reading: ReadingOptions,
    public: bool,
    port: int,
    collect: Path | None,
    settle: float | None,
) -> None:
    """Show each SOURCE with its numbers on a page in the browser; the page also reads its visitor's own camera.

    SOURCE is what recognize-camera takes: a camera (its number), a stream, a clip, pictures; without one the page
    reads its visitor's camera alone. With --public a phone opens the page by the code that the terminal shows.
    """
    if missing := [name for name in ("aiohttp", "cryptography", "segno") if find_spec(name) is None]:
        note(f"error: {' and '.join(missing)} is not installed: pip install 'livedigits[serve]'")
        sys.exit(FAILED)
    from realtime.serving.certificate import state_folder
    from realtime.serving.running import open_entrance, run
    from realtime.serving.server import Server
    from realtime.serving.station import Station

    with exit_codes(), ExitStack() as stack:
        finish_on_sigterm(stack)
        opened: list[LiveCapture | FileSource] = []
        for name in sources:
            opened.append(open_source(name, CameraSettings(), inf))
            stack.enter_context(opened[-1])
        watcher = ModelWatcher(lambda: open_reader(reading).networks, lambda: watched_model(reading))
        entrance = open_entrance(public, port, state_folder())
        confidence = CONFIDENCE if reading.confidence is None else reading.confidence
        controls = Controls(confidence, reading.polarity or "auto")
        server = Server(watcher.current, controls, entrance.gate, collect or FINETUNE_FOLDER, settle)
        for index, (name, source) in enumerate(zip(sources, opened, strict=True)):
            tell = partial(server.feed.tell, str(index))
            tracker = Tracker(confidence, settle)
            station = Station(mask_secrets(name), source, watcher.current, tracker, replace(controls), tell, note)
            server.stations.append(station)
        entrance.announce(note)
        with suppress(KeyboardInterrupt):  # that is how it is ended
            run(server, entrance, partial(renew, watcher))


def renew(watcher: ModelWatcher) -> Networks | None:
    """Take up a newly promoted model, and say so; return None where there is none."""
    message = watcher.renew()
    if message:
        note(message)
    return watcher.current if message else None
