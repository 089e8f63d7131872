"""Harm a stream in every way a network and a camera can: `python -m tests.stream_faults --count 1000 --seed 7`.

Several cameras on localhost send MJPEG over HTTP, each read by a live source. A camera stalls, closes, resets, refuses,
answers with errors or with nothing, sends garbage, torn pictures, pages, wrong lengths, one byte after the other, and
another size; then it is well again. What counts is how long after that the next new frame arrives, whether a picture
that was handed out was not what was sent, and how much memory that takes. Linux only.
"""

import contextlib
import itertools
import os

os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # as `realtime` does, before cv2 is imported

import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import click
import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from realtime.sources.camera import CameraSettings
from realtime.sources.live_capture import LiveCapture
from realtime.sources.opening import open_source
from tests.streams import stamp, stamped

FPS = 25.0
BACK_S, LOST_S = 3.0, 30.0  # within which a frame must come again, and after which it never does
DIFFERS = 12.0  # grey levels in the mean by which a picture is not what was sent
CUTTING = ("close", "reset", "refuse", "error", "silent", "redirect", "size")  # that end the connections there are
KINDS = (*CUTTING, "stall", "garbage", "torn", "page", "length", "trickle")
LENGTHS = {"close": (0.0, 0.1), "reset": (0.0, 0.1), "size": (0.0, 0.1), "garbage": (0.1, 0.5), "torn": (0.1, 0.5)}
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
_ANSWERS = {
    "error": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: /video\r\nContent-Length: 0\r\n\r\n",
}


class Told(NamedTuple):
    """A fault: its kind, how long after it the next frame came, s, and how many pictures were not what was sent."""

    kind: str
    seconds: float
    damaged: int


class Camera:
    """A camera on the network that suffers from `fault`, "" for none; a context manager."""

    def __init__(self, rng: Generator) -> None:
        self.fault, self.number, self.large = "", 0, False
        self._rng, self._open = rng, True
        self._clients: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}/video"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self) -> "Camera":
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._cut(False)
        for thread in self._threads:
            thread.join()

    def begin(self, fault: str) -> None:
        """Suffer from now on."""
        self.fault = fault
        self.large ^= fault == "size"
        if fault in CUTTING:
            self._cut(fault == "reset")

    def end(self) -> int:
        """Be well again; return the number of the first whole frame from now on."""
        self.fault = ""
        return self.number + 1

    def _cut(self, hard: bool) -> None:
        for client in list(self._clients):
            with contextlib.suppress(OSError):
                if hard:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while self._open:
            with contextlib.suppress(OSError):
                client, _ = self._listening.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(client,)))
                self._threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        self._clients.add(client)
        with client, contextlib.suppress(OSError):
            client.settimeout(10)
            asked = b""
            while b"\r\n\r\n" not in asked and (part := client.recv(4096)):
                asked += part
            while self._open and self.fault == "silent":
                time.sleep(0.02)
            if self.fault != "refuse":
                client.sendall(_ANSWERS.get(self.fault, _HEAD))
            if self.fault not in ("refuse", *_ANSWERS):
                while self._open and self.fault not in CUTTING:
                    self._send(client)
                    time.sleep(1 / FPS)
        self._clients.discard(client)

    def _send(self, client: socket.socket) -> None:
        """Send the next frame, or what the fault makes of it."""
        fault, self.number = self.fault, (self.number + 1) % 2**16
        data = cv2.imencode(".jpg", stamp(picture(self.large), self.number))[1].tobytes()
        match fault:
            case "stall":
                return
            case "garbage":
                client.sendall(self._rng.bytes(int(self._rng.integers(1, 60_000))))
            case "page":
                data = b"<html><body>camera is starting</body></html>"
            case "torn":
                data = data[: int(self._rng.integers(2, len(data)))]
        length = int(self._rng.integers(1, 10**6)) if fault == "length" else len(data)
        kind = b"text/html" if fault == "page" else b"image/jpeg"
        part = b"--frame\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s\r\n" % (kind, length, data)
        if fault != "trickle":
            client.sendall(part)
            return
        for k in range(0, len(part), 40):
            client.sendall(part[k : k + 40])
            time.sleep(0.002)


