"""Open a window on the display, or say why there is none."""

import os
import subprocess
import sys

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.outputs.sink import OutputError

TITLE = "livedigits"
ESCAPE, ENTER, BACKSPACE = 27, (10, 13), (8, 127)  # codes of the keys
# The largest window, width and height in pixels, that a picture opens; the user may draw it larger. Set by hand so that
# it fits on the screen of a small laptop.
MAX_SIZE = 1280, 800


class NoDisplayError(OutputError):
    """No window can be opened; the message says why."""


class Window:
    """A window that shows pictures; `closed` tells that the user closed it.

    It has none of the buttons of OpenCV's own window, for which Qt would look for fonts and complain. Raises
    NoDisplayError where no window can be opened.
    """

    def __init__(self) -> None:
        reason = why_no_display()
        if reason is not None:
            raise NoDisplayError(reason)
        self.closed = False
        self._style = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
        self._opened = self._sized = self._visible = False

    def open(self) -> None:
        """Open the window, before there is a picture to show."""
        cv2.namedWindow(TITLE, self._style)
        self._opened = True

    def show(self, image: NDArray[np.uint8]) -> None:
        """Show a picture (H, W, 3) BGR; the first one gives the window its size."""
        if not self._opened:
            self.open()
        if not self._sized:
            height, width = image.shape[:2]
            scale = min(1.0, MAX_SIZE[0] / width, MAX_SIZE[1] / height)
            cv2.resizeWindow(TITLE, max(1, int(width * scale)), max(1, int(height * scale)))
            self._sized = True
        cv2.imshow(TITLE, image)

    def wait_key(self, wait_ms: int) -> int:
        """Return the code of the key pressed within so many ms, -1 where none was, and notice a closed window."""
        key = cv2.waitKey(wait_ms)
        visible = _is_visible()
        # A window takes a while to come up: it was closed only if it had been there.
        self.closed = self.closed or (self._visible and not visible)
        self._visible = self._visible or visible
        return key

    def close(self) -> None:
        """Close the window, if it is open."""
        if self._opened:
            cv2.destroyAllWindows()


def why_no_display() -> str | None:
    """Say why no window can be opened, or None where one can: without a display OpenCV aborts the whole process."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "neither DISPLAY nor WAYLAND_DISPLAY is set"
    if not cv2.currentUIFramework():
        return (
            "this OpenCV has no windows: pip uninstall opencv-python-headless, "
            "then pip install --force-reinstall opencv-python"
        )
    probe = "import cv2; cv2.namedWindow('probe'); cv2.waitKey(1)"
    if subprocess.run([sys.executable, "-c", probe], capture_output=True, check=False, timeout=30).returncode:
        return "the display does not answer"
    return None


def _is_visible() -> bool:
    """Tell whether the window is on the screen."""
    try:
        return cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) >= 1
    except cv2.error:  # raised by Qt once the last window was closed
        return False
