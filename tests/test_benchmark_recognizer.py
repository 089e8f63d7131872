"""benchmark-recognizer: every stage is counted once, ratios are of the same frames, and nothing stays changed."""

import json
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from realtime import benchmark, reading
from realtime.benchmark import Round, Start, limit_threads, measure_round, measure_start, watch_stages
from realtime.benchmark_recognizer import main, spread, summarize, table
from realtime.classifier import Classifier, default_model
from realtime.reading import read
from tests.conftest import CLIP, draw_sheet


def a_round(decoding: float, reading_s: float, stages: dict[str, float]) -> Round:
    """Ten frames of so many s each."""
    return Round([decoding] * 10, [reading_s] * 10, [decoding + reading_s] * 10, [0.001] * 10, [24] * 10, stages)


def test_ratios_are_medians_of_rounds_with_their_spread() -> None:
    rounds = [a_round(0.002, s, {"find_ink": 5 * s, "track": s}) for s in (0.004, 0.006, 0.020)]
    told = summarize(rounds, [Start(0.9, 150_000_000), Start(1.4, 160_000_000), Start(1.0, None)])
    assert told["reading"]["times_decoding"] == [3.0, 2.0, 10.0]
    assert told["reading"]["ms"] == [6.0, 4.0, 20.0]
    assert told["decoding"]["times_decoding"] == [1.0, 1.0, 1.0]
    assert told["stages"]["find_ink"]["times_decoding"] == [1.5, 1.0, 5.0]
    assert told["stages"].keys() == {"find_ink", "track", "rest"}
    assert told["stages"]["rest"]["times_decoding"] == [1.2, 0.8, 4.0]
    assert told["frames_a_second"] == [125.0, 45.4545, 166.6667]
    assert told["frame_ms"] == pytest.approx({"p50": 6.0, "p99": 20.0})
    assert (told["start_s"], told["memory_mb"], told["digits_a_frame"]) == ([1.0, 0.9, 1.4], 160.0, 24.0)
    assert spread(np.array([3, 1, 2])) == [2.0, 1.0, 3.0]


def test_a_round_reads_the_frames_that_it_decodes(classifier: Classifier) -> None:
    measured = measure_round(CLIP, classifier, 0.6, "auto", 25)
    assert {len(times) for times in (measured.decoding, measured.reading, measured.whole, measured.drawing)} == {25}
    assert min(measured.digits) >= 20
    assert {"find_ink", "group", "track"} <= measured.stages.keys()
    assert 0.9 * sum(measured.reading) < sum(measured.stages.values()) <= sum(measured.reading)
    assert sum(measured.whole) > sum(measured.reading)


def test_stages_are_clocked_where_read_calls_them_and_released_after(classifier: Classifier) -> None:
    before = {name: value for name, value in vars(reading).items() if callable(value)}, Classifier.__call__
    image, totals = draw_sheet(["2468"]), {}
    with watch_stages(totals):
        clocked = read(image, classifier)
    assert ({name: value for name, value in vars(reading).items() if callable(value)}, Classifier.__call__) == before
    assert "find_ink" in totals and min(totals.values()) >= 0
    assert read(image, classifier).readings == clocked.readings
    kept = dict(totals)
    read(image, classifier)
    assert totals == kept


def test_stages_are_released_when_reading_fails(classifier: Classifier) -> None:
    before = reading.find_ink
    with pytest.raises(ValueError, match="image"), watch_stages({}):
        read(draw_sheet(["1"]).astype(float), classifier)
    assert reading.find_ink is before


def test_a_function_called_by_a_clocked_one_is_counted_once() -> None:
    totals, running = {}, []
    inner = benchmark._clocked(lambda: time.sleep(0.02), "inner", totals, running)
    outer = benchmark._clocked(lambda: inner(), "outer", totals, running)
    outer()
    assert totals.keys() == {"outer"} and totals["outer"] >= 0.02
    inner()
    assert totals["inner"] >= 0.02


def test_threads_are_limited_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(benchmark.DECODER, "video_codec;h264")
    before = cv2.getNumThreads()
    with limit_threads(1):
        assert cv2.getNumThreads() == 1
        assert benchmark.os.environ[benchmark.DECODER] == "threads;1"
    assert cv2.getNumThreads() == before
    assert benchmark.os.environ[benchmark.DECODER] == "video_codec;h264"


def test_a_fresh_process_tells_its_start_and_its_memory() -> None:
    start = measure_start(CLIP, default_model(), "cpu", 2)
    assert 0.1 < start.seconds < 60
    assert start.memory is None or 40e6 < start.memory < 1e9


def test_a_fresh_process_that_fails_tells_why(tmp_path: Path) -> None:
    with pytest.raises(ChildProcessError, match=r"none\.mp4"):
        measure_start(tmp_path / "none.mp4", default_model(), "cpu", 2)


def test_the_command_prints_a_table_and_writes_its_figures(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    words = [str(CLIP), "--rounds", "2", "--max-frames", "8", "--device", "cpu", "--json", str(path)]
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    told = json.loads(path.read_text(encoding="utf-8"))
    assert done.stdout.splitlines() == table(told)
    assert (told["clip"], told["size"], told["frames"], told["rounds"]) == ("numbers.mp4", [1280, 720], 8, 2)
    assert (told["device"], told["threads"]) == ("cpu", 1)
    assert {"decoding", "reading", "find_ink", "track", "drawing"} <= {line.split()[0] for line in table(told)}
    for key in ("decoding", "reading", "drawing"):
        median, least, most = told[key]["times_decoding"]
        assert 0 < least <= median <= most


def test_figures_are_not_written_over_a_folder(tmp_path: Path) -> None:
    words = [str(CLIP), "--rounds", "1", "--max-frames", "1", "--json", str(tmp_path)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2 and str(tmp_path) in done.stderr
