"""Other ways to read are measured on the frames that ours are."""

from click.testing import CliRunner

from tests.conftest import CLIP
from tests.rivals import main


def test_each_way_reads_the_clip() -> None:
    done = CliRunner().invoke(main, [str(CLIP), "--frames", "5", "--slow", "5"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    rows = {cells[1].strip(): cells for line in done.stdout.splitlines() if len(cells := line.split("|")) > 4}
    assert {"livedigits, every frame read", "the same with cv2.dnn", "tutorial's loop"} <= rows.keys()
    share = rows["livedigits, every frame read"][5]
    assert share == rows["the same with cv2.dnn"][5] and int(share.split()[0]) > 90


def test_a_clip_that_is_not_there_is_named() -> None:
    done = CliRunner().invoke(main, ["none.mp4"])
    assert done.exit_code == 3 and "none.mp4" in done.stderr
