"""Minutes of pages that come and go, and of far too many requests: memory stays flat, and reading goes on."""

import asyncio
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from aiohttp import ClientError, ClientSession

from tests.conftest import CLIP, draw_sheet
from tests.serving.serving import Serving, serving

SECONDS = 600.0  # for which pages come and go
GROWTH = 1.1  # times by which the memory may have grown since the first minute
PAGES = 20


def memory_of(server: Serving) -> int:
    """Return the resident memory of the server, kB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


async def visit(address: str, until: float, camera: bool) -> None:
    """Open a page, take ten frames or send ten, leave, and come again."""
    jpeg = cv2.imencode(".jpg", draw_sheet(["0742", "518"]))[1].tobytes()
    async with ClientSession() as session:
        while time.monotonic() < until:
            try:
                async with session.ws_connect(f"{address}/{'camera' if camera else 'watch/0'}") as socket:
                    for _ in range(10):
                        await (socket.send_bytes(jpeg) if camera else socket.send_json({"next": True}))
                        await asyncio.wait_for(socket.receive(), 5)
            except (ClientError, TimeoutError):
                pass
            await asyncio.sleep(1.0)


@pytest.mark.soak
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="memory is measured on Linux alone")
def test_memory_stays_flat_while_pages_open_and_close(tmp_path: Path) -> None:
    async def visits(server: Serving) -> list[int]:
        until, sizes = time.monotonic() + SECONDS, []
        pages = [asyncio.create_task(visit(server.address, until, camera=i < 3)) for i in range(PAGES)]
        while time.monotonic() < until:
            await asyncio.sleep(SECONDS / 20)
            sizes.append(memory_of(server))
        await asyncio.gather(*pages)
        return sizes

    film = tmp_path / "frames"
    film.mkdir()
    capture = cv2.VideoCapture(str(CLIP))
    for i in range(6000):
        if i < 100:
            cv2.imwrite(str(film / f"{i:05}.jpg"), capture.read()[1])
        else:
            (film / f"{i:05}.jpg").symlink_to(film / f"{i % 100:05}.jpg")
    with serving(film, folder=tmp_path) as server:
        sizes = asyncio.run(visits(server))
    print(sizes)
    assert np.median(sizes[-3:]) < GROWTH * np.median(sizes[1:4]), sizes


@pytest.mark.soak
def test_two_hundred_requests_a_second_are_served_or_refused(tmp_path: Path) -> None:
    async def flood(server: Serving) -> tuple[Counter[int], list[int]]:
        answers: Counter[int] = Counter()
        frames = []

        async def ask(session: ClientSession) -> None:
            try:
                async with session.get(f"{server.address}/numbers") as answer:
                    answers[answer.status] += 1
                    if answer.status == 200 and (told := await answer.json()):
                        frames.append(told[0]["frame"])
            except ClientError:
                answers[0] += 1

        async with ClientSession() as session:
            for _ in range(200):
                batch = [asyncio.create_task(ask(session)) for _ in range(20)]
                await asyncio.sleep(0.1)
                await asyncio.gather(*batch)
        return answers, frames

    with serving(CLIP, folder=tmp_path) as server:
        answers, frames = asyncio.run(flood(server))
    assert set(answers) <= {200, 429} and answers[429] > answers[200] > 200, answers
    assert frames[-1] > frames[0]
