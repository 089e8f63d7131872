"""Names: no secret of an address is shown, nothing that a terminal obeys, and C libraries are given text alone."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.sources.names import is_text, mask_secrets, name_for_c, show

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://cam.local:554/live", "rtsp://cam.local:554/live"),
        (f"rtsp://me:{SECRET}@10.0.0.7/live", "rtsp://***@10.0.0.7/live"),
        (f"rtsp://{SECRET}@10.0.0.7", "rtsp://***@10.0.0.7"),
        (f"rtsp://me:{SECRET}/@#?:{SECRET}@10.0.0.7/live", "rtsp://***@10.0.0.7/live"),
        (f"rtsp:/me:{SECRET}@10.0.0.7/live", "rtsp:/***@10.0.0.7/live"),
        (f"http://h/v.cgi?user=me&pwd={SECRET};x={SECRET}", "http://h/v.cgi?user=***&pwd=***&x=***"),
        (f"http://h/v?{SECRET}", "http://h/v?***"),
        (f"http://h/v#{SECRET}", "http://h/v#***"),
        ("rtsps://h:7441/aBcDeF0123456789?enableSrtp", "rtsps://h:7441/***?***"),
        (
            f"cannot open http://me:{SECRET}@h/: gone, http://me:{SECRET}@i",
            "cannot open http://***@h/: gone, http://***@i",
        ),
        ("/home/me@work/a.png", "/home/me@work/a.png"),
        ("C:/me@work/a.png?x", "C:/me@work/a.png?x"),
    ],
)
def test_no_secret_of_an_address_is_shown(address: str, shown: str) -> None:
    assert mask_secrets(address) == shown
    assert SECRET not in show(address)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Zähler 数字.png", "Zähler 数字.png"),
        ("a\n\r\t\x1b]0;x\x07.png", r"a\n\r\t\x1b]0;x\x07.png"),
        ("a\u202egnp.exe", r"a\u202egnp.exe"),
        (os.fsdecode(b"\xff\xfe.png") if os.name != "nt" else "\udcff\udcfe.png", r"\xff\xfe.png"),
    ],
)
def test_nothing_that_a_terminal_obeys_is_shown(name: str, shown: str) -> None:
    assert show(name) == shown
    assert is_text(show(name))


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_c_libraries_write_and_read_files_whose_names_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.png")
    with name_for_c(path) as name:
        assert is_text(name)
        assert cv2.imwrite(name, np.full((4, 4, 3), 7, np.uint8))
    assert path.is_file()
    with name_for_c(path) as name:
        assert (cv2.imread(name) == 7).all()
    assert not Path(name).exists() and path.is_file()
