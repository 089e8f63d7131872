"""Measure what reading a clip costs, stage by stage, beside decoding it, and how long a fresh process needs."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from itertools import islice
from pathlib import Path
from time import perf_counter
from types import CodeType, FunctionType, ModuleType

import cv2

from realtime.outputs.overlay import draw
from realtime.reading import pipeline as reading
from realtime.reading.classifier import Classifier
from realtime.sources.clip import Clip
from realtime.sources.frame import Frame
from realtime.tracking.frame_reader import FrameReader
from realtime.tracking.optical_flow import DigitFlow, Thumbnail
from realtime.tracking.tracker import Tracker

CHUNK = 20  # frames decoded alone, then as many read: so close together, a busy machine slows both alike
PROGRAM = "from realtime.commands.recognize_video import main; main()"  # what the user's command runs
METHODS = (
    (Classifier, "__call__", "classifier"),
    (Thumbnail, "__init__", "follow"),
    (Thumbnail, "is_still", "follow"),
    (DigitFlow, "__init__", "follow"),
    (DigitFlow, "follow", "follow"),
    (Tracker, "update", "track"),
    (Tracker, "carry", "track"),
)
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


def measure_round(clip: Path, classifier: Classifier, confidence: float, polarity: str, most: int | None) -> Round:
    """Go through a clip once, decoding and reading by turns. Raises SourceError where it holds no frame."""
    result, watch = Round(), FrameReader(Tracker(confidence))
    with Clip(clip) as alone, Clip(clip) as seen, watch_stages(result.stages):
        bare, frames = alone.frames(limit=most), seen.frames(limit=most)
        while count := decode(bare, result.decoding, CHUNK):
            for _ in range(count):
                followed, start = watch.followed, perf_counter()
                frame = next(frames)
                decoded = perf_counter()
                tracks = watch.see(frame.image, frame.time, classifier, confidence, polarity)
                tracked = perf_counter()
                draw(frame.image, tracks)
                result.drawing.append(perf_counter() - tracked)
                result.reading.append(tracked - decoded)
                result.whole.append(tracked - start)
                result.digits.append(sum(len(number.digits) for number in tracks))
                result.read.append(watch.followed == followed)
    return result


def decode(frames: Iterator[Frame], times: list[float], most: int) -> int:
    """Decode up to `most` frames and do nothing else; add the s of each to `times` and return how many there were."""
    count, start = 0, perf_counter()
    for _ in islice(frames, most):
        stop = perf_counter()
        times.append(stop - start)
        count, start = count + 1, stop
    return count


@contextmanager
def watch_stages(totals: dict[str, float]) -> Iterator[None]:
    """Clock following, tracking and what `reading.read` calls, and add up the s of each function by its name.

    What read calls is clocked where it calls it; the names come from its own code, so that a stage added there is
    clocked without a word here. A function called by another one of them counts to that one alone.
    """
    used = _names(reading.read.__code__)
    modules = [module for name, module in vars(reading).items() if name in used and isinstance(module, ModuleType)]
    found = [
        (owner, name, function, name)
        for owner in (reading, *modules)
        for name, function in vars(owner).items()
        if name in used and isinstance(function, FunctionType) and not name.startswith("_")
    ]
    found += [(owner, name, getattr(owner, name), label) for owner, name, label in METHODS]
    running: list[str] = []
    for owner, name, function, label in found:
        setattr(owner, name, _clocked(function, label, totals, running))
    try:
        yield
    finally:
        for owner, name, function, _ in found:
            setattr(owner, name, function)


def _names(code: CodeType) -> set[str]:
    """Return the names that a function uses, those of functions within it too."""
    return set(code.co_names).union(*(_names(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


def _clocked(function: Callable, label: str, totals: dict[str, float], running: list[str]) -> Callable:
    """Return the function with a clock around it that rests while another clock runs."""

    @wraps(function)
    def clocked(*args: object, **kwargs: object) -> object:
        if running:
            return function(*args, **kwargs)
        running.append(label)
        start = perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            totals[label] = totals.get(label, 0.0) + perf_counter() - start
            running.clear()

    return clocked


def measure_start(clip: Path, model: Path, device: str, most: int | None) -> Start:
    """Read a clip in a fresh process, as a user does. Raises ChildProcessError with its words where that fails."""
    command = [sys.executable, "-c", PROGRAM, str(clip), "--model", str(model), "--device", device, "--json", "-"]
    command += ["--max-frames", str(most)] if most else []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    start = perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        first = process.stdout.readline()
        seconds, memory = perf_counter() - start, _peak_memory(process.pid)
        for _ in process.stdout:
            memory = _peak_memory(process.pid) or memory
        words = process.stderr.read().decode(errors="replace").strip()
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
