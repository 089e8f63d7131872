"""A scene that stands still is not read again, and tells what reading every frame of it tells."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.classifier import Classifier
from realtime.reading import Page, read
from realtime.steady import AGREED, REPEATED, SteadyReader
from tests.conftest import draw_sheet

SHEET = draw_sheet(["2468", "1357"], (1280, 720))


def seen(image: NDArray[np.uint8], seed: int, noise: float = 3.0) -> NDArray[np.uint8]:
    """See a picture through a camera with noise of so many grey levels."""
    grain = np.random.default_rng(seed).standard_normal(image.shape, np.float32) * noise
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def told(page: Page) -> list[tuple[str, int]]:
    return [(reading.text, reading.row) for reading in page.readings]


def test_the_same_pixels_get_the_same_page(classifier: Classifier) -> None:
    reader = SteadyReader()
    page = reader.read(SHEET, classifier)
    assert all(reader.read(SHEET.copy(), classifier) is page for _ in range(REPEATED + 5))
    assert reader.repeated == REPEATED + 5 and told(page) == told(read(SHEET, classifier))


def test_a_steady_sheet_under_noise_tells_what_reading_every_frame_tells(classifier: Classifier) -> None:
    reader = SteadyReader()
    frames = [seen(SHEET, seed) for seed in range(AGREED + 2 + REPEATED)]
    pages = [reader.read(frame, classifier) for frame in frames]
    assert [told(page) for page in pages] == [told(read(frame, classifier)) for frame in frames]
    assert reader.repeated == REPEATED, "all but the first ones, which must agree, and one after them"
    assert len({id(page) for page in pages}) == AGREED + 2


@pytest.mark.parametrize("depth", [25, 120])
def test_what_is_written_onto_a_steady_sheet_is_read_at_once(classifier: Classifier, depth: int) -> None:
    reader = SteadyReader()
    before = [reader.read(seen(SHEET, seed, 1.0), classifier) for seed in range(AGREED + 3)][-1]
    ground = int(SHEET[-1, -1, 0])
    written = SHEET.copy()
    cv2.line(written, (1200, 600), (1200, 660), (ground - depth,) * 3, 3, cv2.LINE_AA)
    after = reader.read(seen(written, 99, 1.0), classifier)
    assert reader.repeated == 2 and after is not before and len(after.boxes) > len(before.boxes)


def test_a_sheet_that_creeps_is_read_again_before_it_is_two_pixels_away(classifier: Classifier) -> None:
    reader, pages = SteadyReader(), []
    for step in range(AGREED + 10):
        shift = np.array([[1, 0, 0.25 * max(0, step - AGREED)], [0, 1, 0]], np.float32)
        pages.append(
            reader.read(cv2.warpAffine(SHEET, shift, (1280, 720), borderMode=cv2.BORDER_REPLICATE), classifier)
        )
        assert abs(pages[-1].readings[0].box[0] - pages[0].readings[0].box[0] - shift[0, 2]) <= 3


def test_other_settings_are_another_page(classifier: Classifier) -> None:
    reader = SteadyReader()
    page = reader.read(SHEET, classifier)
    assert reader.read(SHEET, classifier, 0.9) is not page
    page = reader.read(SHEET, classifier, 0.9)
    assert reader.read(SHEET, classifier, 0.9, "light") is not page
    assert reader.read(SHEET[:700], classifier, 0.9, "light") is not page


class Wavering:
    """A network that calls everything a 1, then everything a 2, and so on by turns."""

    classes = tuple("0123456789")

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.calls += 1
        return np.tile(np.eye(10, dtype=np.float32)[1 + self.calls % 2], (len(batch), 1))


def test_a_page_in_doubt_stands_for_no_other_frame() -> None:
    reader, wavering = SteadyReader(), Wavering()
    for seed in range(AGREED + 5):
        reader.read(seen(SHEET, seed), wavering)
    assert reader.repeated == 0
