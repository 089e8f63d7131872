"""Tell whether a window can be opened, and whether one that was shown is still open."""

import os
import subprocess
import sys

import cv2


def is_open(title: str) -> bool:
    """Tell whether a window that was shown is still open."""
    try:
        return cv2.getWindowProperty(title, cv2.WND_PROP_VISIBLE) >= 1
    except cv2.error:  # Qt's answer when the last window was closed
        return False


def why_no_display() -> str | None:
    """Say why no window can be opened, or None where one can: imshow without a display aborts the whole process."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "neither DISPLAY nor WAYLAND_DISPLAY is set"
    probe = "import cv2; cv2.namedWindow('probe'); cv2.waitKey(1)"
    if subprocess.run([sys.executable, "-c", probe], capture_output=True, check=False, timeout=30).returncode:
        return "the display does not answer"
    return None