def picture(large: bool) -> NDArray[np.uint8]:
    """Draw what the cameras see, (H, W, 3)."""
    height, width = (240, 320) if large else (120, 160)
    ramp = np.linspace(30, 220, width, dtype=np.uint8)
    return np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (height, width, 3)))


def differs(image: NDArray[np.uint8]) -> bool:
    """Tell whether a frame is not the picture that was sent, but for its stamp."""
    told = picture(image.shape[0] == 240)
    rows = len(told) * 7 // 8
    return image.shape != told.shape or np.abs(image[:rows].astype(int) - told[:rows]).mean() > DIFFERS


def torment(count: int, rng: Generator, kinds: tuple[str, ...]) -> Iterator[Told]:
    """Read a camera while it suffers so many faults, and tell of each."""
    with Camera(rng) as camera, open_source(camera.address, CameraSettings(), LOST_S) as source:
        if not isinstance(source, LiveCapture):
            raise TypeError(f"{camera.address} is no live source")
        frames = source.frames()
        for _ in range(count):
            kind, damaged = str(rng.choice(kinds)), 0
            camera.begin(kind)
            ends = time.monotonic() + rng.uniform(*LENGTHS.get(kind, (0.2, 6.0)))
            while time.monotonic() < ends:
                frame = next(frames)
                damaged += frame is not None and differs(frame.image)
            first, well = camera.end(), time.monotonic()
            for frame in frames:
                damaged += frame is not None and differs(frame.image)
                new = frame is not None and 0 <= stamped(frame.image) - first < 2**15
                if new or time.monotonic() - well > LOST_S:
                    break
            yield Told(kind, time.monotonic() - well, damaged)


def table(told: list[Told]) -> list[str]:
    """Return the faults as a table in Markdown, a line for each kind and one for all."""
    heads = ("fault", "times", f"back within {BACK_S:g} s", "median, s", "longest, s", "pictures not as sent")
    lines = [f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}"]
    for kind in (*KINDS, "all"):
        own = [one for one in told if kind in (one.kind, "all")]
        if own:
            seconds = np.array([one.seconds for one in own])
            cells = [len(own), int((seconds <= BACK_S).sum()), f"{np.median(seconds):.2f}", f"{seconds.max():.2f}"]
            lines.append(f"| {kind} | {' | '.join(map(str, cells))} | {sum(one.damaged for one in own)} |")
    return lines


def resident() -> float:
    """Return the MB that this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@click.command()
@click.option("--count", type=click.IntRange(1), default=100, show_default=True, help="Faults, of all cameras.")
@click.option("--cameras", type=click.IntRange(1), default=8, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Repeat for several.  [all]")
def main(count: int, cameras: int, seed: int, kinds: tuple[str, ...]) -> None:
    """Harm streams and print a table; the exit status is 1 where one was not back in time."""
    shares = [count // cameras + (k < count % cameras) for k in range(cameras)]
    told: list[Told] = []
    memory: list[float] = []
    rngs = [np.random.default_rng([seed, k]) for k in range(cameras)]

    def run(share: int, rng: Generator) -> None:
        for one in torment(share, rng, kinds or KINDS):
            told.append(one)
            memory.append(resident())

    with ThreadPoolExecutor(cameras) as pool:
        for done in [pool.submit(run, share, rng) for share, rng in zip(shares, rngs, strict=True) if share]:
            done.result()
    click.echo(f"seed {seed}, {cameras} cameras\n\n" + "\n".join(table(told)))
    parts = [memory[k : k + max(len(memory) // 5, 1)] for k in range(0, len(memory), max(len(memory) // 5, 1))]
    click.echo("\nMB, the most in each fifth: " + ", ".join(f"{max(part):.0f}" for part in itertools.islice(parts, 5)))
    sys.exit(any(one.seconds > BACK_S for one in told))


if __name__ == "__main__":
    main()
