import gzip
import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.training.test_data import write_mnist
from training import data, fetch
from training.data import DataError


class Mirror(BaseHTTPRequestHandler):
    """Serves the files of a folder; the first part of the address names a bad habit, as in /stall/FILE."""

    def do_GET(self) -> None:
        habit, name = self.path.strip("/").split("/")
        self.server.asked.append((habit, name, self.headers.get("Range")))
        content = (self.server.folder / name).read_bytes()
        if habit == "missing":
            self.send_error(404)
            return
        if habit == "html":
            content = b"<html>sign in to this network</html>"
        if habit == "junk":
            content = gzip.compress(b"something else")
        start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")) if self.headers.get("Range") else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        half = len(content) // 2
        breaks = habit == "cut" or (habit == "drop" and not start)
        self.wfile.write(content[start : half if breaks or habit == "stall" else None])
        if habit == "stall":
            self.wfile.flush()
            self.server.released.wait(10)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    server.folder, server.asked, server.released = write_mnist(tmp_path / "origin", packed=True), [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


def sums(server: ThreadingHTTPServer) -> dict[str, str]:
    return {
        name: hashlib.sha256(data.unpacked(server.folder / f"{name}.gz")).hexdigest() for name in data.FILES.values()
    }


def get(server: ThreadingHTTPServer, tmp_path: Path, *habits: str, stall: float = 5.0) -> Path:
    mirrors = tuple(f"http://127.0.0.1:{server.server_port}/{habit}/" for habit in habits)
    return fetch.mnist_folder(tmp_path / "cache", mirrors, sums(server), stall)


def test_fetches_checks_and_keeps(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    folder = get(server, tmp_path, "good")
    images, _ = data.read_mnist(folder, "test")
    assert len(images) == 40 and len(server.asked) == 4
    assert not list(folder.glob("*.part"))
    get(server, tmp_path, "good")
    assert len(server.asked) == 4  # from the cache
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(b"half")
    get(server, tmp_path, "good")
    assert len(server.asked) == 5  # the damaged one alone


@pytest.mark.parametrize("habit", ["missing", "cut", "junk", "html"])
def test_goes_on_to_the_next_mirror(server: ThreadingHTTPServer, tmp_path: Path, habit: str) -> None:
    folder = get(server, tmp_path, habit, "good")
    assert len(data.read_mnist(folder, "train")[0]) == 200
    assert {asked[0] for asked in server.asked} == {habit, "good"}


def test_a_broken_off_download_is_resumed(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    folder = get(server, tmp_path, "drop")
    assert len(data.read_mnist(folder, "train")[0]) == 200
    ranges = [asked[2] for asked in server.asked]
    assert len(ranges) == 8 and all(r is None for r in ranges[::2]) and all(r for r in ranges[1::2])


def test_a_mirror_that_stalls_is_given_up(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    began = time.perf_counter()
    get(server, tmp_path, "stall", "good", stall=0.2)
    assert time.perf_counter() - began < 6


def test_says_what_each_mirror_did(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        get(server, tmp_path, "missing", "html")
    message = str(caught.value)
    assert "train-images" in message and "answers 404" in message and "broken archive" in message
    assert "--data" in message and "\n" not in message


def test_no_network_at_all(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refuses
        with pytest.raises(DataError, match="refused"):
            fetch.mnist_folder(tmp_path, (f"http://127.0.0.1:{taken.getsockname()[1]}/",))


def test_the_cache_follows_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert fetch.cache_folder() == tmp_path / "livedigits" / "mnist"
