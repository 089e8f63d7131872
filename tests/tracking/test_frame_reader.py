"""The frame reader: what was read is followed, not read again, and shows what reading every frame shows."""

from time import perf_counter

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.reading.classifier import Classified
from realtime.reading.ensemble import Networks
from realtime.reading.page import Page
from realtime.reading.pipeline import read
from realtime.reading.stages import StageClock
from realtime.sources.frame import Frame
from realtime.tracking.frame_reader import READ_MOVING, READ_STILL, READ_UNSETTLED, FrameReader
from realtime.tracking.track import Track
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Tracker
from tests.conftest import InkRows, draw_sheet

SHEET = draw_sheet(["2468", "1357"], (1280, 720))
FPS = 25


def film(image: NDArray[np.uint8], seed: int, noise: float = 3.0) -> NDArray[np.uint8]:
    """See a picture through a camera with noise of so many grey levels."""
    grain = np.random.default_rng(seed).standard_normal(image.shape, np.float32) * noise
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def drift(image: NDArray[np.uint8], i: int) -> NDArray[np.uint8]:
    """Hold a sheet in a hand: it wanders and turns by some pixels a frame."""
    motion = cv2.getRotationMatrix2D((640, 360), 2 * np.sin(i / 9), 0.94 + 0.03 * np.sin(i / 14))
    motion[:, 2] += 20 * np.sin(i / 7), 20 * np.sin(i / 10)
    return cv2.warpAffine(image, motion, (1280, 720), borderMode=cv2.BORDER_REPLICATE)


def feed(
    reader: FrameReader,
    image: NDArray[np.uint8],
    time: float,
    networks: Networks,
    *settings: object,
    anew: bool = False,
) -> TrackedFrame:
    """Give a reader its next frame, at a time in s."""
    return reader.read(Frame(image, 0, time, "camera"), networks, *settings, anew=anew)


def texts(tracks: list[Track]) -> list[tuple[str, int]]:
    return sorted((track.text, track.row) for track in tracks)


def read_texts(image: NDArray[np.uint8], networks: Networks) -> list[tuple[str, int]]:
    return sorted((number.text, number.row) for number in read(image, networks).numbers)


def test_the_same_pixels_are_never_read_again(networks: Networks) -> None:
    reader = FrameReader(Tracker())
    for i in range(80):
        tracks = feed(reader, SHEET.copy(), i / FPS, networks).tracks
        assert texts(tracks) == [("1357", 1), ("2468", 0)]
    assert reader.followed == 79 and {track.state for track in tracks} == {"settled"}


def test_a_steady_sheet_under_noise_tells_what_reading_every_frame_tells(networks: Networks) -> None:
    frames = [film(SHEET, seed) for seed in range(40)]
    reader = FrameReader(Tracker())
    for i, frame in enumerate(frames):
        tracks = feed(reader, frame, i / FPS, networks).tracks
        assert texts(tracks) == read_texts(frame, networks)
    assert reader.followed > 40 - 40 / FPS / READ_STILL - 8, "read until settled, then hardly"


def test_a_sheet_that_moves_tells_what_reading_every_frame_tells(networks: Networks) -> None:
    frames = [film(drift(SHEET, i), i) for i in range(60)]
    reader = FrameReader(Tracker())
    for i, frame in enumerate(frames):
        tracks = feed(reader, frame, i / FPS, networks).tracks
        page = read(frame, networks)
        assert texts(tracks) == sorted((n.text, n.row) for n in page.numbers)
        for number in page.numbers:
            (track,) = [track for track in tracks if track.text == number.text]
            for digit, other in zip(track.digits, number.digits, strict=True):
                off = np.abs(np.subtract(digit.box, other.box)).max()
                assert off <= 0.2 * other.box[3], "boxes stand where the digits are"
    assert 0 < 60 - reader.followed <= 60 / FPS / READ_MOVING + 6


