"""Text files of settings are read within bounds, whatever lies at their path."""

import os
import sys
from pathlib import Path

import pytest

from realtime.measuring.benchmark_figures import load_figures
from realtime.measuring.truth import read_truth
from realtime.sources.frame import SourceError
from realtime.sources.recording import Recording
from realtime.sources.text_file import MAX_SETTINGS, MAX_TEXT, read_text, read_toml

unix = pytest.mark.skipif(sys.platform == "win32", reason="has no pipes and devices among its files")


def test_text_is_read_with_and_without_its_mark(tmp_path: Path) -> None:
    for mark in (b"", b"\xef\xbb\xbf"):
        (tmp_path / "a").write_bytes(mark + "zwölf 写\r\n".encode())
        assert read_text(tmp_path / "a") == "zwölf 写\r\n"
    (tmp_path / "a").write_bytes(b"\xff\xfe1")
    with pytest.raises(UnicodeDecodeError):
        read_text(tmp_path / "a")


def test_what_is_too_large_or_not_there_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(MAX_TEXT + 1)
    with pytest.raises(OSError, match="larger than 16 MB"):
        read_text(tmp_path / "a")
    with pytest.raises(OSError, match="No such file"):
        read_text(tmp_path / "none")
    with pytest.raises(OSError, match="directory"):
        read_text(tmp_path)


@unix
def test_no_command_waits_for_a_pipe_or_reads_a_device_without_end(tmp_path: Path) -> None:
    folder = tmp_path / "record"
    folder.mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for path in (tmp_path / "pipe", tmp_path / "link", Path("/dev/zero")):
        with pytest.raises(OSError, match="no regular file"):
            read_text(path)
        with pytest.raises(SourceError, match="no regular file"):
            read_truth(path)
        with pytest.raises(ValueError, match="no regular file"):
            load_figures(path)
    (folder / "record.jsonl").symlink_to("/dev/zero")
    with pytest.raises(SourceError, match="no regular file"):
        Recording(folder)


@pytest.mark.parametrize("text", [b"a = " + b"[" * 5000, b"a", b"a = '\xff'", b"a = 1\na = 2", b"a = 1e"])
def test_what_is_no_toml_is_told_in_one_line(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(text)
    with pytest.raises(ValueError) as told:
        read_toml(tmp_path / "a.toml")
    assert 5 < len(str(told.value).splitlines()[0]) == len(str(told.value))
    with (tmp_path / "a.toml").open("wb") as file:
        file.truncate(MAX_SETTINGS + 1)
    with pytest.raises(OSError, match="larger than 1 MB"):
        read_toml(tmp_path / "a.toml")
