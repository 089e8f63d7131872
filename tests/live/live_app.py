"""Drive recognize-camera in its window as a user does: on a virtual screen, by real keys and clicks."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.live.panel import WIDTH
from realtime.live.view import MAX_WIDTH, MIN_WIDTH
from tests.run_commands import REPOSITORY

NEEDED = ("Xvfb", "xdotool", "import")
MISSING = [name for name in NEEDED if not shutil.which(name)]
needs_screen = [
    pytest.mark.skipif(
        bool(MISSING),
        reason=f"needs a virtual screen: apt-get install xvfb xdotool imagemagick (no {', '.join(MISSING)})",
    ),
    pytest.mark.skipif(
        not cv2.currentUIFramework(),
        reason="needs windows: pip uninstall opencv-python-headless, pip install --force-reinstall opencv-python",
    ),
]
LIVE = [sys.executable, "-c", "from realtime.commands.recognize_camera import main; main()"]


class App:
    """recognize-camera in its window."""

    def __init__(self, folder: Path, display: str, source: str, *options: str) -> None:
        paths = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
        own = {"DISPLAY": display, "PYTHONPATH": paths, "XDG_DATA_HOME": str(folder / "home")}
        self.folder, self.env = folder, {**os.environ, **own}
        self.json, self.kept = folder / "lines.jsonl", folder / "kept"
        arguments = [source, "--device", "cpu", "--json", str(self.json), "--collect", str(self.kept), *options]
        self.program = subprocess.Popen(
            [*LIVE, *arguments], cwd=folder, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.window = ""
        self.wait(self._find_window, "a window")
        self.wait(lambda: len(self.lines()) > 8, "readings")

    def _find_window(self) -> bool:
        assert self.program.poll() is None, self.program.communicate()
        found = self.do("search", "--onlyvisible", "--name", "^livedigits$").split()
        self.window = found[-1] if found else ""
        return bool(found)

    def do(self, *words: str) -> str:
        """Run xdotool."""
        return subprocess.run(["xdotool", *words], env=self.env, capture_output=True, text=True, check=False).stdout

    def press(self, *keys: str) -> None:
        """Press keys, and wait for the next frames.

        On the keyboard, not as events sent to the window: of a window that has gone at `q`, xdotool would let the key
        up elsewhere, and the keyboard would repeat it into every later window.
        """
        for key in keys:
            self.do("windowfocus", "--sync", self.window)
            self.do("key", key)
            time.sleep(0.5)

    def shot(self) -> NDArray[np.uint8]:
        """Return what the window shows, (H, W, 3)."""
        command = ["import", "-window", self.window, "png:-"]
        data = subprocess.run(command, env=self.env, capture_output=True, check=True).stdout
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)

    def picture(self) -> NDArray[np.uint8]:
        """Return what the window shows of the frame, without the panel beside it."""
        shot = self.shot()
        return shot[:, : round(shot.shape[1] * MAX_WIDTH / (MAX_WIDTH + WIDTH))]

    def scale(self, width: int) -> float:
        """Return by how much a frame of this width is enlarged in the window."""
        shown = min(max(width, MIN_WIDTH), MAX_WIDTH)
        return self.shot().shape[1] / (shown + WIDTH) * shown / width

    def lines(self) -> list[dict]:
        """Return what was read so far."""
        if not self.json.exists():
            return []
        return [json.loads(line) for line in self.json.read_text().splitlines() if line.endswith("}")]

    def pictures(self) -> list[str]:
        """Return label/name of what was kept."""
        return sorted(str(path.relative_to(self.kept)) for path in self.kept.rglob("*.png"))

    def wait(self, condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Wait for a condition. Fails the test where it does not come true."""
        end = time.monotonic() + seconds
        while not condition():
            assert self.program.poll() is None, self.program.communicate()
            if time.monotonic() > end:
                pytest.fail(f"no {what} within {seconds} s")
            time.sleep(0.05)

    def end(self) -> tuple[int, str]:
        """Wait for the program to end; return its exit code and what it noted."""
        notes = self.program.communicate(timeout=60)[1]
        return self.program.returncode, notes
