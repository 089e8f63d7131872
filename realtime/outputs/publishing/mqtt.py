"""Publish events to an MQTT broker, by paho-mqtt; Home Assistant finds the numbers by itself."""

import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from realtime.outputs.publishing.address import parse_address
from realtime.outputs.publishing.publisher import DeliveryError, Message
from realtime.outputs.sink import OutputError
from realtime.reading.expectation import value_of
from realtime.sources.names import mask_secrets

PATIENCE = 5.0  # s until the broker must have taken a message
KEEP_ALIVE = 15  # s without a word after which the broker tells others that we are gone
ONCE = 2  # quality of service: delivered exactly once while both sides run
DISCOVERY = "homeassistant"
ALL = "number"  # the sensor of what is read where no region is named


class Mqtt:
    """Publish events below a topic: each on TOPIC/event, the newest number of each sensor, retained, on TOPIC/NAME.

    address: `mqtt://host:1883/topic`, `mqtts://` for TLS. sensors: the regions, or nothing. user, password: of the
    broker. ca: the certificate that the broker's is checked by, the system's where None. TOPIC/status is "online",
    retained, and "offline" when this ends or is cut off. Raises OutputError for an address that is none.
    """

    def __init__(
        self,
        address: str,
        sensors: tuple[str, ...] = (),
        user: str = "",
        password: str = "",
        ca: Path | None = None,
    ) -> None:
        self.name = mask_secrets(address)
        secure, host, port, self._topic = parse_address(address)
        self._sensors = list(sensors or (ALL,))
        self._state = threading.Condition()
        self._taken: set[int] = set()  # packets that the broker has taken
        self._online, self._why = False, "it does not answer"
        self._pending: tuple[str, list[int]] = "", []  # the key of the event under way, and its packets
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"livedigits-{_plain(self._topic)}", clean_session=False
        )
        if user:
            self._client.username_pw_set(user, password)
        if secure and ca is not None and ca.exists() and not ca.is_file():  # a pipe would be waited for
            raise OutputError(f"cannot use {ca} as a certificate: no regular file")
        try:
            if secure:
                self._client.tls_set(ca_certs=str(ca) if ca else None)
        except OSError as error:
            raise OutputError(f"cannot use {ca} as a certificate: {error.strerror or error}") from None
        self._client.will_set(f"{self._topic}/status", "offline", qos=1, retain=True)
        self._client.reconnect_delay_set(1, 30)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_publish = self._published
        self._client.connect_async(host, port, KEEP_ALIVE)
        self._client.loop_start()

    def deliver(self, message: Message) -> None:
        """Publish an event, and what the number now is. Raises DeliveryError where the broker does not take them.

        What the broker was given and did not yet take is not given again: paho does that when it is back.
        """
        key = str(message["key"])
        if not self._wait(lambda: self._online):
            raise DeliveryError(self._why)
        if self._pending[0] != key:
            self._taken.clear()
            self._pending = key, [self._publish(*parts) for parts in self._packets(message)]
        if not self._wait(lambda: self._taken.issuperset(self._pending[1])):
            raise DeliveryError("it takes no message")

    def close(self) -> None:
        """Say that nothing more comes, and part with the broker."""
        if self._online:
            self._client.publish(f"{self._topic}/status", "offline", qos=1, retain=True).wait_for_publish(PATIENCE)
        self._client.disconnect()
        self._wait(lambda: not self._online)  # its socket is closed then
        self._client.loop_stop()

    def _packets(self, message: Message) -> list[tuple[str, str, bool]]:
        """Return topic, text and whether it is retained of each packet of an event."""
        told = json.dumps(message, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
        packets = [(f"{self._topic}/event", told, False)]
        if message["event"] in ("settled", "changed") and message.get("fits", True):
            value = value_of(str(message["text"]))
            state = {name: message.get(name) for name in ("text", "confidence", "at", "key")}
            state["value"] = None if value is None else float(value)
            sensor = str(message.get("region") or ALL)
            if sensor not in self._sensors:  # a region that was drawn since
                self._sensors.append(sensor)
                self._introduce(sensor)
            packets.append((f"{self._topic}/{_plain(sensor)}", json.dumps(state), True))
        return packets

    def _introduce(self, sensor: str) -> None:
        """Have Home Assistant make a sensor."""
        topic, config = discovery(self._topic, sensor)
        self._client.publish(topic, json.dumps(config), qos=1, retain=True)

    def _publish(self, topic: str, text: str, retain: bool) -> int:
        return self._client.publish(topic, text, qos=ONCE, retain=retain).mid

    def _wait(self, true: Callable[[], bool]) -> bool:
        with self._state:
            return self._state.wait_for(true, PATIENCE)

    def _connected(self, client: paho.Client, _: object, __: object, reason: ReasonCode, ___: object) -> None:
        with self._state:
            self._online, self._why = not reason.is_failure, f"it says {reason}"
            self._state.notify_all()
        if reason.is_failure:
            return
        client.publish(f"{self._topic}/status", "online", qos=1, retain=True)
        for sensor in list(self._sensors):
            self._introduce(sensor)

    def _disconnected(self, _: paho.Client, __: object, ___: object, reason: ReasonCode, ____: object) -> None:
        with self._state:
            self._online = False
            self._why = self._why if "says" in self._why and reason.is_failure else "it is away"
            self._state.notify_all()

    def _published(self, _: paho.Client, __: object, packet: int, ___: object, ____: object) -> None:
        with self._state:
            self._taken.add(packet)
            self._state.notify_all()


def discovery(topic: str, sensor: str) -> tuple[str, dict[str, Any]]:
    """Return topic and text by which Home Assistant makes a sensor of its own."""
    node, name = _plain(topic), _plain(sensor)
    return f"{DISCOVERY}/sensor/{node}/{name}/config", {
        "name": sensor,
        "unique_id": f"{node}_{name}",
        "state_topic": f"{topic}/{name}",
        "value_template": "{{ value_json.text }}",
        "json_attributes_topic": f"{topic}/{name}",
        "availability_topic": f"{topic}/status",
        "device": {"identifiers": [node], "name": topic, "manufacturer": "livedigits"},
    }


def _plain(name: str) -> str:
    """Return a name of letters, digits and strokes alone, as parts of topics want it."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)
