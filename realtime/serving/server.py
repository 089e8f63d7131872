"""The addresses of the server: the page, what it watches and sends, and REST for programs."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib.resources import files
from typing import Any

from aiohttp import web

from realtime.live.state import Controls
from realtime.reading.ensemble import Networks
from realtime.serving.desk import CAMERA, CameraDesk, Taps, read_picture
from realtime.serving.feed import Feed
from realtime.serving.gate import Gate, add_headers, refuse
from realtime.serving.sockets import MAX_FRAME, MAX_WORDS, Sockets, WatchingPage, serve_camera
from realtime.serving.station import Station
from realtime.sources.frame import SourceError
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Tracker

# All set by hand.
MAX_UPLOAD = 32 * 2**20  # bytes of a picture
MAX_CAMERAS, MAX_PAGES, MAX_WAITING = 4, 64, 8  # cameras, pages, and pictures that wait to be read, at a time
HEARTBEAT = 15.0  # s between signs of life of a stream of events
FILES = {
    "/": ("index.html", "text/html"),
    "/style.css": ("style.css", "text/css"),
    **{
        f"/{name}.js": (f"{name}.js", "text/javascript")
        for name in ("page", "find", "sources", "view", "regions", "marks")
    },
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/openapi.json": ("openapi.json", "application/json"),
}


class Server:
    """One server: its stations, the cameras of visitors, and what settled in all of them.

    Stations read on threads of their own; pictures and cameras are read one after the other on one more. taps: makes
    what a visitor may do to frames of a source, given its name, controls and tracker. take: told of each frame of a
    camera that was read.
    """

    def __init__(
        self,
        networks: Networks,
        controls: Controls,
        gate: Gate,
        taps: Callable[[str, Controls, Tracker], Taps],
        settle: float | None,
        take: Callable[[TrackedFrame], None],
    ) -> None:
        self.networks, self.feed = networks, Feed()
        self.stations: list[Station] = []
        self._controls, self._gate, self._taps, self._settle, self._take = controls, gate, taps, settle, take
        self._desk_thread = ThreadPoolExecutor(1, "desk")
        self._desks: dict[str, CameraDesk] = {}
        self._sockets, self._streams = Sockets(), 0
        self._waiting = self._cameras = 0

    def application(self) -> web.Application:
        """Return the application that answers all addresses."""
        app = web.Application(middlewares=[self._gate.middleware()], client_max_size=MAX_UPLOAD)
        for path in FILES:
            app.router.add_get(path, self._file)
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/sources", self._sources)
        app.router.add_get("/numbers", self._numbers)
        app.router.add_get("/events", self._events)
        app.router.add_post("/read", self._read)
        app.router.add_get("/watch/{index:[0-9]{1,3}}", self._watch)
        app.router.add_get("/camera", self._camera)
        app.on_response_prepare.append(add_headers)
        app.on_startup.append(self._start)
        app.on_shutdown.append(self._hang_up)
        app.on_cleanup.append(self._stop)
        return app

    def use(self, networks: Networks) -> None:
        """Read with other networks from now on."""
        self.networks = networks
        for station in self.stations:
            station.use(networks)

    async def _start(self, _: web.Application) -> None:
        self.feed.open()
        for station in self.stations:
            station.start()

    async def _hang_up(self, _: web.Application) -> None:
        await self._sockets.close()

    async def _stop(self, _: web.Application) -> None:
        for station in self.stations:
            await asyncio.to_thread(station.close)
        self._desk_thread.shutdown(cancel_futures=True)

    async def _at_desk(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Do work on the thread that reads pictures and cameras."""
        return await asyncio.get_running_loop().run_in_executor(self._desk_thread, work)

    async def _read_frame(self, desk: CameraDesk, jpeg: bytes) -> dict[str, Any]:
        """Read a frame of a visitor's camera."""
        return await self._at_desk(partial(desk.read, jpeg, self.networks))

    async def _file(self, request: web.Request) -> web.Response:
        name, kind = FILES[request.path]
        text = files("realtime.serving").joinpath("static", name).read_text(encoding="utf-8")
        return web.Response(text=text, content_type=kind)

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _sources(self, _: web.Request) -> web.Response:
        networks = self.networks
        sources = [{"name": station.name, "trouble": station.trouble} for station in self.stations]
        return web.json_response({"device": networks.device, "model": networks.path.stem, "sources": sources})

    async def _numbers(self, _: web.Request) -> web.Response:
        shown = [station.shown.message["frame"] for station in self.stations if station.shown]
        cameras = [desk.tracked.to_dict() for desk in self._desks.values() if desk.tracked]
        return web.json_response([*shown, *cameras])

    async def _read(self, request: web.Request) -> web.Response:
        if (request.content_length or 0) > MAX_UPLOAD:
            return refuse(413, f"a picture may have {MAX_UPLOAD >> 20} MB at most")
        if self._waiting >= MAX_WAITING:
            return refuse(503, "too many pictures wait to be read: try again in a while")
        self._waiting += 1
        try:
            data = await request.read()
            if not data:
                return refuse(400, "send the picture as the body of the request")
            return web.json_response(await self._at_desk(partial(read_picture, data, self.networks, self._controls)))
        except (SourceError, ValueError) as error:  # ValueError: of a region outside of the picture
            return refuse(422, str(error))
        finally:
            self._waiting -= 1

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if self._streams >= MAX_PAGES:
            return refuse(503, "too many streams of events are open")
        last = request.headers.get("Last-Event-ID", "")
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        self._streams += 1
        try:
            await self._stream(answer, int(last) if last.isdecimal() and len(last) < 10 else self.feed.count)
        except ConnectionError:
            pass  # the reader has gone
        finally:
            self._streams -= 1
        return answer

    async def _stream(self, answer: web.StreamResponse, seen: int) -> None:
        """Write events after the number `seen` as they come, until the reader goes."""
        with self.feed.news() as news:
            while True:
                for number, event in self.feed.since(seen):
                    line = json.dumps({name: value for name, value in event.items() if name != "crop"})
                    await answer.write(f"id: {number}\nevent: {event['event']}\ndata: {line}\n\n".encode())
                    seen = number
                news.clear()
                try:
                    await asyncio.wait_for(news.wait(), HEARTBEAT)
                except TimeoutError:
                    await answer.write(b": still here\n\n")

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        index = int(request.match_info["index"])
        if index >= len(self.stations):
            return refuse(404, f"there is no source {index}")
        if len(self._sockets) >= MAX_PAGES:
            return refuse(503, "too many pages are open")
        station = self.stations[index]
        taps = self._taps(station.name, station.controls, station.tracker)
        async with self._sockets.open(request, MAX_WORDS) as socket:
            await WatchingPage(socket, station, str(index), self.feed, taps).serve()
        return socket

    async def _camera(self, request: web.Request) -> web.StreamResponse:
        if len(self._desks) >= MAX_CAMERAS:
            return refuse(503, f"{MAX_CAMERAS} cameras are read at a time: try again when one has gone")
        self._cameras += 1
        key = f"{CAMERA} {self._cameras}"
        taps = partial(self._taps, "")
        desk = self._desks[key] = CameraDesk(key, replace(self._controls), taps, self._settle, self._take)
        try:
            async with self._sockets.open(request, MAX_FRAME) as socket:
                await serve_camera(socket, desk, self._read_frame, self._at_desk, partial(self.feed.tell, key))
        finally:
            del self._desks[key]
        return socket
