"""Bytes of pictures: of files alone, of standard input and of addresses, each within bounds, no secret in an error."""

import base64
import http.server
import io
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime.sources import picture_bytes
from realtime.sources.frame import SourceError
from realtime.sources.picture_bytes import read_bytes, source_name


class Server(http.server.BaseHTTPRequestHandler):
    """Answers /a.png to those who know the word, /away with another address, /endless without an end."""

    def do_GET(self) -> None:
        self.server.seen.append(self.headers.get("Authorization"))
        if self.path.startswith("/away"):
            self.send_response(302)
            self.send_header("Location", "/a.png")
            self.end_headers()
        elif self.path.startswith("/endless"):
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(bytes(2**16))
            except OSError:
                pass
        elif self.path.startswith("/a.png"):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"picture")
        else:
            self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        server.seen = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def address(server: http.server.ThreadingHTTPServer, path: str, user: str = "") -> Path:
    return Path(f"http://{user}127.0.0.1:{server.server_port}/{path}")


def test_an_address_is_fetched_and_its_user_told_to_the_server_alone(server: http.server.ThreadingHTTPServer) -> None:
    path = address(server, "a.png?token=secret", "me:w%40rd@")
    assert read_bytes(path) == b"picture"
    assert server.seen == ["Basic " + base64.b64encode(b"me:w@rd").decode()]
    assert source_name(path) == f"http://***@127.0.0.1:{server.server_port}/a.png?token=***"
    assert read_bytes(address(server, "away")) == b"picture"


def test_an_address_that_does_not_answer_is_named_without_its_secrets(server: http.server.ThreadingHTTPServer) -> None:
    for path in (address(server, "none?token=secret", "me:secret@"), Path("http://me:secret@127.0.0.1:9/a.png")):
        with pytest.raises(SourceError, match=r"127\.0\.0\.1") as error:
            read_bytes(path)
        assert "secret" not in str(error.value) and "me:" not in str(error.value)
    with pytest.raises(SourceError, match="cannot read http"):
        read_bytes(Path("http://[nonsense"))


def test_an_address_without_an_end_is_given_up(
    server: http.server.ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_bytes, "MAX_STREAM", 2**20)
    with pytest.raises(SourceError, match="too large"):
        read_bytes(address(server, "endless"))


def test_standard_input_is_read_to_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_bytes, "MAX_STREAM", 10)
    for data, says in ((b"picture", ""), (b"", "empty"), (bytes(11), "too large")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        if not says:
            assert read_bytes(Path("-")) == data
            continue
        with pytest.raises(SourceError, match=f"standard input.*{says}"):
            read_bytes(Path("-"))


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes and devices with names")
def test_a_pipe_and_a_device_are_refused_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path / "pipe.png", Path("/dev/zero")):
        with pytest.raises(SourceError, match=f"{path.name}: no regular file"):
            read_bytes(path)


def test_a_file_longer_than_any_picture_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "long.png").open("wb") as file:
        file.truncate(picture_bytes.MAX_FILE + 1)
    with pytest.raises(SourceError, match=r"long\.png is too large .1024 MB"):
        read_bytes(tmp_path / "long.png")
