"""A camera on the network for tests: MJPEG over HTTP on localhost, at true speed, that can stall and be killed."""

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

BITS = 16  # the number of a frame is written into its lowest lines as black and white blocks
CLIP = Path(__file__).parent / "data" / "numbers.mp4"


def stamp(image: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """Return a copy of image (H, W, 3) with a number, 0 to 65535, written into its lowest sixteenth."""
    stamped = image.copy()
    height, width = image.shape[:2]
    side = width // BITS
    for bit in range(BITS):
        stamped[-height // 16 :, bit * side : (bit + 1) * side] = 255 if number >> bit & 1 else 0
    return stamped


def stamped(image: NDArray[np.uint8]) -> int:
    """Read the number that `stamp` wrote into an image (H, W, 3)."""
    side = image.shape[1] // BITS
    return sum(int(image[-image.shape[0] // 32, bit * side + side // 2].mean() > 127) << bit for bit in range(BITS))


def clip_frames(most: int = 200, width: int = 1280) -> list[NDArray[np.uint8]]:
    """Return the first frames of the bundled clip, (H, width, 3) uint8 each."""
    capture = cv2.VideoCapture(str(CLIP))
    frames = []
    while len(frames) < most and (got := capture.read())[0]:
        frames.append(got[1] if got[1].shape[1] == width else cv2.resize(got[1], (width, width * 9 // 16)))
    capture.release()
    return frames


class MjpegServer:
    """Serve frames again and again at `fps`; a context manager. `sent[n]` is when frame n (as stamped) was sent.

    `stalled` stops the frames but keeps the connection, `stop` cuts every connection and frees the port.
    """

    def __init__(
        self, frames: Sequence[NDArray[np.uint8]], fps: float = 30.0, port: int = 0, marked: bool = True
    ) -> None:
        self.sent: dict[int, float] = {}
        self.stalled, self._stopped = threading.Event(), threading.Event()
        self._frames, self._fps, self._marked = frames, fps, marked
        self._packed: dict[int, bytes] = {}
        self._clients: list[socket.socket] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the name is http.server's
                outer._serve(self)

            def log_message(self, *_: object) -> None:
                pass

        ThreadingHTTPServer.allow_reuse_address = True
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = False  # closing the server waits for them, so that no connection is left open
        self.port = self._server.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}/video"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def __enter__(self) -> "MjpegServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Cut all connections and free the port."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self._server.shutdown()
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        self._thread.join()

    def _pack(self, number: int) -> bytes:
        image = self._frames[number % len(self._frames)]
        if not self._marked:
            number %= len(self._frames)
            if number not in self._packed:
                self._packed[number] = cv2.imencode(".jpg", image)[1].tobytes()
            return self._packed[number]
        return cv2.imencode(".jpg", stamp(image, number))[1].tobytes()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        self._clients.append(handler.connection)
        handler.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        handler.end_headers()
        start, number = time.monotonic(), 0
        try:
            while not self._stopped.is_set():
                data = self._pack(number)
                wait = start + number / self._fps - time.monotonic()
                if wait > 0:
                    time.sleep(wait)
                if self.stalled.is_set():
                    time.sleep(0.05)
                    continue
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                self.sent[number] = time.monotonic()
                handler.wfile.write(head.encode() + data + b"\r\n")
                number += 1
        except OSError:
            pass  # the client has gone


if __name__ == "__main__":  # a camera in a process of its own: python -m tests.streams PORT WIDTH
    MjpegServer(clip_frames(30, int(sys.argv[2])), port=int(sys.argv[1]), marked=False)
    print("serving", flush=True)
