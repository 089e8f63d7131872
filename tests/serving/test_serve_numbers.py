"""The server for programs: pictures, numbers and events; who may come, how often, and with how much."""

import asyncio
import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError

from tests.conftest import CLIP, draw_sheet
from tests.run_commands import assert_one_error, run
from tests.serving.serving import WAIT, Serving, serving

SHEET = CLIP.parent / "sheet.jpg"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(CLIP, folder=tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(folder=tmp_path_factory.mktemp("public"), public=True) as running:
        yield running


@pytest.fixture(autouse=True)
def wait_for_the_rate() -> None:
    """Each test may ask a few times at once."""
    time.sleep(0.2)


def test_a_picture_is_read_and_the_numbers_of_a_source_are_told(server: Serving) -> None:
    status, _, body = server.ask("/read", "POST", SHEET.read_bytes())
    (page,) = json.loads(body)
    assert status == 200 and [number["text"] for number in page["numbers"]] == ["12012", "75", "58003", "799", "9"]
    assert (page["source"], page["frame"], page["size"]) == ("upload", 0, [720, 960])
    deadline = time.monotonic() + WAIT
    while not (frames := server.json("/numbers")) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert frames[0]["source"] == str(CLIP) and frames[0]["size"] == [1280, 720]
    told = server.json("/sources")
    assert told["device"] == "cpu" and told["sources"][0]["name"] == str(CLIP)


def test_the_document_of_the_addresses_names_each(server: Serving) -> None:
    paths = server.json("/openapi.json")["paths"]
    assert set(paths) == {"/read", "/numbers", "/events", "/sources", "/healthz"}
    for path in set(paths) - {"/read", "/events"}:
        assert server.ask(path)[0] == 200


def test_events_are_told_as_they_come(server: Serving) -> None:
    async def listen() -> list[dict[str, object]]:
        told: list[dict[str, object]] = []
        async with (
            ClientSession() as session,
            session.get(f"{server.address}/events", headers={"Last-Event-ID": "0"}) as answer,
        ):
            assert answer.content_type == "text/event-stream"
            async for line in answer.content:
                if line.startswith(b"data: "):
                    told.append(json.loads(line[6:]))
                if len(told) == 3:
                    break
        return told

    told = asyncio.run(asyncio.wait_for(listen(), WAIT))
    assert {event["event"] for event in told} <= {"settled", "changed"} and all(event["text"] for event in told)
    assert "crop" not in told[0]


def test_a_camera_is_read_over_a_websocket_and_its_digits_are_corrected(server: Serving) -> None:
    async def show(frames: int) -> tuple[dict[str, object], str]:
        jpeg = cv2.imencode(".jpg", draw_sheet(["0742", "518"]))[1].tobytes()
        async with ClientSession() as session, session.ws_connect(f"{server.address}/camera") as socket:
            for _ in range(frames):
                await socket.send_bytes(jpeg)
                shown = unpack(await socket.receive_bytes())
            number = shown["frame"]["numbers"][0]
            await socket.send_json({"key": "3", "number": number["id"], "digit": 1})
            return shown, unpack(await socket.receive_bytes())

    shown, said = asyncio.run(asyncio.wait_for(show(8), WAIT))
    assert [number["text"] for number in shown["frame"]["numbers"]] == ["0742", "518"]
    assert [label["text"].rstrip(".") for label in shown["labels"]] == ["0742", "518"]
    assert said["said"] == "kept as 3" and list(said["corrected"].values()) == ["3"]
    assert len(list((server.folder / "kept" / "3").glob("*.png"))) == 1


def test_regions_of_a_camera_are_its_own_and_bounded(server: Serving) -> None:
    asked = [
        ({"region": "top", "place": [0.0, 0.0, 1.0, 0.5]}, "--region top=0%,0%,100%,50%"),
        ({"region": "a b", "place": [0.0, 0.0, 1.0, 0.5]}, "is no region"),
        ({"region": "a", "place": [0.5, 0.5, 0.0, 0.5]}, "is no region"),
        ({"region": "a", "place": [1.0, 0.5, 1.0, 0.5]}, "lies outside"),
        ({"region": "a", "place": [0.5, 0.5, 0.0001, 0.5]}, "too small"),
        ({"region": "a" * 41, "place": [0.0, 0.0, 1.0, 0.5]}, "with names of 40 letters"),
        ({"forget": "none"}, "no region none"),
    ]

    async def draw() -> tuple[list[str], dict[str, object]]:
        jpeg = cv2.imencode(".jpg", draw_sheet(["615", "48"]))[1].tobytes()
        said = []
        async with ClientSession() as session, session.ws_connect(f"{server.address}/camera") as socket:
            await socket.send_bytes(jpeg)
            await socket.receive_bytes()
            for words, _ in asked:
                await socket.send_json(words)
                said.append(unpack(await socket.receive_bytes())["said"])
            await socket.send_bytes(jpeg)
            return said, unpack(await socket.receive_bytes())

    said, shown = asyncio.run(asyncio.wait_for(draw(), WAIT))
    assert all(told in answer for (_, told), answer in zip(asked, said, strict=True)), said
    assert [(n["region"], n["text"]) for n in shown["frame"]["numbers"] if n["region"]] == [("top", "615")]
    assert [region["name"] for region in shown["regions"]] == ["top"]
    assert "region" not in server.json("/numbers")[0]["numbers"][0]


@pytest.mark.parametrize(
    "sent",
    [
        b"no picture",
        b"\xff\xd8\xff",
        "[1]",
        "{",
        '{"key": "q"}',
        '{"region": "a"}',
        '{"region": "a", "place": [NaN, 0, 1e999, 1]}',
    ],
)
def test_what_is_no_frame_and_no_key_closes_the_camera_with_a_reason(server: Serving, sent: bytes | str) -> None:
    async def send() -> tuple[int | None, str]:
        async with ClientSession() as session, session.ws_connect(f"{server.address}/camera") as socket:
            await socket.send_bytes(cv2.imencode(".jpg", draw_sheet(["1"], (160, 120)))[1].tobytes())
            await socket.receive_bytes()
            await (socket.send_bytes(sent) if isinstance(sent, bytes) else socket.send_str(sent))
            message = await socket.receive()
            assert message.type is WSMsgType.CLOSE
            return socket.close_code, str(message.extra)

    code, reason = asyncio.run(asyncio.wait_for(send(), WAIT))
    assert code == 1008 and reason


def test_other_hosts_and_sites_are_refused(server: Serving) -> None:
    assert server.ask("/numbers", Host="evil.example")[0] == 421
    assert server.ask("/numbers", Host=f"localhost:{server.port}")[0] == 200
    assert server.ask("/read", "POST", b"x", Origin="https://evil.example")[0] == 403
    assert server.ask("/watch/0", Origin="http://127.0.0.1:1", Upgrade="websocket")[0] == 403
    assert server.ask("/read", "POST", b"x", Origin=server.address)[0] == 422


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/static/../server.py",
        "/watch/99",
        "//etc/passwd",
        "/page.js/..",
    ],
)
def test_paths_from_outside_reach_nothing(server: Serving, path: str) -> None:
    status, headers, body = server.ask(path)
    assert status == 404 and b"root:" not in body
    assert headers["x-content-type-options"] == "nosniff" and "default-src 'none'" in headers["content-security-policy"]


