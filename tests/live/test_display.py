"""A window without a display is an error in a line: OpenCV itself would abort the whole process."""

import sys

import cv2
import pytest

from realtime.live.display import NoDisplayError, Window, why_no_display
from realtime.live.viewer import Viewer
from realtime.outputs.sink import OutputError


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux do variables name the display")
def test_without_a_display_a_window_is_an_error_not_an_abort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert "DISPLAY" in str(why_no_display())
    with pytest.raises(OutputError, match="cannot open a window: .*--no-show"):
        Viewer("cpu")
    monkeypatch.setenv("DISPLAY", ":nowhere")
    monkeypatch.setattr(cv2, "currentUIFramework", lambda: "")
    assert "opencv-python-headless" in str(why_no_display())
    monkeypatch.setattr(cv2, "currentUIFramework", lambda: "QT")
    with pytest.raises(NoDisplayError, match="^the display does not answer$"):
        Window()
