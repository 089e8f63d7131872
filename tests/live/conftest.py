"""What the tests of collecting and of keys share: a sheet as it was read, and what was kept."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime.live.state import Controls
from realtime.reading.ensemble import Networks
from realtime.reading.pipeline import read
from realtime.sources.frame import Frame
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import settle
from tests.conftest import draw_sheet


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    """A virtual screen; with a window manager where openbox is there, which full screen needs."""
    reading, writing = os.pipe()
    # Without -noreset the screen goes away for a moment whenever the last program on it ends, and refuses the next one.
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1400x900x24", "-nolisten", "tcp", "-noreset"]
    running = [subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)]
    os.close(writing)
    with os.fdopen(reading) as pipe:
        display = f":{pipe.readline().strip()}"
    if shutil.which("openbox"):
        env = {**os.environ, "DISPLAY": display}
        running.append(subprocess.Popen(["openbox"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    yield display
    for program in reversed(running):
        program.terminate()
        program.wait()


def sheet_frame(networks: Networks, rows: list[str], index: int = 0, dark: bool = True, seed: int = 0) -> TrackedFrame:
    frame = Frame(draw_sheet(rows, dark=dark, seed=seed), index, index / 25, "camera 0")
    page = read(frame.image, networks)
    return TrackedFrame(frame, page, settle(page.numbers), 5.0)


def keep_nowhere(_: Controls) -> Path:
    """Stand in for the keeping of profiles, which tests/commands/test_profile.py is about."""
    return Path("livedigits.toml")


def tree(folder: Path) -> dict[str, list[str]]:
    """Return the pictures of each label."""
    return {
        label.name: sorted(path.name for path in label.iterdir() if path.suffix == ".png")
        for label in sorted(folder.iterdir())
        if any(path.suffix == ".png" for path in label.iterdir())
    }


@pytest.fixture
def sheet(networks: Networks) -> TrackedFrame:
    sheet = sheet_frame(networks, ["0742", "518"])
    assert [track.text for track in sheet.tracks] == ["0742", "518"]
    return sheet
