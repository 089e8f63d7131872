"""The page in a real Chromium: it shows a clip, takes corrections, reads a camera, and comes back with the server."""

import re
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from realtime.reading.wanted import parse_region
from tests.conftest import CLIP, draw_flagged, draw_glyph, draw_sheet
from tests.serving.delay import FAKE, film_clip
from tests.serving.serving import WAIT, chromium, serving
from tests.streams import MjpegServer

playwright = pytest.importorskip("playwright.sync_api")
NUMBERS = {"0742", "518", "36", "90125", "47", "630981", "2504"}  # of the first seconds of the clip
NEXT_RIGHT = 0.3  # s from the tap to the next digit of that shape read right, on a quiet machine
TIMEOUT = 1000 * WAIT  # ms


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator["playwright.Browser"]:
    """A Chromium whose camera shows the beginning of the bundled clip, over and over; skipped where there is none."""
    film = tmp_path_factory.mktemp("film") / "film.mjpeg"
    film_clip(film, (960, 540), 80)
    with chromium(*FAKE, f"--use-file-for-fake-video-capture={film}") as opened:
        yield opened


@pytest.fixture
def page(browser: "playwright.Browser") -> Iterator["playwright.Page"]:
    """A new page that may use the camera; it must report no error."""
    context = browser.new_context(
        viewport={"width": 360, "height": 800}, permissions=["camera"], ignore_https_errors=True
    )
    context.set_default_timeout(TIMEOUT)
    opened, errors = context.new_page(), []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []


def labels_of(view: "playwright.Locator") -> set[str]:
    return {label.rstrip(".") for label in view.locator("svg text").all_text_contents()}


def wait_for_numbers(page: "playwright.Page", view: "playwright.Locator") -> None:
    """Wait until most numbers of the clip have settled."""
    view.locator(".history li").nth(4).wait_for(timeout=2 * TIMEOUT)  # the camera may be anywhere in its clip
    said = set(view.locator(".history b").all_inner_texts())
    assert len({text.rpartition(" ")[2] for text in said} & NUMBERS) >= 4


def test_the_numbers_of_a_clip_appear_and_a_digit_is_corrected_by_tap(page: "playwright.Page", tmp_path: Path) -> None:
    with serving(CLIP, folder=tmp_path) as server:
        page.goto(server.address)
        view = page.locator(".view")
        wait_for_numbers(page, view)
        assert page.title() == "livedigits" and "cpu" in page.locator("#engine").inner_text()
        view.locator(".pause").click()
        page.wait_for_timeout(500)  # a frame that was on its way is drawn anew
        assert view.locator("svg polyline").count() >= 5
        assert view.locator(".history img").first.evaluate("image => image.naturalWidth") > 10
        box = view.locator("svg rect.digit").first.bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.get_by_role("button", name="8", exact=True).click()
        page.get_by_text("kept as 8").wait_for()
        assert len(list((tmp_path / "kept" / "8").glob("*.png"))) == 1
        assert view.locator(".digit.corrected").count() == 1 and view.locator("svg .tick").count() == 2
        view.locator(".rows .digit").first.focus()
        page.keyboard.press("Enter")
        page.keyboard.press("x")
        page.get_by_text("kept as not-a-digit").wait_for()
        assert len(list((tmp_path / "kept" / "not-a-digit").glob("*.png"))) == 1
        view.get_by_role("button", name="Undo").click()
        page.get_by_text("took back 1").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def correct_once(page: "playwright.Page", tmp_path: Path) -> float:
    """Tap one of two flagged 1s, and return the seconds until the other is read right, the best of 3."""
    frame = draw_sheet(["05"], (640, 360))
    for left, seed in ((300, 1), (400, 2)):
        frame[120:240, left : left + 120] = np.minimum(frame[120:240, left : left + 120], draw_flagged(seed))
    with MjpegServer([frame], fps=20, marked=False) as camera, serving(camera.address, folder=tmp_path) as server:
        page.goto(server.address)
        rows = page.locator(".view .rows .number")

        def wait_for(text: str) -> None:
            rows.and_(page.get_by_label(text, exact=True)).first.wait_for()

        seconds = []
        for _ in range(3):
            wait_for("0577")
            page.locator(".view .rows .digit").nth(2).click()
            began = time.monotonic()
            page.get_by_role("button", name="1", exact=True).click()
            wait_for("0511")
            seconds.append(time.monotonic() - began)
            page.get_by_role("button", name="Undo").click()
    return min(seconds)


