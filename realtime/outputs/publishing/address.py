"""The address of a broker, which is looked at before the library is there that speaks with it."""

import re
from urllib.parse import urlsplit

from realtime.outputs.sink import OutputError
from realtime.sources.names import mask_secrets

TOPIC = "livedigits"


def parse_address(address: str) -> tuple[bool, str, int, str]:
    """Return of mqtt://host:port/topic whether it is for TLS, the host, the port and the topic. Raises OutputError.

    >>> parse_address("mqtt://broker/cellar/water")
    (False, 'broker', 1883, 'cellar/water')
    """
    try:
        parts = urlsplit(address)
        port, topic = parts.port, parts.path.strip("/") or TOPIC
        wrong = parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or re.search(r"[+#?\s]", address)
    except ValueError:  # of brackets, or of a port that is none
        wrong = True
    if wrong or parts.username is not None:
        raise OutputError(
            f"{mask_secrets(address)} is no broker: write mqtt://host:1883/topic or mqtts://host/topic; "
            "user and password go into LIVEDIGITS_MQTT_USER and LIVEDIGITS_MQTT_PASSWORD"
        )
    secure = parts.scheme == "mqtts"
    return secure, str(parts.hostname), port or (8883 if secure else 1883), topic
