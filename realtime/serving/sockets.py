"""Talk to pages over WebSockets: those that watch a source, and those that send frames of their own camera."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from aiohttp import WSMsgType, web

from realtime.serving.desk import CameraDesk, Taps
from realtime.serving.feed import Feed
from realtime.serving.messages import describe_steps, pack, picture_of
from realtime.serving.station import Shown, Station

# Set by hand: bytes of a message that a camera, or a page that only watches, may send; s after which a page that gives
# no sign of life is let go.
MAX_FRAME, MAX_WORDS, HEARTBEAT = 4 * 2**20, 4096, 15.0


class Sockets:
    """The WebSockets that are open."""

    def __init__(self) -> None:
        self._open: set[web.WebSocketResponse] = set()

    def __len__(self) -> int:
        return len(self._open)

    @asynccontextmanager
    async def open(self, request: web.Request, longest: int) -> AsyncIterator[web.WebSocketResponse]:
        """Open one, for messages of at most so many bytes, while the block lasts; close it with the reason of an error.

        A page that sends what is not understood is told so.
        """
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=longest, compress=False)
        await socket.prepare(request)
        self._open.add(socket)
        try:
            yield socket
        except ValueError as error:
            await socket.close(code=1008, message=str(error)[:100].encode())
        except ConnectionError:
            pass  # the page has gone
        finally:
            self._open.discard(socket)

    async def close(self) -> None:
        """Tell all pages that the server stops."""
        for socket in list(self._open):
            await socket.close(code=1001, message=b"the server stops")


class WatchingPage:
    """A page that watches a station.

    It says "next" when it is ready for a frame, and whether for the steps of reading it, and tells what was tapped.
    """

    def __init__(self, socket: web.WebSocketResponse, station: Station, key: str, feed: Feed, taps: Taps) -> None:
        self._socket, self._station, self._key, self._feed, self._taps = socket, station, key, feed, taps
        self._shown: Shown | None = None
        self._steps = False
        self._seen, self._trouble = 0, ""  # the last event and the last trouble that it was told

    async def serve(self) -> None:
        """Answer until the page goes. Raises ValueError for words that are not understood."""
        delivery: asyncio.Task[None] | None = None
        try:
            async for message in self._socket:
                words = _words(message.data)
                if "next" not in words:
                    await self._obey(words)
                    continue
                if self._steps != bool(words.get("steps")):
                    self._steps, self._shown = not self._steps, None
                if delivery is None or delivery.done():
                    delivery = asyncio.create_task(self._deliver())
        finally:
            if delivery is not None:
                delivery.cancel()
                await asyncio.gather(delivery, return_exceptions=True)

    async def _deliver(self) -> None:
        """Wait for what the page does not know yet, and send it."""
        with self._feed.news() as news:
            while True:
                shown, trouble = self._station.shown, self._station.trouble
                events = self._feed.since(self._seen, self._key)
                if shown is not self._shown or trouble != self._trouble or events:
                    break
                news.clear()
                await news.wait()
        message = {"trouble": trouble, "corrected": self._taps.corrected, "events": [event for _, event in events]}
        jpeg = b""
        if shown is not None and shown is not self._shown:
            message |= shown.message | (describe_steps(shown.tracked) if self._steps else {})
            jpeg = await asyncio.to_thread(shown.jpeg, self._steps)
        self._shown, self._trouble, self._seen = shown, trouble, events[-1][0] if events else self._seen
        await self._socket.send_bytes(pack(message, jpeg))

    async def _obey(self, words: dict[str, Any]) -> None:
        """Do what was tapped, on the frame that the page shows."""
        if self._shown is not None:
            action = partial(self._taps.obey, words, self._shown.tracked)
            said = await asyncio.wrap_future(self._station.ask(action))
            await self._socket.send_bytes(pack({"said": said, "corrected": self._taps.corrected}))


async def serve_camera(
    socket: web.WebSocketResponse,
    desk: CameraDesk,
    read: Callable[[CameraDesk, bytes], Awaitable[dict[str, Any]]],
    at_desk: Callable[[Callable[[], Any]], Awaitable[Any]],
    tell: Callable[[list[dict[str, Any]]], None],
) -> None:
    """Answer each frame that a page sends with what is in it; tell: told what settled. at_desk: does what was tapped.

    Raises ValueError for a frame that is none, or words that are not understood.
    """
    steps = False  # whether the page shows the steps of reading
    async for message in socket:
        if message.type is WSMsgType.BINARY:
            shown = await read(desk, message.data)
            tell(shown["events"])
            jpeg = b""
            if steps and desk.tracked is not None:
                shown |= describe_steps(desk.tracked)
                jpeg = await at_desk(partial(picture_of, desk.tracked, True))
            await socket.send_bytes(pack(shown | {"corrected": desk.taps.corrected}, jpeg))
            continue
        words = _words(message.data)
        if "steps" in words:
            steps = bool(words["steps"])
        elif desk.tracked is not None:
            said = await at_desk(partial(desk.taps.obey, words, desk.tracked))
            await socket.send_bytes(pack({"said": said, "corrected": desk.taps.corrected}))


def _words(text: object) -> dict[str, Any]:
    """Return what a page says. Raises ValueError where it is no JSON object."""
    words = json.loads(text) if isinstance(text, str) else None
    if not isinstance(words, dict):
        raise ValueError("a page sends JSON objects")
    return words
