"""Lines of drawn pages as strips: what is cut and what it is said to say."""

from pathlib import Path

import numpy as np
import pytest

from realtime.reading.finder import Finder
from realtime.reading.found import locate
from realtime.reading.model_files import finder_model
from realtime.reading.strips import HEIGHT
from training.scene_crops import label
from training.scenes import layouts, page_strips
from training.scenes.draw import Source, draw
from training.scenes.page import Page
from training.scenes.truth import numbers
from training.scenes.wording import LABELS


@pytest.fixture(scope="module")
def source(data: Path) -> Source:
    """The sources that are held out, fewer than those for training."""
    return Source.of(data, validation=True)


def test_lines_say_what_was_written(source: Source) -> None:
    rng = np.random.default_rng(3)
    scene = draw(source, rng, 480, layouts.sums, trouble=0.0)
    told = {text for _, text in page_strips.lines_of(scene, rng)}
    written = {text.text.strip().replace("*", "~") for text in scene.texts}
    assert told & written
    assert all(text and set(text) <= set(LABELS) for text in told)


@pytest.mark.parametrize(("apart", "told"), [(0.5, {"12", "34"}), (2.0, {"1 2", "3 4"})])
def test_digits_far_apart_are_numbers_of_their_own(source: Source, apart: float, told: set[str]) -> None:
    def spaced(page: Page) -> None:
        height = 60.0
        for k, pair in enumerate(("12", "34")):
            first = len(page.canvas.texts)
            for i, digit in enumerate(pair):
                page.text(digit, 100 + i * (0.6 + apart) * height, 150 + 180 * k, height)
            if apart < layouts.ONE:
                page.canvas.join(first)

    scene = draw(source, np.random.default_rng(5), 480, spaced, trouble=0.0)
    assert {text for _, text in page_strips.lines_of(scene, np.random.default_rng(6))} == told


def test_strips_are_as_reading_cuts_them(source: Source) -> None:
    lines = page_strips.lines(source, np.random.default_rng(4), 2)
    for pixels, text in (next(lines) for _ in range(12)):
        assert pixels.dtype == np.uint8 and pixels.shape[0] == HEIGHT and pixels.shape[1] <= page_strips.LONGEST
        assert not text or any(sign.isdigit() for sign in text) or "~" in text


def test_rooms_say_nothing(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_strips, "ROOMS", 1.0)
    lines = page_strips.lines(source, np.random.default_rng(4), 2)
    told = [next(lines) for _ in range(12)]
    assert {text for _, text in told} == {""} and all(pixels.shape[0] == HEIGHT for pixels, _ in told)
    assert len({pixels.tobytes() for pixels, _ in told}) == 12


def test_numbers_are_told_with_their_boxes(source: Source) -> None:
    scene = draw(source, np.random.default_rng(8), 480, layouts.table, trouble=0.0)
    told = numbers(scene)
    assert told and sum(number.known for number in told) > 2
    for number in told:
        x, y, w, h = number.box
        assert number.text.strip("-").replace(".", "").replace(",", "").isdigit() and w > 0 and h > 0
        assert -h < y < 480 and -w < x < 480


def test_crops_are_labelled_by_what_stands_there(source: Source) -> None:
    scene = draw(source, np.random.default_rng(8), 480, layouts.rows, trouble=0.0)
    told = label(locate(scene.image, Finder(finder_model(), "cpu")), scene)
    assert sum(text.isdigit() for text in told) >= 3
