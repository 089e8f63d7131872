"""Open the port that pages come by, say how they come, and run the server until it is ended."""

import asyncio
import errno
import socket
import ssl
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import segno
from aiohttp import web

from realtime.outputs.sink import OutputError
from realtime.reading.ensemble import Networks
from realtime.serving.certificate import TOKEN, fingerprint, https_context, keep_token, own_addresses, own_names
from realtime.serving.gate import Gate
from realtime.serving.server import Server

HERE, EVERYWHERE = "127.0.0.1", "0.0.0.0"
RENEW = 0.5  # s between two looks for a new model; set by hand


@dataclass(frozen=True)
class Entrance:
    """How pages come: the port that listens, who may pass, and the address; folder: where token and certificate lie.

    token, context and folder are None where only this machine may come.
    """

    socket: socket.socket
    gate: Gate
    address: str
    token: str | None = None
    context: ssl.SSLContext | None = None
    folder: Path | None = None

    def announce(self, note: Callable[[str], None]) -> None:
        """Tell people how to open the page; token and code are shown on a terminal alone, never in a log."""
        note(f"open {self.address} in a browser; Ctrl-C ends it")
        if self.token is None or self.folder is None:
            note("only this machine may; --public lets a phone in")
            return
        note("the browser will warn of a certificate that it does not know: it is this machine's own")
        note(f"its SHA-256 is {fingerprint(self.folder)}")
        if not sys.stderr.isatty():
            note(f"the page asks for the token in {self.folder / TOKEN}")
            return
        print(f"or scan this with a phone in the same network; the token is {self.token}\n", file=sys.stderr)
        segno.make(f"{self.address}?token={self.token}", error="l").terminal(out=sys.stderr, border=2, compact=True)


def open_entrance(public: bool, port: int, folder: Path) -> Entrance:
    """Open a port: for this machine alone, or for all by HTTPS and a token, both kept in `folder`.

    Raises OutputError where the port cannot be had, or the folder cannot be written.
    """
    context, token = (https_context(folder), keep_token(folder)) if public else (None, None)
    listening = socket.socket()
    try:
        if sys.platform != "win32":  # there it lets two programs share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((EVERYWHERE if public else HERE, port))
    except OSError as error:
        listening.close()
        taken = "another program uses it, --port takes another" if error.errno == errno.EADDRINUSE else error.strerror
        raise OutputError(f"cannot listen on port {port}: {taken}") from None
    port = listening.getsockname()[1]
    address = f"https://{own_addresses()[0]}:{port}/" if public else f"http://{HERE}:{port}/"
    gate = Gate(token or "", own_names() if public else frozenset({"localhost"}))
    return Entrance(listening, gate, address, token, context, folder if public else None)


def run(server: Server, entrance: Entrance, renew: Callable[[], Networks | None]) -> None:
    """Serve until the process is interrupted; renew: gives networks that were promoted meanwhile, else None."""
    with closing(entrance.socket):
        asyncio.run(_serve(server, entrance, renew))


async def _serve(server: Server, entrance: Entrance, renew: Callable[[], Networks | None]) -> None:
    runner = web.AppRunner(server.application(), access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, entrance.socket, ssl_context=entrance.context).start()
        while True:
            await asyncio.sleep(RENEW)
            networks = await asyncio.to_thread(renew)
            if networks is not None:
                server.use(networks)
    finally:
        await runner.cleanup()
