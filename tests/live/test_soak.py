"""Minutes of use in the real window: keys and clicks at random, and memory that stays as it was."""

import os
import random
import time
from pathlib import Path

import numpy as np
import pytest

from tests.live.live_app import App, needs_screen
from tests.streams import MjpegServer, clip_frames

MINUTES = float(os.environ.get("LIVEDIGITS_SOAK_MINUTES", "10"))
KEYS = (*"scdirfmhux0123456789", "Tab", "space", "bracketleft", "bracketright")  # all but those that end or wait
GROWTH = 1.1  # of what is resident in the second tenth of the time
pytestmark = needs_screen


def resident(app: App) -> int:
    """Return the resident memory of the program, kB."""
    status = Path(f"/proc/{app.program.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


@pytest.mark.soak
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="memory is measured on Linux alone")
def test_memory_stays_flat_while_a_user_works_in_the_window(tmp_path: Path, screen: str) -> None:
    rng, sizes = random.Random(5), []
    with MjpegServer(clip_frames(100, 640), fps=10) as server:
        app = App(tmp_path, screen, server.address)
        try:
            start = time.monotonic()
            for part in range(1, 11):
                while time.monotonic() - start < 60 * MINUTES * part / 10:
                    app.do("mousemove", "--window", app.window, str(rng.randrange(600)), str(rng.randrange(330)))
                    app.do("click", str(rng.choice([1, 1, 4, 5])))
                    app.press(rng.choice(KEYS))
                    assert app.program.poll() is None, app.program.communicate()
                sizes.append(resident(app))
                print(f"{part} tenths: {sizes[-1] / 1000:.0f} MB, {len(app.pictures())} pictures kept", flush=True)
            app.press("q")
            code, notes = app.end()
        finally:
            app.program.kill()
            app.program.communicate()
    assert code == 0 and "Traceback" not in notes, notes
    assert np.median(sizes[-3:]) < GROWTH * sizes[1], sizes
