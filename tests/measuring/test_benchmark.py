"""The benchmark: every stage is counted once, ratios are of the same frames, and nothing stays changed."""

from pathlib import Path

import cv2
import pytest

from realtime.measuring import benchmark
from realtime.measuring.benchmark import limit_threads, measure_round, measure_start
from realtime.reading.ensemble import Networks
from tests.conftest import CLIP


def test_a_round_reads_the_frames_that_it_decodes(networks: Networks) -> None:
    measured = measure_round(CLIP, networks, 0.6, "auto", 25)
    assert {len(times) for times in (measured.decoding, measured.reading, measured.whole, measured.drawing)} == {25}
    assert min(measured.digits) >= 20 and measured.read[0] and not all(measured.read)
    assert {"finder", "crops", "network", "lines", "flow", "tracking"} <= measured.stages.keys()
    assert 0.9 * sum(measured.reading) < sum(measured.stages.values()) <= sum(measured.reading)
    assert sum(measured.whole) > sum(measured.reading)


def test_threads_are_limited_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(benchmark.DECODER, "video_codec;h264")
    before = cv2.getNumThreads()
    with limit_threads(1):
        assert cv2.getNumThreads() == 1
        assert benchmark.os.environ[benchmark.DECODER] == "threads;1"
    assert cv2.getNumThreads() == before
    assert benchmark.os.environ[benchmark.DECODER] == "video_codec;h264"


def test_a_fresh_process_tells_its_start_and_its_memory() -> None:
    start = measure_start(CLIP, ["--device", "cpu"], 2)
    assert 0.1 < start.seconds < 60
    assert start.memory is None or 40e6 < start.memory < 1e9


def test_a_fresh_process_that_fails_tells_why(tmp_path: Path) -> None:
    with pytest.raises(ChildProcessError, match=r"none\.mp4"):
        measure_start(tmp_path / "none.mp4", ["--device", "cpu"], 2)
