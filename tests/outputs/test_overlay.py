"""The overlay: labels never cover ink, stay where they are, and tell the state by shape; at any size, on any ground."""

from pathlib import Path
from time import perf_counter

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.outputs.labels import Label, Placer, plate_size
from realtime.outputs.overlay import DARK, HUES, Overlay, draw, draw_with_list
from realtime.reading.ensemble import Networks
from realtime.reading.map_picture import lay_over
from realtime.reading.page import Digit, Number
from realtime.reading.pipeline import read
from realtime.tracking.track import Track
from realtime.tracking.tracker import settle
from tests.conftest import CLIP, draw_sheet
from tests.tracked_frames import make_number

SHEET = Path(__file__).parents[1] / "data" / "sheet.jpg"


def ground(kind: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    if kind == "noise":
        return np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    return np.full((*size, 3), {"black": 0, "grey": 128, "white": 255}[kind], np.uint8)


def written_page(rows: int, columns: int, size: tuple[int, int], dark: bool) -> tuple[NDArray[np.uint8], list[Track]]:
    """Write numbers of two digits in rows and columns with OpenCV's font, size (w, h); return them as tracks too."""
    paper, pen = ((235, 235, 235), (40, 30, 30)) if dark else ((45, 52, 45), (230, 230, 230))
    image = np.full((size[1], size[0], 3), paper, np.uint8)
    step_x, step_y = size[0] // columns, size[1] // rows
    tall = min(step_y // 3, step_x // 6)
    numbers = []
    for i in range(rows * columns):
        x, y = step_x // 5 + i % columns * step_x, step_y // 2 + i // columns * step_y
        cv2.putText(
            image, f"{i % 90 + 10}", (x, y + tall), cv2.FONT_HERSHEY_SIMPLEX, tall / 22, pen, max(1, tall // 10)
        )
        numbers.append(make_number(f"{i % 90 + 10}", x, y, tall, tall, gap=0, row=i // columns))
    return image, settle(numbers)


def share_covered(ink: NDArray[np.bool_], labels: list[Label]) -> float:
    """Return the share of ink that lies under labels."""
    under = np.zeros_like(ink)
    for x, y, w, h in (label.box for label in labels):
        under[y : y + h, x : x + w] = True
    return float((ink & under).sum() / max(1, ink.sum()))


def overlap(one: Label, other: Label) -> bool:
    (x, y, w, h), (a, b, c, d) = one.box, other.box
    return x < a + c and a < x + w and y < b + d and b < y + h


def plates(drawn: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return (drawn == DARK).all(axis=2)


def test_the_frame_itself_stays_as_it_was() -> None:
    image = draw_sheet(["123"])
    before = image.copy()
    drawn = draw(image, settle([make_number("123", 40, 100, 30, 60, gap=8)]))
    assert drawn is not image and np.array_equal(image, before)
    assert drawn.shape == image.shape and drawn.dtype == np.uint8
    assert np.array_equal(draw(image, []), image)


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize(
    ("rows", "columns", "size"),
    [(2, 1, (320, 240)), (5, 2, (640, 480)), (10, 10, (1920, 1080)), (6, 3, (3840, 2160)), (25, 12, (1280, 720))],
)
def test_labels_cover_no_ink_and_no_other_label(rows: int, columns: int, size: tuple[int, int], dark: bool) -> None:
    image, tracks = written_page(rows, columns, size, dark)
    paper = image[0, 0].astype(int)
    ink = (np.abs(image.astype(int) - paper) > 30).any(axis=2)
    labels = Placer().place(image, tracks, 3)
    assert share_covered(ink, labels) == 0
    assert len({label.tall for label in labels}) == 1
    assert not any(overlap(a, b) for i, a in enumerate(labels) for b in labels[:i])
    if rows < 25:
        assert sorted(label.text for label in labels) == sorted(track.text for track in tracks)
        assert len(labels) == len(tracks) and min(label.tall for label in labels) >= size[1] / 80


def test_labels_of_a_sheet_as_it_is_read_cover_no_writing(networks: Networks) -> None:
    for image in (cv2.imread(str(SHEET)), draw_sheet(["0742", "518", "33"]), draw_sheet(["90", "1"], dark=False)):
        page = read(image, networks)
        ink = lay_over(np.zeros_like(image), page.looks)[..., 1] > 80  # of digits: green, which other ink has little of
        labels = Placer().place(image, settle(page.numbers), 5)
        assert len(labels) == len(page.numbers) > 0
        assert share_covered(ink, labels) == 0


def test_a_label_stands_where_it_stood_while_its_number_moves() -> None:
    placer, offsets = Placer(), []
    for step in range(12):
        image = ground("white", (480, 640))
        track = settle([make_number("0742", 100 + 3 * step, 200 + step, 30, 60, gap=8)])
        (label,) = placer.place(image, track, 5)
        offsets.append((label.box[0] - track[0].box[0], label.box[1] - track[0].box[1]))
    assert len(set(offsets)) == 1


def test_a_number_without_room_gets_a_tag_and_stands_in_the_list() -> None:
    numbers = [make_number("123", 40 + 200 * i, 20 + 34 * k, 30, 30, gap=8) for k in range(13) for i in range(3)]
    numbers += [make_number("5", x, y, 18, 30) for y in range(20, 460, 34) for x in (0, 150, 180, 350, 380, 550, 580)]
    image = ground("white", (480, 640))
    overlay, tracks = Overlay(), settle(numbers)
    overlay.draw(image, tracks)
    assert overlay.left_out
    assert draw(image, tracks).shape == image.shape
    listed = draw_with_list(image, tracks)
    assert listed.shape[0] == 480 and listed.shape[1] > 700
    assert np.array_equal(listed[:, :640], draw(image, tracks))
    assert draw_with_list(image, tracks[:1]).shape == image.shape


@pytest.mark.parametrize("state", ["seen", "settled"])
def test_marks_are_drawn_around_the_ink_not_over_it(state: str) -> None:
    image = ground("grey", (480, 640))
    (track,) = settle([make_number("1?3", 100, 200, 30, 60, gap=20)])
    track = Track(1, 0, track.digits, 0.0, 0.0, state, 0.9)
    touched = (Overlay().draw(image, [track], {(1, 0)}) != image).any(axis=2)
    for x, y, w, h in (digit.box for digit in track.digits):
        assert not touched[y : y + h, x : x + w].any()
        assert touched[y - 4 : y + h + 4, x - 4 : x + w + 4].any()


def test_states_differ_in_shape_not_in_colour_alone() -> None:
    image = ground("white", (480, 640))
    (sure,) = settle([make_number("12", 100, 200, 30, 60, gap=8)])
    (unsure,) = settle([make_number("1?", 100, 200, 30, 60, gap=8)])
    seen = Track(1, 0, sure.digits, 0.0, 0.0, "seen", 0.9)
    drawn = [Overlay().draw(image, [track], marks) for track, marks in ((sure, ()), (unsure, ()), (seen, ()))]
    drawn.append(Overlay().draw(image, [sure], {(1, 1)}))
    shapes = [(picture != image).any(axis=2) for picture in drawn]
    assert not any(np.array_equal(shapes[i], shapes[j]) for i in range(4) for j in range(i))


@pytest.mark.parametrize("hue", HUES)
def test_hues_stand_out_from_black_and_from_white(hue: tuple[int, int, int]) -> None:
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (c / 255 for c in hue[::-1])]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    assert 1.05 / (luminance + 0.05) >= 3 and (luminance + 0.05) / 0.05 >= 3


@pytest.mark.parametrize("kind", ["black", "grey", "white"])
@pytest.mark.parametrize("size", [(240, 320), (720, 1280), (2160, 3840)])
def test_text_stands_light_on_a_dark_plate_on_any_ground(kind: str, size: tuple[int, int]) -> None:
    image, tall = ground(kind, size), size[0] // 8
    track = settle([make_number("0742", size[1] // 4, size[0] // 2, tall // 2, tall, gap=8)])
    overlay = Overlay()
    (label,) = overlay.place(image, track)
    x, y, w, h = label.box
    plate = overlay.draw(image, track)[y : y + h, x : x + w]
    assert h >= 13 and 0.05 < (plate.min(axis=2) > 200).mean() < 0.5 < plates(plate).mean() + 0.25


@pytest.mark.parametrize("place", [(0, 0), (600, 0), (0, 440), (600, 440), (300, 0), (300, 440)])
def test_a_number_at_the_edge_keeps_its_text_inside_the_picture(place: tuple[int, int]) -> None:
    (label,) = Placer().place(ground("white", (480, 640)), settle([make_number("88", *place, 16, 40, gap=8)]), 5)
    x, y, w, h = label.box
    assert min(x, y) >= 0 and x + w <= 640 and y + h <= 480 and (w, h) == plate_size("88", label.tall)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (8, 8), (20, 40)])
def test_a_tiny_picture_is_drawn_on_without_an_error(size: tuple[int, int]) -> None:
    box = (0, 0, size[1], size[0])
    track = settle([Number((Digit("7", 0.9, box, 0, np.full(10, 0.01, np.float32)),), 0)])
    assert draw(ground("noise", size), track).shape == (*size, 3)
    assert draw_with_list(ground("noise", size), track).shape[0] == size[0]


def test_drawing_costs_less_than_half_of_decoding() -> None:
    """Twice the share that a quiet machine shows is allowed here."""
    capture, ratios = cv2.VideoCapture(str(CLIP)), []
    tracks = settle([make_number("58003", 100, 80 * k + 90, 30, 50, gap=8) for k in range(6)])
    overlay = Overlay()
    for _ in range(60):
        start = perf_counter()
        _, image = capture.read()
        decoded = perf_counter()
        overlay.draw(image, tracks)
        ratios.append((perf_counter() - decoded) / (decoded - start))
    capture.release()
    assert np.median(ratios) < 0.8
