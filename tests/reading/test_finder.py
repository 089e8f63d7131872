"""Finding digits by the finder's maps: at any size, in any picture, each once; and refusing files that are none."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.reading.choosing import choose, ringed, specks
from realtime.reading.classifier import Classifier
from realtime.reading.digit_ink import belongs, boxes_of, patch
from realtime.reading.ensemble import Networks
from realtime.reading.finder import STRIDE, Finder
from realtime.reading.found import ACCEPTED, find
from realtime.reading.looks import MOST, Look, looks, take
from realtime.reading.model_files import sha256
from realtime.reading.runtime import ModelRefusedError
from tests.conftest import draw_sheet


class SeesDark:
    """Stands in for a finder: what is dark is a digit's ink, what is red its core, at any size down to 8 pixels."""

    threshold = 0.5
    odds = (1.0, 0.0, 0.0)
    shares = (1.0, 0.0)

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []

    def run(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return maps and classes as a finder does."""
        height, width = images.shape[1:3]
        self.sizes.append((height, width))
        half = cv2.resize(images[0], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        core = ((half[..., 2] > 150) & (half[..., 1] < 90)).astype(np.uint8) * 255
        ink = (half[..., 1] < 128).astype(np.uint8) * 255
        classes = np.full((1, 10, height // 4, width // 4), 25, np.uint8)
        return np.stack([core, ink, np.zeros_like(ink)])[None], classes


def page(size: tuple[int, int], digits: list[tuple[int, int, int]]) -> NDArray[np.uint8]:
    """Return a white page (H, W, 3) with black blocks, x, y, height, a red one of half the size in each."""
    image = np.full((size[1], size[0], 3), 255, np.uint8)
    for x, y, height in digits:
        width = height * 6 // 10
        image[y : y + height, x : x + width] = 0
        image[y + height // 4 : y + height * 3 // 4, x + width // 4 : x + width * 3 // 4] = (0, 0, 255)
    return image


@pytest.mark.parametrize(
    ("size", "digits"),
    [
        ((640, 480), [(100, 100, 40), (140, 100, 40)]),
        ((90, 60), [(20, 10, 36)]),
        ((300, 2000), [(60, 900, 60)]),
        ((4000, 3000), [(2000, 1500, 40), (2060, 1500, 40)]),
        ((4000, 3000), [(800, 200, 2400)]),
        ((1280, 720), [(100, 100, 400), (900, 300, 20), (940, 300, 20)]),
    ],
)
def test_each_digit_is_found_once_at_its_place(
    size: tuple[int, int], digits: list[tuple[int, int, int]], classifier: Classifier
) -> None:
    finder = SeesDark()
    found = find(page(size, digits), cast(Finder, finder), classifier)
    assert len(found.boxes) == len(digits)
    order = np.argsort(found.boxes[:, 0])
    for box, (x, y, height) in zip(found.boxes[order].tolist(), sorted(digits), strict=True):
        assert np.abs(np.array(box) - (x, y, height * 6 // 10, height)).max() <= max(4, height // 8)
    assert found.crops.shape == (len(digits), 1, 28, 28) and (found.crops.max(axis=(1, 2, 3)) > 200).all()
    assert all(h % STRIDE == 0 and w % STRIDE == 0 and h * w < 4_000_000 for h, w in finder.sizes)
    assert len(finder.sizes) <= 4


def test_a_blank_page_gives_empty_arrays(classifier: Classifier) -> None:
    found = find(page((800, 600), []), cast(Finder, SeesDark()), classifier)
    assert found.boxes.shape == (0, 4) and found.digits.shape == (0, 10) and found.junk.shape == (0,)


def test_a_digit_seen_at_two_scales_is_chosen_once() -> None:
    taken = looks(page((1280, 720), [(300, 100, 120)]), cast(Finder, SeesDark()))
    assert len(taken) > 1 and all(len(look.boxes) == 1 for look in taken)
    assert sum(len(chosen) for chosen in choose(taken, [owned(look) for look in taken], 0.5)) == 1


def owned(look: Look) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    owner = belongs(look)
    return owner, boxes_of(owner, look)


def seven(core: tuple[int, int, int, int], apart: bool = False) -> Look:
    """Return a look at a large 7, or at a small bar within its corner, that has its core in a box."""
    ink = np.zeros((120, 100), np.uint8)
    ink[10:16, 10:90] = 255
    ink[10:110, 84:90] = 255
    if apart:
        ink[:] = 0
        ink[40:60, 40:46] = 255
    return look_at(ink, [core])


def test_a_piece_of_a_digit_that_another_look_sees_whole_is_no_digit() -> None:
    whole, piece = seven((60, 40, 24, 24)), seven((80, 14, 10, 16))
    assert [len(chosen) for chosen in choose([whole, piece], [owned(whole), owned(piece)], 0.5)] == [1, 0]
    inner = seven((38, 42, 10, 16), apart=True)
    assert [len(chosen) for chosen in choose([whole, inner], [owned(whole), owned(inner)], 0.5)] == [1, 1]


@pytest.mark.parametrize(("height", "score", "chosen"), [(8, 0.9, [0, 2]), (8, 0.4, [1, 0]), (16, 0.9, [1, 0])])
def test_what_a_finer_look_sees_as_two_is_two_where_both_suit_it(height: int, score: float, chosen: list[int]) -> None:
    ink = np.zeros((200, 100), np.uint8)
    ink[20 : 20 + 4 * height, 30:40] = 255
    upper, lower = (30, 20 + height // 2, 10, height), (30, 20 + 5 * height // 2, 10, height)
    fine = replace(look_at(ink, [upper, lower]), scores=np.full(2, score, np.float32))
    coarse = look_at(ink[::2, ::2], [(15, 10 + height // 4, 5, 3 * height // 2)])
    coarse = replace(coarse, scale=0.5, scores=np.full(1, 0.95, np.float32))
    assert [len(some) for some in choose([coarse, fine], [owned(coarse), owned(fine)], 0.6)] == chosen


@pytest.mark.parametrize(("thorough", "finest"), [(False, 2.0), (True, 2.5)])
def test_tiny_digits_are_enlarged(thorough: bool, finest: float) -> None:
    places = [(40 + 30 * k, 40 + 40 * (k % 9), 12) for k in range(18)]
    finder = SeesDark()
    taken = looks(page((640, 480), places), cast(Finder, finder), thorough)
    assert taken[-1].scale == pytest.approx(finest, rel=0.02)
    assert len(taken[-1].boxes) == len(places)


def test_a_large_look_is_taken_in_tiles_and_shows_what_one_would(networks: Networks) -> None:
    finder = networks.finder
    sheet = draw_sheet(["0123456789" * 3] * 12, (2080, 1472))
    assert sheet.shape[0] * sheet.shape[1] > MOST
    taken = take(sheet, finder, 1.0, (0, 0, 2080, 1472))
    padded = cv2.copyMakeBorder(sheet, 16, 16, 16, 16, cv2.BORDER_CONSTANT, value=np.median(sheet[0], axis=0).tolist())
    maps = finder.run(padded[None])[0][0]
    assert taken.maps.shape == maps.shape
    assert np.abs(taken.maps.astype(int) - maps).mean() < 0.5
    assert len(taken.boxes) > 300


def test_a_zero_about_another_digit_is_a_ring() -> None:
    boxes = np.array([[10, 10, 80, 90], [40, 40, 20, 30], [200, 10, 80, 90]], np.int32)
    digits, sure = np.eye(10, dtype=np.float32)[[0, 7, 0]], np.array([0.9, 0.8, 0.9], np.float32)
    assert ringed(boxes, digits, sure).tolist() == pytest.approx([0.18, 0.8, 0.9])
    assert ringed(boxes, digits[[1, 1, 1]], sure).tolist() == pytest.approx([0.9, 0.8, 0.9])


@pytest.mark.parametrize(
    ("height", "thorough", "smaller"), [(60, False, False), (60, True, True), (120, False, True), (0, False, True)]
)
def test_a_smaller_look_is_taken_where_large_digits_may_be(height: int, thorough: bool, smaller: bool) -> None:
    image = page((1280, 720), [(300, 100, height)] if height else [])
    scales = [look.scale for look in looks(image, cast(Finder, SeesDark()), thorough)]
    assert (min(scales) < scales[0]) == smaller


def test_a_large_sign_beside_small_digits_is_looked_at_smaller_too() -> None:
    image = page((1280, 720), [(300, 100, 60)])
    image[300:320, 200:900] = 0
    assert min(look.scale for look in looks(image, cast(Finder, SeesDark()))) < 0.5


def test_a_speck_beside_a_digit_is_none() -> None:
    boxes = np.array([[10, 10, 60, 100], [90, 60, 8, 12], [120, 60, 12, 22]], np.int32)
    assert specks(boxes, np.array([0.95, 0.9, 0.9], np.float32)).tolist() == [False, True, False]
    assert not specks(boxes, np.array([0.85, 0.8, 0.8], np.float32)).any()


def look_at(ink: NDArray[np.uint8], boxes: list[tuple[int, int, int, int]]) -> Look:
    """Return a look at full size with cores in boxes."""
    cores = np.zeros(ink.shape, np.int32)
    for k, (x, y, w, h) in enumerate(boxes):
        cores[y : y + h, x : x + w] = k + 1
    maps = np.stack([(cores > 0) * 255, ink, 0 * ink]).astype(np.uint8)
    count = len(boxes)
    array = np.array(boxes, np.int32)
    return Look(1.0, (0.0, 0.0), maps, cores, array, np.ones(count, np.float32), np.zeros((count, 10), np.float32))


def test_a_stroke_beside_a_neighbour_stays_with_its_digit() -> None:
    ink = np.zeros((80, 120), np.uint8)
    ink[20:60, 20:26] = ink[54:60, 20:80] = 255  # a digit whose tail runs under its neighbour
    ink[20:46, 60:66] = 255
    owner = belongs(look_at(ink, [(18, 30, 10, 16), (58, 26, 10, 14)]))
    assert owner[57, 75] == 1 and owner[22, 62] == 2 and owner[70, 100] == 0
    assert boxes_of(owner, look_at(ink, [(18, 30, 10, 16), (58, 26, 10, 14)])).tolist() == [
        [20, 20, 60, 40],
        [60, 20, 6, 26],
    ]


def test_touching_digits_are_parted_between_their_cores() -> None:
    ink = np.zeros((60, 100), np.uint8)
    ink[10:50, 20:80] = 255
    owner = belongs(look_at(ink, [(28, 22, 10, 16), (62, 22, 10, 16)]))
    assert set(np.unique(owner)) == {0, 1, 2} and (owner[10:50, 20:45] == 1).all() and (owner[10:50, 55:80] == 2).all()


@pytest.mark.parametrize(("ink", "paper"), [(30, 220), (230, 40), ((0, 0, 200), (0, 110, 90))])
def test_ink_of_any_colour_is_cut_from_the_picture(
    ink: int | tuple[int, int, int], paper: int | tuple[int, int, int]
) -> None:
    image = np.empty((120, 160, 3), np.uint8)
    image[:] = paper
    image[20:100, 60:76] = ink
    map_ = np.zeros((60, 80), np.uint8)
    map_[10:50, 30:38] = 255
    look = look_at(map_, [(31, 20, 6, 20)])
    owner = belongs(look)
    cut, light, _ = patch(image, look, owner, 0, boxes_of(owner, look)[0])
    assert light == (ink == 230) or not isinstance(ink, int)
    rows, columns = np.nonzero(cut > 127)
    high, wide = int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
    assert high > 30 and high / wide == pytest.approx(80 / 16, rel=0.2)


def test_other_files_are_refused(make_model: Callable[..., Path]) -> None:
    with pytest.raises(ModelRefusedError, match="carries no finder_version"):
        Finder(make_model(), "cpu")
    with pytest.raises(ModelRefusedError, match="finder 'finder-0'"):
        Finder(make_model(finder_version="finder-0"), "cpu")


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("size", [(400, 300), (800, 600), (2400, 1800)])
def test_the_finder_that_ships_finds_all_of_a_sheet(size: tuple[int, int], dark: bool, networks: Networks) -> None:
    found = find(draw_sheet(["2468", "1357"], size, dark=dark), networks.finder, networks.classifier)
    kept = found.sure >= ACCEPTED
    assert kept.sum() == 8
    order = np.lexsort((found.boxes[kept, 0], found.boxes[kept, 1] > size[1] / 2))
    assert "".join(map(str, found.digits[kept][order].argmax(axis=1))) == "24681357"


def test_the_finder_that_ships_was_made_of_the_checkpoint_beside_it(networks: Networks) -> None:
    finder = networks.finder
    assert finder.metadata["checkpoint_sha256"] == sha256(finder.path.with_suffix(".pth"))
    assert 0.4 <= finder.threshold < 1 and len(finder.odds) == 3 and finder.odds[0] > 0 and len(finder.shares) == 2


def test_other_arrays_are_refused(networks: Networks) -> None:
    finder = networks.finder
    with pytest.raises(ValueError, match="multiples of 32"):
        finder.run(np.zeros((1, 40, 64, 3), np.uint8))
    with pytest.raises(ValueError, match="uint8"):
        finder.run(np.zeros((1, 64, 64, 3), np.float32))  # type: ignore[arg-type]
