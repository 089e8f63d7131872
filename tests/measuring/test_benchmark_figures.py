"""Figures of a benchmark: medians and spreads, tables, and what is worse than in an earlier run."""

import numpy as np
import pytest

from realtime.measuring.benchmark import Round, Start
from realtime.measuring.benchmark_figures import find_regressions, overview, spread, summarize, summarize_starts


def a_round(decoding: float, reading_s: float, stages: dict[str, float]) -> Round:
    """Ten frames of so many s each, every second one read."""
    read_ones = [True, False] * 5
    times = [decoding] * 10, [reading_s] * 10, [decoding + reading_s] * 10, [0.001] * 10
    return Round(*times, [24] * 10, read_ones, stages)


def figures_of(name: str, reading_s: float, threads: int = 1) -> dict:
    """The figures of one clip, as the command writes them."""
    clip = {"clip": name, "threads": threads, "size": [1280, 720], "frames": 10}
    return clip | summarize([a_round(0.002, reading_s, {})])


def test_ratios_are_medians_of_rounds_with_their_spread() -> None:
    rounds = [a_round(0.002, s, {"ink": 5 * s, "tracking": s}) for s in (0.004, 0.006, 0.020)]
    summary = summarize(rounds)
    assert summary["reading"]["times_decoding"] == [3.0, 2.0, 10.0]
    assert summary["reading"]["ms"] == [6.0, 4.0, 20.0]
    assert summary["decoding"]["times_decoding"] == [1.0, 1.0, 1.0]
    assert summary["stages"]["ink"]["times_decoding"] == [1.5, 1.0, 5.0]
    assert summary["stages"].keys() == {"ink", "tracking", "rest"}
    assert summary["stages"]["rest"]["times_decoding"] == [1.2, 0.8, 4.0]
    assert summary["frames_a_second"] == [125.0, 45.4545, 166.6667]
    assert summary["frame_ms"] == pytest.approx({"p50": 6.0, "p99": 20.0})
    assert (summary["digits_a_frame"], summary["read_share"]) == (24.0, 0.5)
    assert summary["read_frame"] == {"ms": [6.0, 4.0, 20.0], "times_decoding": [3.0, 2.0, 10.0]}
    starts = summarize_starts([Start(0.9, 150_000_000), Start(1.4, 160_000_000), Start(1.0, None)])
    assert starts == {"start_s": [1.0, 0.9, 1.4], "memory_mb": 160.0}
    assert summarize_starts([Start(1.0, None)])["memory_mb"] is None
    assert spread(np.array([3, 1, 2])) == [2.0, 1.0, 3.0]


def test_what_is_worse_than_before_is_told() -> None:
    earlier = {"clips": [figures_of("a.mp4", 0.004), figures_of("a.mp4", 0.004, 2), figures_of("b.mp4", 0.004)]}
    now = {"clips": [figures_of("a.mp4", 0.006), figures_of("a.mp4", 0.0042, 2), figures_of("c.mp4", 0.004)]}
    worse, unknown = find_regressions(now, earlier, 10)
    assert worse == [
        "a.mp4 with one thread: reading 3.00 times decoding, was 2.00: 50 % worse",
        "a.mp4 with one thread: a frame that is read 3.00 times decoding, was 2.00: 50 % worse",
    ]
    assert unknown == ["c.mp4 with one thread"]
    assert find_regressions(now, earlier, 60) == ([], unknown)
    assert len([line for line in overview(now) if line.startswith("| ")]) == 9, "a table for each change of threads"


def test_a_slower_machine_is_no_regression() -> None:
    def run(reading_s: float, decoding: float) -> dict:
        return {"clips": [{"clip": "a.mp4", "threads": 1, **summarize([a_round(decoding, reading_s, {})])}]}

    assert find_regressions(run(0.04, 0.004), run(0.01, 0.001), 0) == ([], [])
    assert find_regressions(run(0.0109, 0.001), run(0.01, 0.001), 10) == ([], [])
    assert len(find_regressions(run(0.0111, 0.001), run(0.01, 0.001), 10)[0]) == 2
