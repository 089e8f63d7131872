"""benchmark-recognizer: every stage is counted once, ratios are of the same frames, and nothing stays changed."""

import json
import os
import shutil
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from realtime.commands import benchmark_recognizer
from realtime.commands.benchmark_recognizer import main
from realtime.measuring import benchmark
from realtime.measuring.benchmark import Round, Start, limit_threads, measure_round, measure_start, watch_stages
from realtime.measuring.benchmark_figures import compare, overview, spread, stage_table, summarize, summarize_starts
from realtime.reading import pipeline as reading
from realtime.reading.classifier import Classifier
from realtime.reading.model_files import default_model
from realtime.reading.pipeline import read
from tests.conftest import CLIP, draw_sheet


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
    rounds = [a_round(0.002, s, {"find_ink": 5 * s, "track": s}) for s in (0.004, 0.006, 0.020)]
    told = summarize(rounds)
    assert told["reading"]["times_decoding"] == [3.0, 2.0, 10.0]
    assert told["reading"]["ms"] == [6.0, 4.0, 20.0]
    assert told["decoding"]["times_decoding"] == [1.0, 1.0, 1.0]
    assert told["stages"]["find_ink"]["times_decoding"] == [1.5, 1.0, 5.0]
    assert told["stages"].keys() == {"find_ink", "track", "rest"}
    assert told["stages"]["rest"]["times_decoding"] == [1.2, 0.8, 4.0]
    assert told["frames_a_second"] == [125.0, 45.4545, 166.6667]
    assert told["frame_ms"] == pytest.approx({"p50": 6.0, "p99": 20.0})
    assert (told["digits_a_frame"], told["read_share"]) == (24.0, 0.5)
    assert told["read_frame"] == {"ms": [6.0, 4.0, 20.0], "times_decoding": [3.0, 2.0, 10.0]}
    starts = summarize_starts([Start(0.9, 150_000_000), Start(1.4, 160_000_000), Start(1.0, None)])
    assert starts == {"start_s": [1.0, 0.9, 1.4], "memory_mb": 160.0}
    assert summarize_starts([Start(1.0, None)])["memory_mb"] is None
    assert spread(np.array([3, 1, 2])) == [2.0, 1.0, 3.0]


def test_a_round_reads_the_frames_that_it_decodes(classifier: Classifier) -> None:
    measured = measure_round(CLIP, classifier, 0.6, "auto", 25)
    assert {len(times) for times in (measured.decoding, measured.reading, measured.whole, measured.drawing)} == {25}
    assert min(measured.digits) >= 20 and measured.read[0] and not all(measured.read)
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
    assert read(image, classifier).numbers == clocked.numbers
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


