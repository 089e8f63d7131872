"""Events reach a real broker once and in order, while it dies and comes back too, and Home Assistant finds them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime.outputs.publishing import mqtt, publisher
from realtime.outputs.publishing.mqtt import Mqtt, parse_address
from realtime.outputs.publishing.publisher import Publisher
from realtime.outputs.publishing.spool import Spool
from realtime.outputs.sink import OutputError
from tests.outputs.publishing.servers import MOSQUITTO, Broker, Listener, frame_of, wait_for

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="no mosquitto here")


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    """A broker that runs; failures are tried again soon."""
    monkeypatch.setattr(publisher, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(publisher, "LONGEST_WAIT", 0.3)
    monkeypatch.setattr(mqtt, "PATIENCE", 1.0)
    running = Broker(tmp_path)
    running.start()
    yield running
    running.stop()


def texts(listener: Listener, topic: str) -> list[str]:
    return [json.loads(text)["text"] for text in listener.texts(topic)]


def test_events_state_and_discovery_reach_the_broker(tmp_path: Path, broker: Broker) -> None:
    address = f"mqtt://127.0.0.1:{broker.port}/cellar/water"
    with Listener(broker.port) as listener:
        with Publisher(Mqtt(address, ("cold",)), Spool(tmp_path / "a"), print) as sink:
            sink.take(frame_of(("settled", "123.45")))
            sink.take(frame_of(("gone", "123.45")))
            wait_for(lambda: len(listener.texts("cellar/water/event")) == 2)
        wait_for(lambda: "offline" in listener.texts("cellar/water/status"))
        assert listener.texts("cellar/water/status")[-2:] == ["online", "offline"]
        assert texts(listener, "cellar/water/event") == ["123.45", "123.45"]
        state = json.loads(listener.texts("cellar/water/number")[0])
        assert (state["text"], state["value"], state["confidence"]) == ("123.45", 123.45, 0.97)
    with Listener(broker.port) as late:  # what stays: the state, and how Home Assistant finds it
        wait_for(lambda: len(late.retained) >= 3)
        config = json.loads(late.retained["homeassistant/sensor/cellar_water/cold/config"])
        assert config["state_topic"] == "cellar/water/cold" and config["availability_topic"] == "cellar/water/status"
        assert "cellar/water/event" not in late.retained and late.retained["cellar/water/status"] == "offline"


def test_nothing_is_lost_or_doubled_while_the_broker_is_dead(tmp_path: Path, broker: Broker) -> None:
    said: list[str] = []
    with Listener(broker.port) as listener:
        address = f"mqtt://127.0.0.1:{broker.port}/meter"
        with Publisher(Mqtt(address), Spool(tmp_path / "a"), said.append) as sink:
            sink.take(frame_of(("settled", "0")))
            wait_for(lambda: texts(listener, "meter/event") == ["0"])
            broker.stop()
            for k in range(1, 6):
                sink.take(frame_of(("changed", str(k))))
            wait_for(lambda: bool(said))
            broker.start()
            wait_for(lambda: len(texts(listener, "meter/event")) >= 6)
        assert texts(listener, "meter/event") == list("012345")
        assert texts(listener, "meter/number") == list("012345")
    assert "takes no events" in said[0] and said[1].endswith("takes events again") and len(said) == 2


def test_what_waits_for_a_broker_goes_out_with_the_next_run(tmp_path: Path, broker: Broker) -> None:
    address = f"mqtt://127.0.0.1:{broker.port}/meter"
    with Listener(broker.port) as listener:
        broker.stop()
        with Publisher(Mqtt(address), Spool(tmp_path / "a"), print) as sink:
            sink.take(frame_of(("settled", "1")))
        broker.start()
        with Publisher(Mqtt(address), Spool(tmp_path / "a"), print) as sink:
            sink.take(frame_of(("settled", "2")))
            wait_for(lambda: len(texts(listener, "meter/event")) == 2)
        assert texts(listener, "meter/event") == ["1", "2"]


def test_the_broker_tells_that_a_killed_one_is_gone(tmp_path: Path, broker: Broker) -> None:
    program = (
        "import sys, time; from realtime.outputs.publishing.mqtt import Mqtt\n"
        f"m = Mqtt('mqtt://127.0.0.1:{broker.port}/meter'); time.sleep(60)"
    )
    with Listener(broker.port) as listener:
        with subprocess.Popen([sys.executable, "-c", program]) as process:
            wait_for(lambda: listener.texts("meter/status") == ["online"])
            process.kill()
        wait_for(lambda: listener.texts("meter/status") == ["online", "offline"])


def test_user_and_password_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(mqtt, "PATIENCE", 1.0)
    passwords = tmp_path / "passwords"
    tool = Path(str(MOSQUITTO)).parent.parent / "bin" / "mosquitto_passwd"
    subprocess.run([tool, "-b", "-c", passwords, "me", "word"], check=True)
    broker = Broker(tmp_path, f"allow_anonymous false\npassword_file {passwords}")
    broker.start()
    try:
        said: list[str] = []
        address = f"mqtt://127.0.0.1:{broker.port}/meter"
        with Publisher(Mqtt(address, user="me", password="wrong"), Spool(tmp_path / "a"), said.append) as sink:
            sink.take(frame_of(("settled", "1")))
            wait_for(lambda: bool(said))
        assert "Not authorized" in said[0]
        target, spool = Mqtt(address, user="me", password="word"), Spool(tmp_path / "a")
        with Listener(broker.port, "me", "word") as listener, Publisher(target, spool, said.append):
            wait_for(lambda: texts(listener, "meter/event") == ["1"])
    finally:
        broker.stop()


def test_tls_with_a_certificate_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "FIRST_WAIT", 0.05)
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        + ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
        capture_output=True,
    )
    if made.returncode:
        pytest.skip("no openssl here")
    broker = Broker(tmp_path, f"allow_anonymous true\ncertfile {certificate}\nkeyfile {key}")
    broker.start()
    try:
        spool, address = Spool(tmp_path / "a"), f"mqtts://localhost:{broker.port}/meter"
        with Publisher(Mqtt(address, ca=certificate), spool, print) as sink:
            sink.take(frame_of(("settled", "1")))
            wait_for(lambda: len(spool) == 0)
    finally:
        broker.stop()


@pytest.mark.parametrize(
    "address",
    ["broker:1883", "http://broker", "mqtt://", "mqtt://me:word@broker", "mqtt://broker:x/a", "mqtt://broker/a/#"],
)
def test_an_address_that_is_none_is_refused_without_its_secrets(address: str) -> None:
    with pytest.raises(OutputError, match="is no broker") as error:
        parse_address(address)
    assert "word" not in str(error.value).split(" is no broker")[0]