def test_one_tap_reads_the_next_digit_of_its_shape(page: "playwright.Page", tmp_path: Path) -> None:
    assert correct_once(page, tmp_path) <= 10 * NEXT_RIGHT  # however busy the machine is


@pytest.mark.soak
def test_from_tap_to_the_next_read_right(page: "playwright.Page", tmp_path: Path) -> None:
    assert correct_once(page, tmp_path) <= NEXT_RIGHT


def test_a_phone_reads_with_its_own_camera_behind_a_token(page: "playwright.Page", tmp_path: Path) -> None:
    with serving(folder=tmp_path, public=True) as server:
        page.goto(server.address)
        page.get_by_label("Token").fill(server.token)
        page.get_by_role("button", name="Open").click()
        page.get_by_role("button", name="Use this camera").click()
        view = page.locator(".view")
        wait_for_numbers(page, view)
        assert page.url == f"{server.address}/" and labels_of(view) & NUMBERS
        view.get_by_role("button", name="Steps").click()
        for _ in range(100):  # the maps, over the frame
            if view.locator("canvas").evaluate("canvas => canvas.width") == 960:
                break
            page.wait_for_timeout(100)
        else:
            pytest.fail("no maps are shown")
        view.get_by_role("button", name="Steps").click()
        frames = server.json("/numbers", Authorization=f"Bearer {server.token}")
        assert frames[0]["source"] == "camera of a page 1" and frames[0]["numbers"]
        view.get_by_role("button", name="Stop").click()
        assert page.locator(".view").count() == 0


def test_the_steps_show_the_maps_and_say_why_something_is_refused(page: "playwright.Page", tmp_path: Path) -> None:
    frame = draw_sheet(["05"], (640, 360))
    frame[120:240, 440:560] = np.minimum(frame[120:240, 440:560], draw_glyph(37))  # found, and no digit
    with MjpegServer([frame], fps=10, marked=False) as camera, serving(camera.address, folder=tmp_path) as server:
        page.goto(server.address)
        view = page.locator(".view")
        view.locator(".rows .number").and_(page.get_by_label("05", exact=True)).first.wait_for()
        bright = "canvas => canvas.getContext('2d').getImageData(0, 0, 200, 100).data.reduce((a, b) => a + b) / 80000"
        before = view.locator("canvas").evaluate(bright)
        view.get_by_role("button", name="Steps").click()
        refused = view.locator("svg .refused").first
        for _ in range(20):
            refused.wait_for(state="attached")
            view.locator(".pause").click()
            if box := refused.bounding_box(timeout=1000) if refused.count() else None:
                break
            view.locator(".pause").click()  # a frame that was followed says of no blob why it is none
        assert view.locator("canvas").evaluate(bright) < before - 20  # darkened, so that the maps are seen
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        view.locator(".said").filter(has_text="Refused: ").wait_for()


def test_one_camera_too_many_is_told_why(browser: "playwright.Browser", tmp_path: Path) -> None:
    with serving(folder=tmp_path) as server:
        context = browser.new_context(permissions=["camera"])
        context.set_default_timeout(TIMEOUT)
        for _ in range(5):
            page = context.new_page()
            page.goto(server.address)
            page.get_by_role("button", name="Use this camera").click()
            page.locator(".state").filter(has_text=re.compile("behind|read at a time")).wait_for()
        assert "4 cameras are read at a time" in page.locator(".state").inner_text()
        context.close()


def test_a_picture_is_read_on_the_page(page: "playwright.Page", tmp_path: Path) -> None:
    with serving(folder=tmp_path) as server:
        page.goto(server.address)
        page.locator("#picture").set_input_files(CLIP.parent / "sheet.jpg")
        page.get_by_text("5 numbers").wait_for()
        assert page.locator(".number").evaluate_all("all => all.map(one => one.ariaLabel)")[0] == "12012"
        page.locator("#picture").set_input_files(__file__)
        page.get_by_text("was not read").wait_for()


