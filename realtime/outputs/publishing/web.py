"""Post events to web addresses: as signed JSON to a webhook, as lines to InfluxDB."""

import hashlib
import hmac
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from email.message import Message as Headers
from typing import IO

from realtime.outputs.publishing.publisher import DeliveryError, Message, RefusedError
from realtime.reading.expectation import value_of
from realtime.sources.names import mask_secrets

PATIENCE = 5.0  # s until an answer must have come
NEVER = (400, 413, 415, 422)  # answers that will be the same however often the event is sent
KNOWN = 409  # the answer of one who has the event already


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Take a redirect for a failure: followed, a POST would become a GET and its event be lost."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Headers, newurl: str
    ) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def post(address: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Post a body. Raises RefusedError where that will never be taken, DeliveryError where it is not taken now."""
    request = urllib.request.Request(address, body, dict(headers), method="POST")
    try:
        with _OPENER.open(request, timeout=PATIENCE):
            return
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == KNOWN:
            return
        answer = f"it answers {error.code} {error.reason}"
        raise RefusedError(answer) if error.code in NEVER else DeliveryError(answer) from None
    except urllib.error.URLError as error:
        raise DeliveryError(str(error.reason)) from None
    except (OSError, http.client.HTTPException) as error:
        raise DeliveryError(str(error) or type(error).__name__) from None


class Webhook:
    """Post each event as JSON; secret: signs the body, `X-Signature-256: sha256=<HMAC in hex>`, as GitHub does.

    The header `Idempotency-Key` is the event's key.
    """

    def __init__(self, address: str, secret: str = "") -> None:
        self.name, self._address, self._secret = mask_secrets(address), address, secret

    def deliver(self, message: Message) -> None:
        """Post an event. Raises DeliveryError or RefusedError."""
        body = json.dumps(message, ensure_ascii=False).encode("utf-8", "backslashreplace")
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(message["key"])}
        if self._secret:
            headers["X-Signature-256"] = f"sha256={hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()}"
        post(self._address, body, headers)

    def close(self) -> None:
        """Nothing stays open between two events."""


class Influx:
    """Write numbers that settled or changed to InfluxDB, in its line protocol.

    address: where lines are posted, as `http://host:8086/api/v2/write?org=me&bucket=meters`. The same event written
    twice is one point.
    """

    def __init__(self, address: str, token: str = "") -> None:
        self.name, self._address = mask_secrets(address), address
        self._headers = {"Content-Type": "text/plain; charset=utf-8"}
        if token:
            self._headers["Authorization"] = f"Token {token}"

    def deliver(self, message: Message) -> None:
        """Write a number. Raises DeliveryError or RefusedError."""
        line = influx_line(message)
        if line:
            post(self._address, line.encode("utf-8", "backslashreplace"), self._headers)

    def close(self) -> None:
        """Nothing stays open between two events."""


def influx_line(message: Message) -> str:
    """Return a point for a number that settled or changed, empty for other events; times in ns since 1970.

    >>> influx_line({"event": "settled", "source": "0", "row": 0, "text": "3.75", "confidence": 0.9,
    ...     "at": "1970-01-01T00:00:02+00:00"})
    'livedigits,source=0,row=0 text="3.75",confidence=0.9,value=3.75 2000000000'
    """
    if message["event"] not in ("settled", "changed"):
        return ""
    tags = {name: str(message[name]) for name in ("source", "region", "row") if message.get(name) not in (None, "")}
    text = str(message["text"]).replace("\\", "\\\\").replace('"', '\\"')
    fields = [f'text="{text}"', f"confidence={message['confidence']}"]
    value = value_of(str(message["text"]))
    fields += [f"value={value}"] if value is not None else []
    at = datetime.fromisoformat(message["at"])
    tagged = "".join(f",{name}={_escape(tag)}" for name, tag in tags.items())
    return f"livedigits{tagged} {','.join(fields)} {round(at.timestamp() * 1000)}000000"


def _escape(tag: str) -> str:
    """Return the value of a tag as the line protocol wants it; it cannot hold the end of a line."""
    for sign in ("\\", ",", "=", " "):
        tag = tag.replace(sign, "\\" + sign)
    return tag.replace("\n", "\\n")
