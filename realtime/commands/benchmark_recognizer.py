"""benchmark-recognizer: what reading clips costs beside decoding them, in one run, interleaved and repeated.

Measured on the bundled 720p clip, 3 rounds, one thread of two x86-64 cores, its sheets moving: reading costs 1.9 times
decoding. 10 % of the frames are read, at 11 times decoding each; the others are followed. Scenes of other sizes and
numbers of digits are in README.
"""

import os
import platform
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import onnxruntime
from tqdm import tqdm

from realtime.commands.console import FAILED, FloatRange, console_command, exit_codes, note
from realtime.commands.options import (
    ReadingOptions,
    bundled_by_default,
    open_reader,
    overwrite_option,
    reading_options,
    refuse_overwriting,
)
from realtime.measuring.benchmark import Round, limit_threads, measure_round, measure_start
from realtime.measuring.benchmark_figures import find_regressions, load_figures, summarize, summarize_starts, tables
from realtime.outputs.files import save_json
from realtime.outputs.guard import Output
from realtime.reading.ensemble import Networks
from realtime.sources.clip import Clip
from realtime.sources.names import show

# Frames that each fresh process reads, and how many such processes are timed. Set by hand.
START_FRAMES, STARTS = 50, 3


class EarlierFigures(click.ParamType[dict[str, Any]]):
    """The file that an earlier run wrote with --json."""

    name = "path"

    def convert(
        self, value: str | dict[str, Any], param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, Any]:
        """Load the file before anything is measured."""
        try:
            return value if isinstance(value, dict) else load_figures(Path(value)) | {"file": value}
        except ValueError as error:
            self.fail(str(error), param, ctx)


@console_command
@click.argument("clips", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="CLIP...")
@reading_options
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Go through each clip so often.")
@click.option("--max-frames", type=click.IntRange(1), help="Stop each round after so many frames.")
@click.option(
    "--threads",
    "all_threads",
    type=click.IntRange(1),
    multiple=True,
    default=(1,),
    show_default=True,
    help="For OpenCV and decoder, each. Repeat to measure several.",
)
@click.option("--stages", is_flag=True, help="Print the cost of each stage for each of several clips too.")
@click.option("--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures as JSON.")
@click.option("--against", type=EarlierFigures(), metavar="PATH", help="Earlier figures, by --json: fail where worse.")
@overwrite_option
@click.option(
    "--worse", type=FloatRange(0), default=10, show_default=True, help="Fail where a ratio grew by more percent."
)
def main(
    clips: tuple[Path, ...],
    reading: ReadingOptions,
    rounds: int,
    max_frames: int | None,
    all_threads: tuple[int, ...],
    stages: bool,
    json_path: Path | None,
    against: dict[str, Any] | None,
    worse: float,
    overwrite: bool,
) -> None:
    """Measure what it costs to read each CLIP: each stage, the whole, beside decoding the same frames.

    Decoding and reading take turns every 20 frames and the clips take turns every round, so that ratios hold on a busy
    machine too. Start-up and memory are those of recognize-video in fresh processes, for the first and the largest
    clip. --against compares ratios to decoding alone, clips by their names.
    """
    names = [clip.name for clip in clips]
    if len(set(names)) < len(names):
        raise click.UsageError(f"clips are told apart by name, and two are called {max(names, key=names.count)}")
    if json_path is not None:
        inputs = [*clips, *([Path(against["file"])] if against else [])]
        refuse_overwriting([Output("--json", json_path, "figures")], inputs, overwrite, reading)
    with exit_codes():
        sizes = {clip: frame_size(clip) for clip in clips}
        reading = bundled_by_default(reading)
        reader = open_reader(reading)
        confidence, polarity = reader.settings()
        few = min(max_frames or START_FRAMES, START_FRAMES)
        tried = dict.fromkeys([clips[0], max(clips, key=lambda clip: sizes[clip][0] * sizes[clip][1])])
        starts = {clip: [measure_start(clip, reading.arguments(), few) for _ in range(STARTS)] for clip in tried}
        cases: dict[tuple[int, Path], list[Round]] = {
            (count, clip): [] for count in dict.fromkeys(all_threads) for clip in clips
        }
        turns = [case for _ in range(rounds + 1) for case in cases]
        for threads, clip in tqdm(turns, unit="clip", disable=None):
            with limit_threads(threads):
                cases[threads, clip].append(measure_round(clip, reader.networks, confidence, polarity, max_frames))
        figures = describe(reader.networks)
        figures["starts"] = [{"clip": clip.name, **summarize_starts(starts[clip])} for clip in tried]
        figures["clips"] = [
            {"clip": clip.name, "size": sizes[clip], "threads": threads, "frames": len(measured[0].reading)}
            | summarize(measured[1:])  # the first round warms the caches
            for (threads, clip), measured in cases.items()
        ]
        click.echo("\n".join(map(show, tables(figures, stages))))
        if json_path is not None:
            save_json(json_path, figures)
        if against is not None:
            check_against(figures, against, worse)


def frame_size(clip: Path) -> list[int]:
    """Return the width and height of a clip's first frame. Raises SourceError where it has none."""
    with Clip(clip) as opened:
        height, width = next(opened.frames()).image.shape[:2]
    return [width, height]


def describe(networks: Networks) -> dict[str, Any]:
    """Return under which conditions was measured."""
    return {
        "device": networks.device,
        "model": networks.path.name,
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "versions": {"python": platform.python_version(), "cv2": cv2.__version__, "numpy": np.__version__}
        | {"onnxruntime": onnxruntime.__version__},
    }


def check_against(figures: dict[str, Any], earlier: dict[str, Any], percent: float) -> None:
    """Say what is worse than in an earlier run by more than `percent`, and exit with FAILED where something is."""
    worse, unknown = find_regressions(figures, earlier, percent)
    for name in unknown:
        note(f"{name}: not in the earlier run, nothing to hold it against")
    if len(unknown) == len(figures["clips"]):
        raise ValueError("the earlier run holds none of these clips")
    for line in worse:
        note(line)
    if worse:
        raise SystemExit(FAILED)
    note(f"no ratio more than {percent:g} % worse than in the earlier run")
