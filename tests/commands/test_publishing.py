"""Publishing as users do it: a clip read live, its numbers sent, secrets kept off the command line."""

import json
import os
from pathlib import Path

import pytest

from tests.conftest import CLIP
from tests.outputs.publishing.servers import MOSQUITTO, Broker, Listener, WebServer, wait_for
from tests.run_commands import run

READ = ("recognize-camera", CLIP, "--no-show", "--device", "cpu", "--max-frames", 40)


def test_a_clip_is_published_everywhere_at_once(tmp_path: Path) -> None:
    (tmp_path / "secrets.toml").write_text('webhook_secret = "word"\n')
    with WebServer() as server:
        words = ["--webhook", server.address, "--text-file", "now.txt", "--secrets", "secrets.toml"]
        if MOSQUITTO is None:
            assert run(*READ, *words, folder=tmp_path).returncode == 0
        else:
            broker = Broker(tmp_path)
            broker.start()
            with Listener(broker.port) as listener:
                words += ["--mqtt", f"mqtt://127.0.0.1:{broker.port}/clip"]
                done = run(*READ, *words, folder=tmp_path)
                assert done.returncode == 0, done.stderr
                posted = [json.loads(body) for _, body in server.posts]
                wait_for(lambda: len(listener.texts("clip/event")) == len(posted))
                assert [json.loads(text)["text"] for text in listener.texts("clip/event")] == [
                    p["text"] for p in posted
                ]
            broker.stop()
    settled = [json.loads(body)["text"] for _, body in server.posts]
    assert "0742" in settled and "518" in settled
    assert "0742" in (tmp_path / "now.txt").read_text()
    assert all("X-Signature-256" in headers for headers, _ in server.posts)
    assert len(list((tmp_path / "unsent").iterdir())) == 1 + (MOSQUITTO is not None)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--webhook", "ftp://host/x"], 2, "write an address http://host/path"),
        (["--webhook", "http://me:word@host/x"], 2, "without user and password"),
        (["--webhook", "http://[::1"], 2, "write an address http://host/path"),
        (["--influx", "http://host:port/x"], 2, "write an address http://host/path"),
        (["--mqtt", "mqtt://me:word@host/x"], 2, "LIVEDIGITS_MQTT_USER"),
        (["--mqtt", "mqtt://[::1"], 2, "is no broker"),
        (["--metrics", "host"], 2, "write 9100 or 0.0.0.0:9100"),
        (["--secrets", "none.toml"], 1, "cannot read --secrets none.toml"),
        (["--text-file", "none/now.txt"], 1, "no folder none"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    done = run(*READ, *words, folder=tmp_path)
    assert done.returncode == code and said in done.stderr, done.stderr
    assert "word@" not in done.stderr and "Traceback" not in done.stderr


def test_an_unknown_secret_is_named(tmp_path: Path) -> None:
    (tmp_path / "secrets.toml").write_text('mqtt_pasword = "word"\n')
    done = run(*READ, "--secrets", "secrets.toml", folder=tmp_path)
    assert done.returncode == 1 and "mqtt_pasword" in done.stderr and '"word"' not in done.stderr


def test_secrets_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEDIGITS_WEBHOOK_SECRET", "word")
    assert os.environ["LIVEDIGITS_WEBHOOK_SECRET"] == "word"
    with WebServer() as server:
        assert run(*READ, "--webhook", server.address, folder=tmp_path).returncode == 0
    assert server.posts and all("X-Signature-256" in headers for headers, _ in server.posts)
