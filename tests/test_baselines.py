"""Other ways to read are measured on the frames that ours are."""

import json
from pathlib import Path

from click.testing import CliRunner

from tests.baselines import main
from tests.conftest import CLIP


def test_each_way_reads_the_clip(tmp_path: Path) -> None:
    path = tmp_path / "baselines.json"
    words = [str(CLIP), "--frames", "5", "--slow", "5", "--rounds", "1", "--json", str(path)]
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    rows = {cells[1].strip(): cells for line in done.stdout.splitlines() if len(cells := line.split("|")) > 4}
    assert {"livedigits, every frame read", "the same with cv2.dnn", "tutorial's loop"} <= rows.keys()
    share = rows["livedigits, every frame read"][6]
    assert share == rows["the same with cv2.dnn"][6] and int(share.split()[0]) > 90
    (clip,) = json.loads(path.read_text(encoding="utf-8"))["clips"]
    assert (clip["clip"], clip["frames"], clip["rounds"]) == ("numbers.mp4", 5, 1)
    assert clip["ways"][0]["times_ours"] == [1.0, 1.0, 1.0]
    assert all(0 < least <= ratio <= most for ratio, least, most in (way["times_decoding"] for way in clip["ways"]))


def test_a_clip_that_is_not_there_is_named() -> None:
    done = CliRunner().invoke(main, ["none.mp4"])
    assert done.exit_code == 3 and "none.mp4" in done.stderr