def test_the_page_comes_back_when_the_server_does(page: "playwright.Page", tmp_path: Path) -> None:
    with serving(CLIP, folder=tmp_path) as server:
        page.goto(server.address)
        page.locator(".rows .digit").first.wait_for()
    page.get_by_text("The server is away").wait_for()
    with serving(CLIP, folder=tmp_path, port=server.port):
        page.get_by_text("frames a second").wait_for()
        wait_for_numbers(page, page.locator(".view"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(browser: "playwright.Browser", scheme: str, tmp_path: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with serving(CLIP, folder=tmp_path) as server:
        page = browser.new_page(color_scheme=scheme, viewport={"width": 360, "height": 800})
        page.set_default_timeout(TIMEOUT)
        page.goto(server.address)
        wait_for_numbers(page, page.locator(".view"))
        found = [axe.run(page)]
        page.locator(".rows .digit").first.click()
        page.get_by_role("dialog").wait_for()
        found.append(axe.run(page))
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Draw region").focus()
        page.keyboard.press("Enter")
        page.get_by_role("dialog", name="Read only here").wait_for()
        found.append(axe.run(page))
        page.close()
    faults = [fault for result in found for fault in result.response["violations"]]
    assert [
        (fault["id"], fault["nodes"][0]["html"]) for fault in faults if fault["impact"] in ("serious", "critical")
    ] == []


def test_a_region_is_drawn_on_the_page_and_kept_as_a_profile(page: "playwright.Page", tmp_path: Path) -> None:
    with serving(CLIP, "--expect", "d{2,6}", folder=tmp_path) as server:
        page.goto(server.address)
        view = page.locator(".view")
        wait_for_numbers(page, view)
        view.get_by_role("button", name="Draw region").click()
        stage = view.locator(".stage").bounding_box()
        page.mouse.move(stage["x"] + 2, stage["y"] + 2)
        page.mouse.down()
        page.mouse.move(stage["x"] + 0.5 * stage["width"], stage["y"] + 0.3 * stage["height"])
        page.mouse.move(stage["x"] + stage["width"] - 2, stage["y"] + 0.5 * stage["height"])
        page.mouse.up()
        page.get_by_label("Name").fill("upper half")
        page.get_by_role("button", name="Read there").click()
        assert page.get_by_role("dialog").is_visible()  # a name has no blank
        page.get_by_label("Name").fill("upper")
        page.get_by_role("button", name="Read there").click()
        view.locator(".regions button").filter(has_text="upper").wait_for()
        view.locator(".history b").filter(has_text="upper: ").first.wait_for()
        frame = server.json("/numbers")[0]
        assert frame["numbers"] and {number["region"] for number in frame["numbers"]} == {"upper"}
        view.get_by_role("button", name="Save profile").click()
        page.get_by_text("kept livedigits.toml").wait_for()
        view.get_by_role("button", name="Read upper no longer").click()
        page.get_by_text("the whole frame is read").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    told = tomllib.loads((tmp_path / "livedigits.toml").read_text())
    assert (told["sources"], told["expect"]) == ([str(CLIP)], ["d{2,6}"])
    region = parse_region(told["region"][0])
    assert region.name == "upper" and region.box(1280, 720)[3] == pytest.approx(356, abs=8)
    with serving("--profile", "livedigits.toml", folder=tmp_path) as server:
        page.goto(server.address)
        page.locator(".regions button").filter(has_text="upper").wait_for()


def test_a_region_is_placed_without_a_mouse(page: "playwright.Page", tmp_path: Path) -> None:
    with serving(CLIP, folder=tmp_path) as server:
        page.goto(server.address)
        page.locator(".rows .digit").first.wait_for()
        page.get_by_role("button", name="Draw region").focus()
        page.keyboard.press("Enter")
        page.keyboard.type("half")
        page.get_by_label("Height").fill("40")
        page.keyboard.press("Enter")
        page.get_by_text("--region half=10%,10%,80%,40%").wait_for()
