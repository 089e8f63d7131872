"""Servers for tests of publishing: a real broker, and a web server that fails, stalls and comes back."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Event
from tests.tracked_frames import make_frame, track_frame

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/sbin")
_INDICES = count()  # of the frames made here


def free_port() -> int:
    """Return a port of this machine that nobody uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something is true; raises TimeoutError."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise TimeoutError("waited in vain")
        time.sleep(0.02)


def frame_of(*events: tuple[str, str], at: float = 0.0) -> TrackedFrame:
    """Return a frame with events, each a kind and a text."""
    told = tuple(Event(kind, at, i + 1, text, "", 0.97, 0, (10, 20, 30, 40)) for i, (kind, text) in enumerate(events))
    return track_frame(make_frame(next(_INDICES), source="camera 0", time=at), events=told)


class Broker:
    """A mosquitto of its own on a free port; `start` and `stop` may be called again and again."""

    def __init__(self, folder: Path, settings: str = "allow_anonymous true") -> None:
        self.port = free_port()
        self._configuration = folder / "mosquitto.conf"
        self._configuration.write_text(
            f"user root\npersistence true\npersistence_location {folder}/\nlistener {self.port} 127.0.0.1\n{settings}\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = subprocess.Popen([str(MOSQUITTO), "-c", str(self._configuration)], stderr=subprocess.DEVNULL)
        wait_for(self._listens)

    def stop(self) -> None:
        """End it, as a machine that goes down does."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Listener:
    """One who hears all that a broker is told, and stays subscribed while away; `heard` holds (topic, text)."""

    def __init__(self, port: int, user: str = "", password: str = "") -> None:
        self.heard: list[tuple[str, str]] = []
        self.retained: dict[str, str] = {}
        self._ready = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="listener", clean_session=False)
        if user:
            self._client.username_pw_set(user, password)
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=2)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._take
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def __enter__(self) -> Self:
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        wait_for(lambda: not self._client.is_connected())
        self._client.loop_stop()
        left = self._client.socket()
        if left is not None:
            left.close()

    def texts(self, topic: str) -> list[str]:
        """Return what was told on a topic, in order."""
        return [text for found, text in self.heard if found == topic]

    def _take(self, _: object, __: object, message: paho.MQTTMessage) -> None:
        if message.retain:  # told to those who come late
            self.retained[message.topic] = message.payload.decode()
        else:
            self.heard.append((message.topic, message.payload.decode()))


class WebServer:
    """A web server that keeps what is posted. `answer` is its status; `stall` is for how many s it is silent first."""

    def __init__(self, port: int = 0) -> None:
        self.answer, self.stall = 204, 0.0
        self.posts: list[tuple[dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.posts.append((dict(self.headers), body))
                if outer.stall:
                    time.sleep(outer.stall)
                try:
                    self.send_response(outer.answer)
                    self.send_header("Location", "/elsewhere")
                    self.end_headers()
                except OSError:
                    pass

            def do_GET(self) -> None:
                self.send_error(405)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