@pytest.mark.parametrize("moving", [False, True])
def test_numbers_forgotten_on_demand_are_found_in_the_next_frame(networks: Networks, moving: bool) -> None:
    tracker = Tracker()
    reader = FrameReader(tracker)
    for i in range(20):
        feed(reader, film(drift(SHEET, i * moving), i), i / FPS, networks)
    tracker.reset()
    tracks = feed(reader, film(drift(SHEET, 20 * moving), 20), 20 / FPS, networks).tracks
    assert texts(tracks) == [("1357", 1), ("2468", 0)] and min(track.id for track in tracks) > 2


def test_a_moving_scene_without_digits_is_not_read_frame_by_frame_and_shows_new_ones_soon(
    networks: Networks,
) -> None:
    thing = cv2.rectangle(np.full_like(SHEET, 200), (300, 200), (700, 600), (90, 90, 90), cv2.FILLED)
    reader = FrameReader(Tracker())
    for i in range(30):
        assert feed(reader, film(drift(thing, i), i), i / FPS, networks).tracks == []
    assert 15 <= reader.followed < 30
    for i in range(30, 30 + round(READ_UNSETTLED * FPS) + 1):
        shown = feed(reader, film(drift(SHEET, i), i), i / FPS, networks).tracks
    assert shown


@pytest.mark.parametrize("depth", [25, 120])
def test_what_is_written_onto_a_steady_sheet_is_read_at_once(networks: Networks, depth: int) -> None:
    reader = FrameReader(Tracker())
    for i in range(20):
        before = feed(reader, film(SHEET, i, 1.0), i / FPS, networks).page
    followed = reader.followed
    written = SHEET.copy()
    cv2.line(written, (1200, 600), (1200, 660), (int(SHEET[-1, -1, 0]) - depth,) * 3, 3, cv2.LINE_AA)
    after = feed(reader, film(written, 99, 1.0), 20 / FPS, networks).page
    assert reader.followed == followed and len(after.boxes) > len(before.boxes)