def test_a_hundred_megabytes_are_refused_at_once_and_reading_goes_on(server: Serving) -> None:
    connection = server.connect()
    connection.putrequest("POST", "/read")
    connection.putheader("Content-Length", str(100 * 2**20))
    connection.endheaders()
    connection.send(b"x" * 2**16)
    answer = connection.getresponse()
    assert answer.status == 413 and b"32 MB" in answer.read()
    connection.close()
    assert server.ask("/read", "POST", b"no picture")[0] == 422
    assert server.ask("/read", "POST", b"")[0] == 400


def test_of_many_requests_some_are_refused_and_reading_goes_on(server: Serving) -> None:
    before = server.json("/numbers")[0]["frame"]
    answers = [server.ask("/healthz")[0] for _ in range(150)]
    assert set(answers) == {200, 429} and answers.count(200) < 140
    time.sleep(1)
    after = server.json("/numbers")[0]
    assert after["frame"] > before or server.json("/sources")["sources"][0]["trouble"].endswith("has ended")


def test_from_outside_a_token_is_asked_for(public: Serving) -> None:
    status, headers, body = public.ask("/")
    assert status == 401 and b"Token" in body and "set-cookie" not in headers
    assert public.ask("/?token=wrong")[0] == 401
    for path in ("/numbers", "/camera", "/page.js"):
        assert public.ask(path)[0] == 401
        assert public.ask(path, Cookie="livedigits_token=wrong", Authorization="Bearer wrong")[0] == 401
    assert public.ask("/healthz")[0] == 200
    status, headers, _ = public.ask(f"/?token={public.token}")
    assert status == 303 and headers["location"] == "/"
    cookie = headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=Strict"))
    assert public.ask("/", Cookie=cookie.partition(";")[0])[0] == 200
    assert public.ask("/numbers", Authorization=f"Bearer {public.token}")[0] == 200


