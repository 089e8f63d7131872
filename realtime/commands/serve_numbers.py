"""serve-numbers: show what is read on a page in the browser, and read what its visitors' cameras see."""

import sys
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from math import inf
from pathlib import Path

import click

from realtime.commands.collecting import CollectOptions, Learning, collect_options
from realtime.commands.console import FAILED, exit_codes, finish_on_sigterm, note
from realtime.commands.options import (
    ReadingOptions,
    open_reader,
    reading_options,
    refuse_overwriting,
    settle_option,
    watched_model,
)
from realtime.commands.profile import keep_profile, profiled_command
from realtime.commands.publishing import PublishingOptions, open_publishers, publishing_options
from realtime.commands.wanting import LimitOptions, WantedOptions, limit_options, wanted_options
from realtime.live.promotion import ModelWatcher
from realtime.live.remember import Keeper
from realtime.live.state import Controls
from realtime.reading.pipeline import CONFIDENCE
from realtime.sources.camera import CameraSettings
from realtime.sources.frame import FileSource
from realtime.sources.live_capture import LiveCapture
from realtime.sources.names import mask_secrets
from realtime.sources.opening import open_source
from realtime.tracking.tracker import Tracker

PORT = 8000
PUBLIC_HELP = "Let other devices in, by HTTPS and a token; without it only this machine."


@profiled_command
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@reading_options
@wanted_options
@limit_options
@publishing_options
@click.option("--public", is_flag=True, help=PUBLIC_HELP)
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 takes any free one.")
@collect_options
@settle_option
def main(
    sources: tuple[str, ...],
    reading: ReadingOptions,
    wanting: WantedOptions,
    limiting: LimitOptions,
    publishing: PublishingOptions,
    public: bool,
    port: int,
    collecting: CollectOptions,
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
    from realtime.serving.desk import Taps
    from realtime.serving.outlets import Outlets
    from realtime.serving.running import open_entrance, run
    from realtime.serving.server import Server
    from realtime.serving.station import Station

    context = click.get_current_context()
    collecting.check(reading)
    if len(set(sources)) < len(sources):
        raise click.UsageError(f"{mask_secrets(max(sources, key=sources.count))} is named twice")

    refuse_overwriting(publishing.files(), [Path(name) for name in sources], False, reading)
    named = {mask_secrets(name): [name] for name in sources}

    def make_taps(keeper: Keeper, source: str, controls: Controls, tracker: Tracker) -> Taps:
        def save(controls: Controls) -> Path:
            regions = [str(region) for region in controls.wanted.regions]
            return keep_profile(context, {"sources": named.get(source, []), "region": regions})

        return Taps(controls, tracker, collecting.folder, save, keeper)

    with exit_codes(), ExitStack() as stack:
        finish_on_sigterm(stack)
        wanted = limiting.within(wanting.wanted())
        opened: list[LiveCapture | FileSource] = []
        for name in sources:
            opened.append(open_source(name, CameraSettings(), inf))
            stack.enter_context(opened[-1])
        watcher = ModelWatcher(lambda: open_reader(reading).networks, lambda: watched_model(reading))
        sinks = open_publishers(stack, publishing, tuple(region.name for region in wanted.regions))
        outlets = Outlets(sinks, note)
        entrance = open_entrance(public, port, state_folder())
        confidence = CONFIDENCE if reading.confidence is None else reading.confidence
        controls = Controls(confidence, reading.polarity or "auto", wanted=wanted)
        keeper = Keeper(lambda: watcher.current)
        taps, learning = partial(make_taps, keeper), Learning(stack, watcher, keeper, collecting)
        server = Server(watcher.current, controls, entrance.gate, taps, settle, outlets.take)
        for index, (name, source) in enumerate(zip(sources, opened, strict=True)):
            tell = partial(server.feed.tell, str(index))
            station = Station(
                mask_secrets(name), source, watcher.current, Tracker(confidence, settle), replace(controls), tell,
                outlets.take, note,
            )  # fmt: skip
            server.stations.append(station)
        entrance.announce(note)
        with suppress(KeyboardInterrupt):  # that is how it is ended
            run(server, entrance, lambda: watcher.current if learning.renew()[0] else None)
