"""Measure what reading a clip costs, stage by stage, beside decoding it, and how long a fresh process needs."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import IO, cast

import cv2

from realtime.outputs.overlay import Overlay
from realtime.reading.ensemble import Networks
from realtime.reading.stages import StageClock
from realtime.sources.clip import Clip
from realtime.sources.frame import Frame
from realtime.tracking.frame_reader import FrameReader
from realtime.tracking.tracker import Tracker

# So many frames are decoded alone, then as many are read. The fewer, the more alike a busy machine slows both. Set by
# hand.
CHUNK = 20
# What a fresh process runs: the very command of a user.
PROGRAM = "from realtime.commands.recognize_video import main; main()"
# The variable from which OpenCV takes the options of the decoders that it opens.
DECODER = "OPENCV_FFMPEG_CAPTURE_OPTIONS"


@dataclass
class Round:
    """The seconds of one round through a clip, an entry for each frame; `stages` hold sums over the round by name.

    decoding: alone, nothing between the frames. reading: from frame to tracks. whole: decoded, read and tracked.
    drawing: the overlay, in none of the others. digits: how many stood in it. read: whether it was read, not followed.
    """

    decoding: list[float] = field(default_factory=list)
    reading: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    drawing: list[float] = field(default_factory=list)
    digits: list[int] = field(default_factory=list)
    read: list[bool] = field(default_factory=list)
    stages: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Start:
    """A fresh process: s from its command to the first reading, and its peak memory in bytes, None where not known."""

    seconds: float
    memory: int | None


@contextmanager
def limit_threads(threads: int) -> Iterator[None]:
    """Let OpenCV, and the decoders opened within, use so many threads."""
    before, environment = cv2.getNumThreads(), dict(os.environ)
    cv2.setNumThreads(threads)
    os.environ[DECODER] = f"threads;{threads}"
    try:
        yield
    finally:
        cv2.setNumThreads(before)
        del os.environ[DECODER]
        os.environ.update(environment)


def measure_round(clip: Path, networks: Networks, confidence: float, polarity: str, limit: int | None) -> Round:
    """Go through a clip once, decoding and reading by turns, at most `limit` frames.

    Raises SourceError where it holds no frame.
    """
    measured, clock = Round(), StageClock()
    reader, overlay = FrameReader(Tracker(confidence)), Overlay()
    with Clip(clip) as alone, Clip(clip) as read:
        decoded_alone, frames = alone.frames(limit=limit), read.frames(limit=limit)
        while count := decode(decoded_alone, measured.decoding, CHUNK):
            for _ in range(count):
                followed, start = reader.followed, perf_counter()
                frame = next(frames)
                decoded = perf_counter()
                tracked = reader.read(frame, networks, confidence, polarity, clock=clock)
                finished = perf_counter()
                overlay.draw(frame.image, tracked.tracks)
                measured.drawing.append(perf_counter() - finished)
                measured.reading.append(finished - decoded)
                measured.whole.append(finished - start)
                measured.digits.append(sum(len(track.digits) for track in tracked.tracks))
                measured.read.append(reader.followed == followed)
    measured.stages = clock.seconds
    return measured


def decode(frames: Iterator[Frame], times: list[float], limit: int) -> int:
    """Decode up to `limit` frames and do nothing else; add the s of each to `times` and return how many there were."""
    count, start = 0, perf_counter()
    for _ in islice(frames, limit):
        stop = perf_counter()
        times.append(stop - start)
        count, start = count + 1, stop
    return count


def measure_start(clip: Path, options: Sequence[str], limit: int | None) -> Start:
    """Read a clip, at most `limit` frames, in a fresh process, as a user does.

    options: words of the command line that choose the networks and the device. Raises ChildProcessError with what the
    process wrote where it fails.
    """
    command = [sys.executable, "-c", PROGRAM, str(clip), *options, "--json", "-"]
    command += ["--max-frames", str(limit)] if limit else []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    start = perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        out, err = cast(IO[bytes], process.stdout), cast(IO[bytes], process.stderr)
        first = out.readline()
        seconds, memory = perf_counter() - start, _peak_memory(process.pid)
        for _ in out:
            memory = _peak_memory(process.pid) or memory
        words = err.read().decode(errors="replace").strip()
    if process.returncode or not first:
        raise ChildProcessError(f"reading {clip} in a fresh process failed: {words}")
    return Start(seconds, memory)


def _peak_memory(process: int) -> int | None:
    """Return the peak resident memory of a running process in bytes, None where the system does not tell.

    Not from getrusage: there a child starts with the memory of the process that it was forked from.
    """
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), None)
