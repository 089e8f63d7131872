"""Cameras are listed by name, and where one does not open the likely cause is named."""

import re
import sys
from pathlib import Path

import pytest

from realtime.sources import camera
from realtime.sources.camera import likely_cause, list_cameras


@pytest.mark.parametrize(
    ("platform", "devices", "says"),
    [
        ("linux", [], "no camera at all"),
        ("linux", ["video2"], "there is no .*video0; there are .*video2"),
        ("linux", ["video0"], "does not open: close other programs"),
        ("darwin", [], "Privacy & Security"),
        ("win32", [], "--camera-backend"),
    ],
)
def test_the_likely_cause_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, devices: list[str], says: str
) -> None:
    monkeypatch.setattr(camera, "DEVICES", tmp_path)
    for name in devices:
        (tmp_path / name).touch()
    assert re.search(says, likely_cause("0", platform))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="lists the devices of Linux")
def test_cameras_are_listed_with_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "DEVICES", tmp_path)
    monkeypatch.setattr(camera, "DEVICE_NAMES", tmp_path / "names")
    assert list_cameras() == []
    (tmp_path / "video12").touch()
    (tmp_path / "names" / "video12").mkdir(parents=True)
    (tmp_path / "names" / "video12" / "name").write_text("HD Webcam\n")
    (line,) = list_cameras()
    assert line.startswith("12  HD Webcam: ") and "does not open" in line
