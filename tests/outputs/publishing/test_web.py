"""Events are posted once and in order, whatever the web server does, and wait on disk while it is away."""

import hashlib
import hmac
import json
from pathlib import Path

import pytest

from realtime.outputs.publishing import publisher, web
from realtime.outputs.publishing.publisher import Publisher
from realtime.outputs.publishing.spool import Spool
from realtime.outputs.publishing.web import Influx, Webhook, influx_line
from tests.outputs.publishing.servers import WebServer, frame_of, free_port, wait_for


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once, and do not wait long for an answer."""
    monkeypatch.setattr(publisher, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(publisher, "LONGEST_WAIT", 0.2)
    monkeypatch.setattr(publisher, "FINISH", 1.0)
    monkeypatch.setattr(web, "PATIENCE", 0.5)


def texts(server: WebServer) -> list[str]:
    return [json.loads(body)["text"] for _, body in server.posts]


def test_an_event_arrives_signed_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    with WebServer() as server:
        with Publisher(Webhook(server.address, "word"), Spool(tmp_path / "a"), print) as sink:
            sink.take(frame_of(("settled", "3.75"), ("gone", "12")))
            wait_for(lambda: len(server.posts) == 2)
        headers, body = server.posts[0]
    told = json.loads(body)
    assert (told["source"], told["event"], told["text"], told["box"]) == (
        "camera 0",
        "settled",
        "3.75",
        [10, 20, 30, 40],
    )
    assert told["at"].endswith("+00:00") and headers["Idempotency-Key"] == told["key"]
    assert headers["X-Signature-256"] == "sha256=" + hmac.new(b"word", body, hashlib.sha256).hexdigest()
    assert len({json.loads(body)["key"] for _, body in server.posts}) == 2


def test_nothing_is_lost_or_doubled_while_the_server_fails_and_comes_back(tmp_path: Path) -> None:
    said: list[str] = []
    with WebServer() as server, Publisher(Webhook(server.address), Spool(tmp_path / "a"), said.append) as sink:
        server.answer = 503
        for k in range(5):
            sink.take(frame_of(("settled", str(k)), at=float(k)))
        wait_for(lambda: len(server.posts) >= 3)
        assert set(texts(server)) == {"0"}
        server.posts.clear()
        server.answer = 200
        wait_for(lambda: len(server.posts) == 5)
    assert texts(server) == list("01234")
    assert [line.split(" ", 1)[1].split(" (")[0] for line in said] == ["takes no events", "takes events again"]


def test_an_event_sent_again_after_a_silence_has_the_same_key(tmp_path: Path) -> None:
    with WebServer() as server, Publisher(Webhook(server.address), Spool(tmp_path / "a"), lambda _: None) as sink:
        server.stall = 1.0
        sink.take(frame_of(("settled", "7"), ("settled", "8")))
        wait_for(lambda: len(server.posts) >= 2)
        server.stall = 0.0
        wait_for(lambda: "8" in texts(server))
    keys = [headers["Idempotency-Key"] for headers, _ in server.posts]
    assert len(set(keys)) == 2 and keys == sorted(keys, key=keys.index)


def test_what_waits_survives_the_end_of_a_run(tmp_path: Path) -> None:
    said: list[str] = []
    port = free_port()
    with Publisher(Webhook(f"http://127.0.0.1:{port}/hook"), Spool(tmp_path / "a"), said.append) as sink:
        sink.take(frame_of(("settled", "1"), ("settled", "2")))
    assert said[-1].endswith(f"2 events wait in {tmp_path / 'a'} for the next run")
    with WebServer(port) as server:
        with Publisher(Webhook(server.address), Spool(tmp_path / "a"), said.append) as sink:
            sink.take(frame_of(("settled", "3")))
            wait_for(lambda: len(server.posts) == 3)
        assert texts(server) == ["1", "2", "3"]
    assert len(Spool(tmp_path / "a")) == 0


def test_what_is_refused_for_good_is_told_and_holds_up_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    with WebServer() as server, Publisher(Webhook(server.address), Spool(tmp_path / "a"), said.append) as sink:
        server.answer = 422
        sink.take(frame_of(("settled", "1")))
        wait_for(lambda: bool(said))
        server.answer = 409  # it says that it has it already
        sink.take(frame_of(("settled", "2")))
        wait_for(lambda: len(server.posts) == 2)
    assert "refused an event for good (it answers 422" in said[0] and len(said) == 1


def test_a_redirect_is_no_delivery(tmp_path: Path) -> None:
    with WebServer() as server, Publisher(Webhook(server.address), Spool(tmp_path / "a"), lambda _: None) as sink:
        server.answer = 302
        sink.take(frame_of(("settled", "1")))
        wait_for(lambda: len(server.posts) >= 2)
        assert texts(server)[:2] == ["1", "1"]


def test_influx_gets_points_and_not_what_went(tmp_path: Path) -> None:
    with WebServer() as server:
        with Publisher(Influx(server.address, "token"), Spool(tmp_path / "a"), print) as sink:
            sink.take(frame_of(("settled", "3.75"), ("gone", "3.75"), ("changed", "12:30")))
            wait_for(lambda: len(server.posts) == 2)
        assert server.posts[0][0]["Authorization"] == "Token token"
        lines = [body.decode() for _, body in server.posts]
    assert lines[0].startswith('livedigits,source=camera\\ 0,row=0 text="3.75",confidence=0.97,value=3.75 1')
    assert lines[1].startswith('livedigits,source=camera\\ 0,row=0 text="12:30",confidence=0.97 1')


def test_what_the_line_protocol_would_take_for_its_own_is_escaped() -> None:
    told = {"event": "settled", "source": "a, b=c\\d\n", "text": '1"', "confidence": 1.0, "row": 2, "at": "1970-01-01"}
    line = influx_line(told | {"at": "1970-01-01T00:00:00.001+00:00"})
    assert line == 'livedigits,source=a\\,\\ b\\=c\\\\d\\n,row=2 text="1\\"",confidence=1.0 1000000'
