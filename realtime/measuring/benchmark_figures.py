"""Turn the rounds of a benchmark into figures, figures into tables, and hold them against those of an earlier run."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.measuring.benchmark import Round, Start
from realtime.sources.text_file import read_text

COMPARED = {"reading": "reading", "read_frame": "a frame that is read"}  # what an earlier run is held against
RATIO = "× decoding"
HEAD = (
    *("clip", "size", "digits", "frames read, %", "decoding, ms", f"reading, {RATIO}", "least to most"),
    *(f"a read frame, {RATIO}", "a read frame, ms", f"drawing, {RATIO}", "frames a second"),
)


def summarize(rounds: list[Round]) -> dict[str, Any]:
    """Return the medians over rounds, with the least and the most: times in ms a frame and as multiples of decoding."""
    frames = np.array([len(r.reading) for r in rounds])
    decoding = np.array([sum(r.decoding) for r in rounds])

    def cost(sums: list[float]) -> dict[str, list[float]]:
        return {"ms": spread(1000 * np.array(sums) / frames), "times_decoding": spread(np.array(sums) / decoding)}

    names = list(dict.fromkeys(name for r in rounds for name in r.stages))
    stages = {name: cost([r.stages.get(name, 0.0) for r in rounds]) for name in names}
    stages["rest"] = cost([sum(r.reading) - sum(r.stages.values()) for r in rounds])
    each = 1000 * np.concatenate([r.reading for r in rounds])
    read = [np.median(np.array(r.reading)[r.read]) for r in rounds]
    return {
        "rounds": len(rounds),
        "read_share": float(np.mean([np.mean(r.read) for r in rounds])),
        "digits_a_frame": float(np.mean([n for r in rounds for n in r.digits])),
        "decoding": cost([sum(r.decoding) for r in rounds]),
        "stages": stages,
        "reading": cost([sum(r.reading) for r in rounds]),
        "read_frame": cost((np.array(read) * frames).tolist()),
        "drawing": cost([sum(r.drawing) for r in rounds]),
        "frame_ms": {"p50": float(np.percentile(each, 50)), "p99": float(np.percentile(each, 99))},
        "frames_a_second": spread(frames / np.array([sum(r.whole) for r in rounds])),
    }


def summarize_starts(starts: list[Start]) -> dict[str, Any]:
    """Return the s from command to first reading and the peak memory in MB, None where the system does not tell."""
    memory = [start.memory / 1e6 for start in starts if start.memory is not None]
    seconds = np.array([start.seconds for start in starts])
    return {"start_s": spread(seconds), "memory_mb": max(memory, default=None)}


def spread(values: NDArray[np.float64]) -> list[float]:
    """Return the median, the least and the most of values (N,)."""
    return [round(float(value), 4) for value in (np.median(values), values.min(), values.max())]


def tables(figures: dict[str, Any], stages: bool) -> list[str]:
    """Return lines of text: the overview of several clips, and the stages where asked for, or of one clip."""
    several = len(figures["clips"]) > 1
    lines = [f"{figures['model']} on {figures['device']}, {figures['machine']}", ""]
    lines += overview(figures) if several else []
    if stages or not several:
        lines += [line for clip in figures["clips"] for line in (*stage_table(clip), "")]
    return [*lines, *start_lines(figures)]


def overview(figures: dict[str, Any]) -> list[str]:
    """Return a table in Markdown for each number of threads, a row a clip."""
    lines = []
    for threads, clips in groupby(figures["clips"], key=lambda clip: clip["threads"]):
        lines += [f"{_threads(threads)}:", "", _row(HEAD), _row(("---", "---", *["---:"] * (len(HEAD) - 2)))]
        for clip in clips:
            times, least, most = clip["reading"]["times_decoding"]
            (width, height), read = clip["size"], clip["read_frame"]
            share, digits = 100 * clip["read_share"], clip["digits_a_frame"]
            cells = [clip["clip"], f"{width}x{height}", f"{digits:.1f}", f"{share:.0f}"]
            cells += [f"{clip['decoding']['ms'][0]:.1f}", f"{times:.2f}", f"{least:.2f} to {most:.2f}"]
            cells += [f"{read['times_decoding'][0]:.1f}", f"{read['ms'][0]:.1f}"]
            cells += [f"{clip['drawing']['times_decoding'][0]:.2f}", f"{clip['frames_a_second'][0]:.0f}"]
            lines.append(_row(cells))
        lines.append("")
    return lines


def stage_table(clip: dict[str, Any]) -> list[str]:
    """Return what each stage of a clip costs as lines of text."""
    width, height = clip["size"]
    lines = [
        f"{clip['clip']} {width}x{height}, {clip['frames']} frames, {clip['digits_a_frame']:.1f} digits a frame, "
        f"{clip['rounds']} rounds, {_threads(clip['threads'])}; {100 * clip['read_share']:.0f} % of the frames read, "
        "the others followed",
        f"{'':<20}{'ms a frame':>12}{'times decoding':>16}   least to most",
    ]
    rows = [("decoding", clip["decoding"])]
    rows += [(f"  {name}", cost) for name, cost in clip["stages"].items()]
    rows += [("reading", clip["reading"]), ("a frame read", clip["read_frame"]), ("drawing", clip["drawing"])]
    for name, cost in rows:
        ratio, least, most = cost["times_decoding"]
        lines.append(f"{name:<20}{cost['ms'][0]:>12.2f}{ratio:>16.2f}   {least:.2f} to {most:.2f}")
    rate, least, most = clip["frames_a_second"]
    p50, p99 = clip["frame_ms"]["p50"], clip["frame_ms"]["p99"]
    lines.append(f"reading a frame: 50th percentile {p50:.1f} ms, 99th {p99:.1f} ms")
    lines.append(f"frames a second, decoding included: {rate:.0f} ({least:.0f} to {most:.0f})")
    return lines


def start_lines(figures: dict[str, Any]) -> list[str]:
    """Return how long fresh processes needed and how much memory, a line for each clip that was tried."""
    lines = []
    for start in figures["starts"]:
        median, least, most = start["start_s"]
        memory = f"{start['memory_mb']:.0f} MB" if start["memory_mb"] is not None else "not known on this system"
        lines.append(
            f"{start['clip']}: from command to first reading {median:.2f} s ({least:.2f} to {most:.2f}), "
            f"peak memory {memory}"
        )
    return lines


def load_figures(path: Path) -> dict[str, Any]:
    """Load what `benchmark-recognizer --json` wrote. Raises ValueError where the file is none of it."""
    try:
        figures: dict[str, Any] = json.loads(read_text(path))
        kept = [
            (clip["clip"], clip["threads"], *(clip[key]["times_decoding"][0] for key in COMPARED))
            for clip in figures["clips"]
        ]
        if not all(isinstance(value, str) or value > 0 for values in kept for value in values):
            raise ValueError
    except OSError as error:
        raise ValueError(f"cannot open {path}: {error.strerror or error}") from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise ValueError(f"{path} holds no figures of benchmark-recognizer: make them with --json") from None
    return figures


def find_regressions(figures: dict[str, Any], earlier: dict[str, Any], percent: float) -> tuple[list[str], list[str]]:
    """Hold figures against those of an earlier run, clips by name and threads, by their ratios to decoding.

    Returns a line for each ratio worse by more than `percent`, and the names of the clips that the earlier run lacks.
    """
    known = {(clip["clip"], clip["threads"]): clip for clip in earlier["clips"]}
    worse: list[str] = []
    unknown: list[str] = []
    for clip in figures["clips"]:
        before = known.get((clip["clip"], clip["threads"]))
        if before is None:
            unknown.append(f"{clip['clip']} with {_threads(clip['threads'])}")
        else:
            worse += _worse(clip, before, percent)
    return worse, unknown


def _worse(clip: dict[str, Any], before: dict[str, Any], percent: float) -> Iterator[str]:
    for key, name in COMPARED.items():
        now, then = clip[key]["times_decoding"][0], before[key]["times_decoding"][0]
        if now > then * (1 + percent / 100):
            yield (
                f"{clip['clip']} with {_threads(clip['threads'])}: {name} {now:.2f} times decoding, was {then:.2f}: "
                f"{100 * (now / then - 1):.0f} % worse"
            )


def _threads(count: int) -> str:
    return "one thread" if count == 1 else f"{count} threads"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