def test_the_command_prints_its_tables_and_writes_its_figures(tmp_path: Path) -> None:
    path, other = tmp_path / "figures.json", tmp_path / "other.mp4"
    shutil.copy(CLIP, other)
    words = [str(CLIP), "--rounds", "2", "--max-frames", "8", "--device", "cpu", "--json", str(path)]
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    told = json.loads(path.read_text(encoding="utf-8"))
    (clip,) = told["clips"]
    lines = done.stdout.splitlines()
    assert stage_table(clip) == lines[2 : 2 + len(stage_table(clip))]
    assert (clip["clip"], clip["size"], clip["frames"], clip["rounds"]) == ("numbers.mp4", [1280, 720], 8, 2)
    assert (told["device"], clip["threads"], len(told["starts"])) == ("cpu", 1, 1)
    assert {"decoding", "reading", "find_ink", "track", "drawing"} <= {line.split()[0] for line in lines if line}
    for key in ("decoding", "reading", "drawing"):
        median, least, most = clip[key]["times_decoding"]
        assert 0 < least <= median <= most

    words = [*words[:1], str(other), *words[1:-2], "--rounds", "1", "--threads", "1", "--threads", "2"]
    done = CliRunner().invoke(main, [*words, "--against", str(path), "--worse", "100000"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    rows = [line for line in done.stdout.splitlines() if line.startswith(("| numbers.mp4", "| other.mp4"))]
    assert len(rows) == 4 and "one thread:" in done.stdout and "2 threads:" in done.stdout
    assert "other.mp4 with one thread: not in the earlier run" in done.stderr
    assert "no ratio more than 100000 % worse" in done.stderr


def test_what_is_worse_than_before_is_told() -> None:
    earlier = {"clips": [figures_of("a.mp4", 0.004), figures_of("a.mp4", 0.004, 2), figures_of("b.mp4", 0.004)]}
    now = {"clips": [figures_of("a.mp4", 0.006), figures_of("a.mp4", 0.0042, 2), figures_of("c.mp4", 0.004)]}
    worse, unknown = compare(now, earlier, 10)
    assert worse == [
        "a.mp4 with one thread: reading 3.00 times decoding, was 2.00: 50 % worse",
        "a.mp4 with one thread: a frame that is read 3.00 times decoding, was 2.00: 50 % worse",
    ]
    assert unknown == ["c.mp4 with one thread"]
    assert compare(now, earlier, 60) == ([], unknown)
    assert len([line for line in overview(now) if line.startswith("| ")]) == 9, "a table for each change of threads"


def test_a_run_that_is_worse_fails(tmp_path: Path) -> None:
    path = tmp_path / "before.json"
    path.write_text(json.dumps({"clips": [figures_of(CLIP.name, 1e-6)]}), encoding="utf-8")
    words = [str(CLIP), "--rounds", "1", "--max-frames", "2", "--device", "cpu", "--against", str(path)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1 and "numbers.mp4 with one thread: reading" in done.stderr and "% worse" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--against", "missing.json"], "cannot open missing.json"),
        (["--against", "truth.csv"], "truth.csv holds no figures of benchmark-recognizer"),
        (["--against", "."], "cannot open ."),
        ([str(CLIP)], "two are called numbers.mp4"),
    ],
)
def test_wrong_words_are_refused_before_anything_is_measured(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("truth.csv").write_text("file,rows\n", encoding="utf-8")
    done = CliRunner().invoke(main, [str(CLIP), *words])
    assert done.exit_code == 2 and said in done.stderr


def test_clips_and_threads_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other.mp4"
    shutil.copy(CLIP, other)
    turns: list[tuple[str, str]] = []

    def measured(clip: Path, *words: object) -> Round:
        turns.append((clip.name, os.environ[benchmark.DECODER]))
        return a_round(0.002, 0.004, {})

    monkeypatch.setattr(benchmark_recognizer, "measure_round", measured)
    monkeypatch.setattr(benchmark_recognizer, "measure_start", lambda *words: Start(1.0, None))
    words = [str(CLIP), str(other), "--threads", "1", "--threads", "2", "--rounds", "2"]
    assert CliRunner().invoke(main, words, catch_exceptions=False).exit_code == 0
    once = [(name, f"threads;{count}") for count in (1, 2) for name in ("numbers.mp4", "other.mp4")]
    assert turns == 3 * once  # the first round warms the caches


def test_a_slower_machine_is_no_regression() -> None:
    def run(reading_s: float, decoding: float) -> dict:
        return {"clips": [{"clip": "a.mp4", "threads": 1, **summarize([a_round(decoding, reading_s, {})])}]}

    assert compare(run(0.04, 0.004), run(0.01, 0.001), 0) == ([], [])
    assert compare(run(0.0109, 0.001), run(0.01, 0.001), 10) == ([], [])
    assert len(compare(run(0.0111, 0.001), run(0.01, 0.001), 10)[0]) == 2


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"clips": [{"clip": "a"}]}', b'{"clips": 3}', b"\xff\xfe"])
def test_an_earlier_run_that_is_none_is_a_usage_error(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "earlier.json"
    path.write_bytes(content)
    done = CliRunner().invoke(main, [str(CLIP), "--against", str(path)])
    assert done.exit_code == 2 and str(path) in done.stderr


def test_an_earlier_run_of_other_clips_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "earlier.json"
    path.write_text(json.dumps({"clips": [figures_of("b.mp4", 0.004)]}), encoding="utf-8")
    monkeypatch.setattr(benchmark_recognizer, "measure_round", lambda *words: a_round(0.002, 0.004, {}))
    monkeypatch.setattr(benchmark_recognizer, "measure_start", lambda *words: Start(1.0, None))
    done = CliRunner().invoke(main, [str(CLIP), "--against", str(path)])
    assert done.exit_code == 1 and "none of these clips" in done.stderr


def test_a_second_clip_that_is_none_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, [str(CLIP), str(tmp_path / "none.mp4")])
    assert done.exit_code == 3 and "none.mp4" in done.stderr


def test_figures_are_not_written_over_a_folder(tmp_path: Path) -> None:
    words = [str(CLIP), "--rounds", "1", "--max-frames", "1", "--json", str(tmp_path)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2 and str(tmp_path) in done.stderr