def test_no_websocket_opens_without_the_token(public: Serving) -> None:
    async def connect() -> int:
        async with ClientSession() as session:
            try:
                await session.ws_connect(f"{public.address}/camera", ssl=False)
            except WSServerHandshakeError as error:
                return error.status
        return 101

    assert asyncio.run(connect()) == 401


@pytest.mark.skipif(os.name == "nt", reason="rights of files are those of POSIX")
def test_token_and_key_are_the_users_alone_and_are_kept(public: Serving, tmp_path: Path) -> None:
    for name in ("token", "key.pem", "certificate.pem"):
        assert (public.state / name).stat().st_mode & 0o077 == 0
    (tmp_path / "state").symlink_to(public.folder / "state")
    before = public.token, (public.state / "certificate.pem").read_bytes()
    with serving(folder=tmp_path, public=True) as again:
        assert (again.token, (again.state / "certificate.pem").read_bytes()) == before


def test_a_source_that_is_not_there_and_a_port_that_is_taken_end_with_a_line(server: Serving, tmp_path: Path) -> None:
    assert_one_error(run("serve-numbers", "none.mp4", folder=tmp_path), 3, "none.mp4")
    taken = run("serve-numbers", "--port", server.port, folder=tmp_path)
    assert taken.returncode == 1 and f"port {server.port}" in taken.stderr and "--port" in taken.stderr


def unpack(data: bytes) -> dict[str, object]:
    """Return what a message says."""
    (length,) = struct.unpack(">I", data[:4])
    return json.loads(data[4 : 4 + length])


def test_without_its_packages_it_says_what_to_install(tmp_path: Path) -> None:
    program = "import sys; sys.modules['segno'] = None; from realtime.commands.serve_numbers import main; main()"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert_one_error(done, 1, "segno is not installed: pip install 'livedigits[serve]'")


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="processes are looked at on Linux alone")
def test_what_learns_beside_the_page_steps_back_and_ends_with_it(tmp_path: Path, pen_mnist: Path) -> None:
    with serving("--learn", "--data", pen_mnist, folder=tmp_path) as server:
        pid = server.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        learning = [child for child in children if b"finetune_digits" in Path(f"/proc/{child}/cmdline").read_bytes()]
        assert len(learning) == 1
        low, own = (os.getpriority(os.PRIO_PROCESS, int(process)) for process in (*learning, str(pid)))
        assert low == min(own + 10, 19)
    assert not Path(f"/proc/{learning[0]}").exists()
