"""Fixed shapes, as a GPU is given them, run on the CPU: the same is read, and no session ever sees a second shape."""

import cv2
import numpy as np
import pytest

from realtime.reading import classifier, finder, row_reader
from realtime.reading.ensemble import Networks
from realtime.reading.fixed_shapes import MOST_SESSIONS, Feed, Shape, fill
from realtime.reading.looks import looks
from realtime.reading.page import Page
from realtime.reading.pipeline import read
from realtime.reading.strips import HEIGHT
from tests.conftest import CLIP, draw_sheet
from tests.fixed import WatchedShapes, fixed

SHEETS = [
    draw_sheet(["2468", "1357 90"], (800, 600)),
    draw_sheet(["12", "345", "6789"], (1280, 720), dark=False),
    draw_sheet(["31415926"] * 12, (1500, 1100)),
    draw_sheet(["7"], (160, 120)),
]


@pytest.fixture(scope="module")
def on_gpu(networks: Networks) -> tuple[Networks, dict[str, WatchedShapes]]:
    return fixed(networks)


@pytest.mark.parametrize(
    ("feed", "shape", "becomes"),
    [
        (classifier.FEED, (0, 1, 28, 28), (128, 1, 28, 28)),
        (classifier.FEED, (128, 1, 28, 28), (128, 1, 28, 28)),
        (classifier.FEED, (500, 1, 28, 28), (128, 1, 28, 28)),
        (finder.FEED, (1, 416, 672, 3), (1, 416, 672, 3)),
        (finder.FEED, (1, 672, 384, 3), (1, 672, 416, 3)),
        (finder.FEED, (1, 1120, 1888, 3), (1, 1120, 1952, 3)),
        (finder.FEED, (1, 1632, 1024, 3), (1, 1952, 1120, 3)),
        (finder.FEED, (1, 160, 6016, 3), (1, 512, 6144, 3)),
        (row_reader.FEED, (3, 1, 32, 144), (16, 1, 32, 256)),
        (row_reader.FEED, (16, 1, 32, 1040), (16, 1, 32, 2048)),
    ],
)
def test_an_array_is_filled_up_to_the_next_shape(feed: Feed, shape: Shape, becomes: Shape) -> None:
    assert feed.fixed(shape) == becomes and feed.fixed(becomes) == becomes


@pytest.mark.parametrize("feed", [classifier.FEED, finder.FEED, row_reader.FEED], ids=lambda feed: feed.name)
def test_a_fixed_shape_is_filled_up_to_itself(feed: Feed) -> None:
    assert [feed.fixed(shape) for shape in feed.shapes] == list(feed.shapes) and {*feed.ready} <= {*feed.shapes}


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (640, 480), (1280, 960), (1080, 1920), (900, 900)])
def test_whole_frames_of_cameras_are_looked_at_as_on_a_cpu(networks: Networks, size: tuple[int, int]) -> None:
    width, height = size
    for taken in looks(np.full((height, width, 3), 200, np.uint8), networks.finder)[:2]:
        look = (1, 2 * taken.maps.shape[1], 2 * taken.maps.shape[2], 3)
        assert finder.FEED.fixed(look) == look


def test_paper_lies_around_what_is_filled_up() -> None:
    filled = fill(np.full((1, 2, 2, 3), 9, np.uint8), (1, 4, 3, 3), np.array([1, 2, 3], np.uint8))
    assert (filled[0, :2, :2] == 9).all()
    assert (filled[0, 2:] == [1, 2, 3]).all() and (filled[0, :, 2] == [1, 2, 3]).all()


@pytest.mark.parametrize("count", [0, 1, 26, 128, 129, 300])
def test_crops_are_classified_alike(
    networks: Networks, on_gpu: tuple[Networks, dict[str, WatchedShapes]], count: int
) -> None:
    batch = np.random.default_rng(count).integers(0, 256, (count, 1, 28, 28), np.uint8)
    assert np.allclose(on_gpu[0].classifier(batch), networks.classifier(batch), atol=1e-5)


def test_lines_are_read_alike(networks: Networks, on_gpu: tuple[Networks, dict[str, WatchedShapes]]) -> None:
    rng = np.random.default_rng(0)
    lines = [rng.integers(0, 256, (HEIGHT, width), np.uint8) for width in (*range(200, 1300, 61), 230, 230)]
    for line in lines:
        line[:, -160:] = 0  # the network looks up to 120 columns far, and paper behind the end counts to it
    pairs = zip(networks.rows.probabilities(lines), on_gpu[0].rows.probabilities(lines), strict=True)
    for steps, filled in pairs:
        assert steps.shape == filled.shape and np.allclose(steps[:-60], filled[:-60], atol=1e-4)
    assert networks.rows.probabilities([]) == on_gpu[0].rows.probabilities([]) == []


def test_the_finder_gives_as_many_pixels_as_it_was_given(
    networks: Networks, on_gpu: tuple[Networks, dict[str, WatchedShapes]]
) -> None:
    for height, width in ((416, 672), (32, 96), (448, 640)):
        picture = np.ascontiguousarray(SHEETS[0][:height, :width])[None]
        for given, filled in zip(networks.finder.run(picture), on_gpu[0].finder.run(picture), strict=True):
            assert given.shape == filled.shape
            if (height, width) == (416, 672):
                assert (given == filled).all()


def assert_alike(page: Page, other: Page) -> None:
    assert page.rows == other.rows and [line.text for line in page.lines] == [line.text for line in other.lines]
    for number, again in zip(page.numbers, other.numbers, strict=True):
        assert np.abs(np.array(number.box) - again.box).max() <= 4
        assert abs(number.confidence - again.confidence) < 0.05


@pytest.mark.parametrize("place", range(len(SHEETS)))
def test_pictures_are_read_alike(
    networks: Networks, on_gpu: tuple[Networks, dict[str, WatchedShapes]], place: int
) -> None:
    assert_alike(read(SHEETS[place], networks), read(SHEETS[place], on_gpu[0]))


def test_no_session_sees_a_second_shape_and_a_clip_asks_for_no_more_of_them(
    networks: Networks, on_gpu: tuple[Networks, dict[str, WatchedShapes]]
) -> None:
    reading, watched = on_gpu
    clip = cv2.VideoCapture(str(CLIP))
    frames = [clip.read()[1] for _ in range(40)][::8]
    read(frames[0], reading)
    ready = {name: len(network.sessions) for name, network in watched.items()}
    for frame in frames:
        assert_alike(read(frame, networks), read(frame, reading))
    assert {name: len(network.sessions) for name, network in watched.items()} == ready
    for network in watched.values():
        assert all(len(set(session.given)) == 1 for session in network.sessions)


def test_odd_pictures_without_end_keep_few_sessions(networks: Networks) -> None:
    feed = Feed("images", (), (1, 32, 32, 3), ((1, 32, 32, 3), (1, 64, 64, 3)))
    network = WatchedShapes(networks.finder.path, feed)
    started = network.shapes
    assert started == set(feed.ready)
    for width in range(2, MOST_SESSIONS + 4):
        network(np.zeros((1, 32, 32 * width, 3), np.uint8))
    assert len(network.shapes) == MOST_SESSIONS and not started & network.shapes
    assert all(len(set(session.given)) == 1 for session in network.sessions)
