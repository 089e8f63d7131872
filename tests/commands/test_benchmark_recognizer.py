"""benchmark-recognizer: what it prints and writes, what it refuses, and when it fails."""

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from realtime.commands import benchmark_recognizer
from realtime.commands.benchmark_recognizer import main
from realtime.measuring import benchmark
from realtime.measuring.benchmark import Round, Start
from realtime.measuring.benchmark_figures import stage_table
from tests.conftest import CLIP
from tests.measuring.test_benchmark_figures import a_round, figures_of


def test_the_command_prints_its_tables_and_writes_its_figures(tmp_path: Path) -> None:
    path, other = tmp_path / "figures.json", tmp_path / "other.mp4"
    shutil.copy(CLIP, other)
    words = [str(CLIP), "--rounds", "2", "--max-frames", "3", "--device", "cpu", "--json", str(path)]
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    figures = json.loads(path.read_text(encoding="utf-8"))
    (clip,) = figures["clips"]
    lines = done.stdout.splitlines()
    assert stage_table(clip) == lines[2 : 2 + len(stage_table(clip))]
    assert (clip["clip"], clip["size"], clip["frames"], clip["rounds"]) == ("numbers.mp4", [1280, 720], 3, 2)
    assert (figures["device"], clip["threads"], len(figures["starts"])) == ("cpu", 1, 1)
    assert {"decoding", "reading", "finder", "tracking", "drawing"} <= {line.split()[0] for line in lines if line}
    for key in ("decoding", "reading", "drawing"):
        median, least, most = clip[key]["times_decoding"]
        assert 0 < least <= median <= most

    words = [*words[:1], str(other), *words[1:-2], "--rounds", "1", "--threads", "1"]
    done = CliRunner().invoke(main, [*words, "--against", str(path), "--worse", "100000"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    rows = [line for line in done.stdout.splitlines() if line.startswith(("| numbers.mp4", "| other.mp4"))]
    assert len(rows) == 2 and "one thread:" in done.stdout
    assert "other.mp4 with one thread: not in the earlier run" in done.stderr
    assert "no ratio more than 100000 % worse" in done.stderr


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
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 0 and "one thread:" in done.stdout and "2 threads:" in done.stdout
    once = [(name, f"threads;{count}") for count in (1, 2) for name in ("numbers.mp4", "other.mp4")]
    assert turns == 3 * once  # the first round warms the caches


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
