"""What shows the numbers that stand just now: the metrics of Prometheus, and a text file."""

import urllib.request
from pathlib import Path

import pytest

from realtime.outputs.publishing.metrics import Metrics
from realtime.outputs.publishing.text_file import TextFile
from realtime.outputs.sink import OutputError
from realtime.tracking.tracker import settle
from tests.outputs.publishing.servers import frame_of, free_port
from tests.tracked_frames import make_frame, make_number, track_frame


def fetch(port: int) -> list[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return [line for line in answer.read().decode().splitlines() if not line.startswith("#")]


def test_prometheus_fetches_values_and_counts() -> None:
    port = free_port()
    with Metrics("127.0.0.1", port) as sink:
        sink.take(frame_of(("settled", "3.75"), ("settled", "12:30")))
        told = fetch(port)
        assert 'livedigits_value{id="1",region="",row="0",source="camera 0"} 3.75' in told
        assert 'livedigits_events_total{event="settled"} 2.0' in told and "livedigits_frames_total 1.0" in told
        assert len([line for line in told if line.startswith("livedigits_value")]) == 1  # 12:30 is no value
        sink.take(frame_of(("gone", "3.75")))
        assert not [line for line in fetch(port) if line.startswith(("livedigits_value", "livedigits_confidence"))]
        with pytest.raises(OutputError, match="cannot serve metrics"):
            Metrics("127.0.0.1", port)


def test_a_text_file_holds_what_stands_just_now(tmp_path: Path) -> None:
    path = tmp_path / "now.txt"
    with TextFile(path) as sink:
        assert path.read_text() == ""
        numbers = settle([make_number("12", left=90), make_number("0742"), make_number("3.75", top=60, row=1)])
        sink.take(track_frame(make_frame(), numbers))
        assert path.read_text() == "0742 12\n3.75\n"
        path.unlink()
        sink.take(track_frame(make_frame(1), numbers))
        assert not path.exists()  # the same numbers are not written again
        sink.take(track_frame(make_frame(2)))
        assert path.read_text() == ""


def test_a_text_file_without_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no folder"):
        TextFile(tmp_path / "none" / "now.txt")