@pytest.mark.parametrize("change", ["wiped", "written over", "cut"])
def test_what_is_no_longer_there_is_read_at_once_on_a_sheet_that_moves(networks: Networks, change: str) -> None:
    reader = FrameReader(Tracker())
    for i in range(20):
        tracks = feed(reader, film(drift(SHEET, i), i), i / FPS, networks).tracks
    followed = reader.followed
    assert texts(tracks) == [("1357", 1), ("2468", 0)] and followed > 8
    other = draw_sheet(["908", "7"], (1280, 720)) if change == "cut" else SHEET.copy()
    if change != "cut":
        x, y, w, h = read(SHEET, networks).numbers[0].digits[1].box
        paper = other[-1, -1].tolist()
        cv2.rectangle(other, (x - 3, y - 3), (x + w + 3, y + h + 3), paper, cv2.FILLED)
        if change == "written over":
            cv2.circle(other, (x + w // 2, y + h // 2), h // 2 - 4, (30, 30, 30), 6, cv2.LINE_AA)
    page = feed(reader, film(drift(other, 20), 20), 20 / FPS, networks).page
    assert reader.followed == followed
    assert [n.text for n in page.numbers] == [n.text for n in read(drift(other, 20), networks).numbers]


def test_a_new_number_on_a_scene_that_moves_is_read_within_its_time(networks: Networks) -> None:
    reader = FrameReader(Tracker())
    more = draw_sheet(["2468", "1357", "90"], (1280, 720))
    first = SHEET if len(read(SHEET, networks).numbers) == 2 else pytest.fail("the sheet is not read")
    for i in range(40):
        image = first if i < 20 else more
        tracks = feed(reader, film(drift(image, i), i), i / FPS, networks).tracks
        if i >= 20 + READ_MOVING * FPS:
            assert "90" in {track.text for track in tracks}, i


def test_a_digit_that_leaves_the_frame_is_read_not_followed(networks: Networks) -> None:
    reader = FrameReader(Tracker())
    for i in range(60):
        away = np.array([[1, 0, 4.0 * i], [0, 1, 0]])
        for track in feed(reader, cv2.warpAffine(SHEET, away, (1280, 720)), i / FPS, networks).tracks:
            for x, y, w, h in (digit.box for digit in track.digits if track.fresh):
                assert 0 <= x < x + w <= 1280 and 0 <= y < y + h <= 720


def test_what_was_found_stands_where_it_is_in_the_frame_shown(networks: Networks) -> None:
    reader = FrameReader(Tracker())
    for i in range(14):
        image = drift(SHEET, i)
        tracked = feed(reader, image, i / FPS, networks)
    assert tracked.motion.moved, "the last one was followed"
    boxes, followed = (digits_of(page) for page in (read(image, networks), tracked.page))
    assert len(boxes) == len(followed) == 8
    assert np.abs(boxes[:, None] - followed).max(axis=2).min(axis=1).max() <= 0.08 * boxes[:, 3].max()


def digits_of(page: Page) -> NDArray[np.int32]:
    """Return the boxes (N, 4) of all that was found and read as a digit."""
    return page.boxes[[digit.blob for number in page.numbers for digit in number.digits]]


def test_other_settings_are_another_page(networks: Networks) -> None:
    reader = FrameReader(Tracker())

    def page(*settings: object, image: NDArray[np.uint8] = SHEET, anew: bool = False) -> Page:
        return feed(reader, image, 0.0, networks, *settings, anew=anew).page

    first = page()
    assert page() is first
    assert page(anew=True) is not first
    unlike = page(0.9)
    assert unlike is not first and page(0.9) is unlike
    assert page(0.9, "light") is not unlike
    assert page(0.9, "light", image=SHEET[:700]).size != first.size


def test_a_clock_that_is_passed_in_adds_up_the_stages_of_frames_read_and_followed(networks: Networks) -> None:
    reader, clock = FrameReader(Tracker()), StageClock()
    start = perf_counter()
    for i in range(4):
        reader.read(Frame(film(SHEET, i), i, i / FPS, "camera"), networks, clock=clock)
    assert {
        "flow",
        "finder",
        "crops",
        "network",
        "lines",
        "tracking",
    } <= clock.seconds.keys()
    assert min(clock.seconds.values()) > 0 and sum(clock.seconds.values()) < perf_counter() - start
    assert 0 < reader.followed < 4


def test_a_clock_that_runs_back_does_not_keep_frames_from_being_read(networks: Networks) -> None:
    reader = FrameReader(Tracker())
    for i in range(6):
        feed(reader, film(SHEET, i), 100 + i / FPS, networks)
    followed = reader.followed
    feed(reader, film(SHEET, 6), 0.0, networks)
    assert reader.followed == followed


def test_followed_frames_carry_the_lines_along(networks: Networks) -> None:
    sheet, reader = draw_sheet(["3.75", "268"], (1280, 720), seed=1), FrameReader(Tracker())
    for i in range(30):
        away = np.array([[1, 0, -3.0 * i], [0, 1, 2.0 * i]])
        image = cv2.warpAffine(sheet, away, (1280, 720), borderMode=cv2.BORDER_REPLICATE)
        tracked = feed(reader, image, i / FPS, networks)
        assert [line.text for line in tracked.page.lines] == ["3.75", "268"]
        for line, number in zip(tracked.to_dict()["lines"], read(image, networks).lines, strict=True):
            assert np.abs(np.subtract(line["box"], number.box)).max() <= 0.08 * number.box[3]
            assert line["box"][0] >= 0 and line["box"][0] + line["box"][2] <= 1280
    assert reader.followed > 10


class Wavering:
    """A network that calls everything a 1, then everything a 2, and so on by turns; the row network says the same."""

    classes = tuple("0123456789")

    def __init__(self, rows: InkRows) -> None:
        self.rows = rows

    def classify(self, batch: NDArray[np.uint8]) -> Classified:
        self.rows.text = "1" if self.rows.text == "2" else "2"
        return Classified(
            np.tile(np.eye(10, dtype=np.float32)[int(self.rows.text)], (len(batch), 1)),
            np.full(len(batch), ""),
            np.zeros(len(batch), bool),
            np.zeros((len(batch), 0), np.float32),
        )


def test_a_page_in_doubt_stands_for_no_more_than_the_next_two_frames(networks: Networks) -> None:
    reader, rows = FrameReader(Tracker()), InkRows("1")
    wavering = Networks(networks.finder, Wavering(rows), rows)
    for seed in range(20):
        feed(reader, film(SHEET, seed), seed / FPS, wavering)
    assert reader.followed <= 14
