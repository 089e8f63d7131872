"""Several sources in one process: each is read as it is alone, and none stops the others."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime.live.loop import LiveLoop
from realtime.live.state import Controls
from realtime.live.together import read_together
from realtime.reading.ensemble import Networks
from realtime.sources.clip import Clip
from realtime.sources.frame import Frame, SourceError
from realtime.tracking.tracker import Tracker
from tests.conftest import CLIP
from tests.run_commands import run

FRAMES = 12


class Lost:
    """A source that gives so many frames of the bundled clip and is lost, or fails otherwise."""

    def __init__(self, count: int, error: Exception) -> None:
        self.count, self.error = count, error

    def frames(self) -> Iterator[Frame]:
        with Clip(CLIP) as clip:
            for _, frame in zip(range(self.count), clip.frames(), strict=False):
                yield Frame(frame.image, frame.index, frame.time, "lost")
        raise self.error


def loop(source: object, networks: Networks) -> LiveLoop:
    return LiveLoop(source, networks, Tracker(0.5), Controls(0.5, "auto"), print)


def lines_of(path: Path) -> dict[str, list[dict]]:
    lines: dict[str, list[dict]] = {}
    for text in path.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        del line["latency_ms"]
        lines.setdefault(line["source"], []).append(line)
    return lines


def test_each_of_several_sources_is_read_as_it_is_alone(tmp_path: Path) -> None:
    shutil.copyfile(CLIP, tmp_path / "a.mp4")
    shutil.copyfile(CLIP, tmp_path / "b.mp4")
    words = ("--no-show", "--device", "cpu", "--max-frames", FRAMES)
    for name in ("a.mp4", "b.mp4"):
        assert run("recognize-camera", name, *words, "--json", f"{name}.jsonl", folder=tmp_path).returncode == 0
    done = run("recognize-camera", "a.mp4", "b.mp4", *words, "--json", "both.jsonl", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    both = lines_of(tmp_path / "both.jsonl")
    assert both == lines_of(tmp_path / "a.mp4.jsonl") | lines_of(tmp_path / "b.mp4.jsonl")
    assert {line.split(": ")[0] for line in done.stdout.splitlines()} == {"a.mp4", "b.mp4"}


def test_a_source_that_is_lost_leaves_the_others_going_on(networks: Networks) -> None:
    with Clip(CLIP) as clip:
        frames = read_together([loop(Lost(1, SourceError("lost it")), networks), loop(clip, networks)], limit=5)
        given: dict[str, int] = {}
        with pytest.raises(SourceError, match="lost it"):
            for tracked in frames:
                if tracked is not None:
                    given[tracked.frame.source] = given.get(tracked.frame.source, 0) + 1
    assert sorted(given.values()) == [1, 5]


def test_what_else_goes_wrong_is_told_at_once(networks: Networks) -> None:
    with Clip(CLIP) as clip, pytest.raises(ValueError, match="a bad array"):
        for _ in read_together([loop(Lost(0, ValueError("a bad array")), networks), loop(clip, networks)]):
            pass


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("a.mp4", "a.mp4"), "named once"),
        (("a.mp4", "b.mp4", "--save", "c.mp4"), "--save takes one source"),
        (("a.mp4", "b.mp4", "--text-file", "now.txt"), "publishing takes one source"),
        (("a.mp4", "0", "--size", "640x480"), "--size is asked of a camera"),
    ],
)
def test_what_is_made_of_one_source_is_refused_for_several(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    done = run("recognize-camera", *words, "--no-show", folder=tmp_path)
    assert done.returncode == 2 and says in done.stderr
