"""A meter from its camera to those who need its value: a region drawn on the page, a jump, a broker that dies."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import draw_sheet
from tests.outputs.publishing.servers import MOSQUITTO, Broker, Listener, WebServer, wait_for
from tests.serving.serving import chromium, serving
from tests.streams import MjpegServer

SECONDS = 60.0  # for each step, on a machine that has other things to do
WORDS = ["--expect", "ddd.dd", "--rises", "--at-most-per", "MINUTE=1"]


def meter(text: str) -> NDArray[np.uint8]:
    """Draw a meter over a number that is none of our business."""
    return np.concatenate([draw_sheet([text], (640, 300)), draw_sheet(["9081"], (640, 300), seed=1)])


def glance(camera: MjpegServer) -> bool:
    """Let the camera see a moment more, too short for four readings, which would confirm a jump; always true."""
    camera.stalled.clear()
    time.sleep(0.4)
    camera.stalled.set()
    time.sleep(0.6)
    return True


@pytest.mark.skipif(MOSQUITTO is None, reason="needs a broker: apt-get install mosquitto")
@pytest.mark.parametrize("away", [2.0, pytest.param(30.0, marks=pytest.mark.soak)])
def test_a_meter_reaches_those_who_need_its_value(tmp_path: Path, away: float) -> None:
    frames = [draw_sheet([" "], (640, 600))]  # the meter is not yet in sight
    broker = Broker(tmp_path)
    broker.start()
    with MjpegServer(frames, fps=8) as camera, WebServer() as server, Listener(broker.port) as listener:
        words = [
            camera.address,
            *WORDS,
            "--webhook",
            server.address,
            "--mqtt",
            f"mqtt://127.0.0.1:{broker.port}/cellar",
        ]

        def posted(kind: str, text: str) -> bool:
            told = [json.loads(body) for _, body in list(server.posts)]
            return any((event["event"], event["text"]) == (kind, text) for event in told)

        def states() -> list[str]:
            return [json.loads(state)["text"] for state in listener.texts("cellar/meter")]

        with chromium() as browser, serving(*words, folder=tmp_path) as running:
            page = browser.new_page(viewport={"width": 360, "height": 800})
            page.goto(running.address)
            page.get_by_text("frames a second").wait_for()
            page.get_by_role("button", name="Draw region").click()
            box = page.locator(".stage").bounding_box()
            page.mouse.move(box["x"] + 1, box["y"] + 1)
            page.mouse.down()
            page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] / 2)
            page.mouse.up()
            page.get_by_label("Name").fill("meter")
            page.get_by_role("button", name="Read there").click()
            page.get_by_role("button", name="Read meter no longer").wait_for()

            frames[0] = meter("123.45")
            wait_for(lambda: states() == ["123.45"] and posted("settled", "123.45"), SECONDS)
            assert listener.texts("homeassistant/sensor/cellar/meter/config")
            wait_for(lambda: page.locator(".rows li").inner_text().split() == ["meter:", *"123.45"], SECONDS)
            frames[0] = meter("913.45")
            wait_for(lambda: glance(camera) and posted("held", "913.45"), SECONDS)
            frames[0] = meter("123.46")
            camera.stalled.clear()
            page.get_by_text("913.45, held: too far from 123.45").wait_for()
            wait_for(lambda: states() == ["123.45", "123.46"], SECONDS)

            broker.stop()
            frames[0] = meter("123.47")
            wait_for(lambda: posted("changed", "123.47"), SECONDS)
            time.sleep(away)
            frames[0] = meter("123.48")
            wait_for(lambda: posted("changed", "123.48"), SECONDS)
            broker.start()
            wait_for(lambda: states() == ["123.45", "123.46", "123.47", "123.48"], SECONDS)
        broker.stop()
        published = [json.loads(text) for text in listener.texts("cellar/event")]
        keys = [event["key"] for event in published]
        assert keys == [json.loads(body)["key"] for _, body in server.posts] and len(set(keys)) == len(keys)
    assert {event["region"] for event in published} == {"meter"}
