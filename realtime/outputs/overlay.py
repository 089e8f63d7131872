"""Draw readings over a picture: a line under each number, a thin box around each digit, the text beside it.

Shape tells what colour tells too: a whole line is a number that settled, a broken one a number only seen, whose text
ends in dots; corners are a digit that is not sure, a tick is one that a person corrected.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.outputs.labels import FONT, Label, Placer, label_text, plate_size, text_style
from realtime.reading.box import Box
from realtime.reading.page import UNSURE, Outline
from realtime.tracking.track import Track

Colour = tuple[int, int, int]  # BGR
# Of numbers, by turns: apart for all eyes, and each at least 3:1 from black and from white. ALERT: what is not sure.
HUES: tuple[Colour, ...] = ((178, 114, 0), (115, 158, 0), (153, 68, 170))
ALERT: Colour = (0, 94, 213)
SETTLED = HUES[1]
REGION: Colour = (255, 170, 60)
# Of plates and of the text on them.
DARK, WHITE = (20, 20, 20), (255, 255, 255)
STEEP = 0.5  # slope of a line of digits above which the line under them follows each of them; set by hand
LIST_TALL = 1 / 40  # height of digits in the list at the side, as a share of the picture's height; set by hand


def draw(image: NDArray[np.uint8], tracks: Sequence[Track]) -> NDArray[np.uint8]:
    """Return a copy of image (H, W, 3) BGR with its numbers marked and their text beside them."""
    return Overlay().draw(image, tracks)


def draw_with_list(
    image: NDArray[np.uint8], tracks: Sequence[Track], regions: Sequence[tuple[str, Outline]] = ()
) -> NDArray[np.uint8]:
    """Do as `draw`, and where texts found no room widen the picture by a list of them, each with its tag.

    regions: names and outlines of those that alone were read.
    """
    overlay = Overlay()
    canvas = overlay.draw(image, tracks, regions=regions)
    left_out = [tracks[number] for number in overlay.left_out]
    return np.concatenate([canvas, _list(left_out, image.shape[0])], axis=1) if left_out else canvas


class Overlay:
    """Draw over the frames of one source, so that labels stay where they are."""

    def __init__(self) -> None:
        self._placer = Placer()

    @property
    def left_out(self) -> list[int]:
        """The places, among the last tracks, of the numbers whose text found no room."""
        return self._placer.left_out

    def place(self, image: NDArray[np.uint8], tracks: Sequence[Track]) -> list[Label]:
        """Return where the labels of the next frame, (H, W, 3) BGR, stand."""
        return self._placer.place(image, tracks, 3 * line_width(image) + 2)

    def draw(
        self,
        image: NDArray[np.uint8],
        tracks: Sequence[Track],
        corrected: Collection[tuple[int, int]] = (),
        regions: Sequence[tuple[str, Outline]] = (),
    ) -> NDArray[np.uint8]:
        """Return a copy of the next frame, (H, W, 3) BGR, with its numbers marked.

        corrected: the digits, each as id of its number and place in it, that a person corrected. regions: names and
        outlines of those that alone were read.
        """
        canvas, width = image.copy(), line_width(image)
        for name, outline in regions:
            draw_region(canvas, name, outline, width)
        for track in tracks:
            hue = hue_of(track)
            for place, digit in enumerate(track.digits):
                draw_box(canvas, digit.box, ALERT if digit.text == UNSURE else hue, width, digit.text != UNSURE)
                if (track.id, place) in corrected:
                    _draw_tick(canvas, digit.box, width)
            _draw_underline(canvas, track, hue, width)
        for label in self.place(image, tracks):
            x, y, w, h = label.box
            track = tracks[label.number]
            region = canvas[y : y + h, x : x + w]
            region[:] = _plate(label.text, label.tall, hue_of(track), track.state == "settled")[: len(region)]
        return canvas


def draw_region(canvas: NDArray[np.uint8], name: str, outline: Outline, width: int) -> None:
    """Draw a region's edge, `width` pixels wide, and its name above that where there is room."""
    x, y = np.min(outline, axis=0).tolist()
    for colour, thick in ((DARK, width + 2), (REGION, width)):
        cv2.polylines(canvas, [np.array(outline)], True, colour, thick)
    tall = max(9, canvas.shape[0] // 50)
    wide, high = plate_size(name, tall)
    if name:
        draw_plate(canvas, name, tall, max(0, min(x, canvas.shape[1] - wide)), max(0, y - high), REGION)


def hue_of(track: Track) -> Colour:
    """Return the colour of a number."""
    return HUES[track.id % len(HUES)]


def line_width(image: NDArray[np.uint8]) -> int:
    """Return the width of the line under a number on a picture (H, W, 3), pixels."""
    return max(1, round(max(image.shape[:2]) / 640))


def underline(track: Track, width: int) -> list[tuple[int, int]]:
    """Return the points of the line under a number: straight where its digits stand in a line that is not steep."""
    boxes, off = [digit.box for digit in track.digits], 2 * width + 1
    slope = _slope([(x + w / 2, y + h) for x, y, w, h in boxes])
    if abs(slope) > STEEP:
        return [(edge, y + h + off) for x, y, w, h in boxes for edge in (x, x + w)]
    lowest = max(y + h + off - slope * (x + w / 2) for x, y, w, h in boxes)
    ends = min(x for x, *_ in boxes), max(x + w for x, _, w, _ in boxes)
    return [(x, round(lowest + slope * x)) for x in ends]


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the line that fits points x, y best, 0 where they do not tell one."""
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def draw_plate(canvas: NDArray[np.uint8], text: str, tall: int, left: int, top: int, hue: Colour = ALERT) -> None:
    """Draw text whose digits are `tall` pixels high on a dark plate, as much of it as the picture holds."""
    plate = _plate(text, tall, hue, True)
    region = canvas[top : top + plate.shape[0], left : left + plate.shape[1]]
    region[:] = plate[: region.shape[0], : region.shape[1]]


@lru_cache(maxsize=256)
def _plate(text: str, tall: int, hue: Colour, whole: bool) -> NDArray[np.uint8]:
    """Return text on a dark plate, (h, w, 3), with a bar of colour at its left, broken unless `whole`."""
    width, height = plate_size(text, tall)
    scale, thickness, margin = text_style(tall)
    plate = np.full((height, width, 3), DARK, np.uint8)
    plate[:, :margin] = hue
    if not whole:
        plate[height // 3 : height - height // 3, :margin] = DARK
    place = 2 * margin, margin + tall
    cv2.putText(plate, text, place, FONT, scale, WHITE, thickness, cv2.LINE_AA)
    plate.setflags(write=False)
    return plate


def _list(tracks: Sequence[Track], height: int) -> NDArray[np.uint8]:
    """Return a list of numbers with their tags, a picture of this height, as many as it holds in columns."""
    tall = max(9, round(height * LIST_TALL))
    step = plate_size("0", tall)[1] + max(2, tall // 3)
    each = max(1, (height - tall) // step)
    columns = []
    for start in range(0, len(tracks), each):
        texts = [f"#{start + i}  {label_text(track)}" for i, track in enumerate(tracks[start : start + each], 1)]
        column = np.full((height, max(plate_size(text, tall)[0] for text in texts) + tall, 3), DARK, np.uint8)
        for i, (text, track) in enumerate(zip(texts, tracks[start : start + each], strict=True)):
            draw_plate(column, text, tall, tall // 2, tall // 2 + i * step, hue_of(track))
        columns.append(column)
    return np.concatenate(columns, axis=1)


def _draw_underline(canvas: NDArray[np.uint8], track: Track, hue: Colour, width: int) -> None:
    """Draw the line under a number, broken where that has not settled."""
    points = underline(track, width)
    if track.state == "settled":
        cv2.polylines(canvas, [np.array(points)], False, hue, width + 1)
        return
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        count = max(1, round(max(abs(x1 - x0), abs(y1 - y0)) / (5 * width)))
        steps = np.linspace((x0, y0), (x1, y1), 2 * count).round().astype(int).tolist()
        for start, stop in zip(steps[::2], steps[1::2], strict=True):
            cv2.line(canvas, start, stop, hue, width + 1)


def _draw_tick(canvas: NDArray[np.uint8], box: Box, width: int) -> None:
    """Draw a tick at the lower right of a digit."""
    x, y, size = box[0] + box[2], box[1] + box[3], max(4, box[3] // 6)
    y += size + 3 * width + 3
    points = np.array([(x - size, y), (x - size // 2, y + size // 2), (x + size // 2, y - size)])
    for colour, extra in ((DARK, 3), (WHITE, 1)):
        cv2.polylines(canvas, [points], False, colour, width + extra, cv2.LINE_AA)


def draw_box(canvas: NDArray[np.uint8], box: Box, colour: Colour, thickness: int, whole: bool = True) -> None:
    """Draw a box x, y, w, h around its pixels: a thin one, or its four corners alone, twice as strong."""
    x, y, w, h = box
    thin = max(1, thickness // 2)
    off = thin + 2
    left, top, right, bottom = x - off, y - off, x + w - 1 + off, y + h - 1 + off
    if whole:
        cv2.rectangle(canvas, (left, top), (right, bottom), colour, thin)
        return
    arm = max(3, min(w, h) // 4)
    for cx, cy, sx, sy in ((left, top, 1, 1), (right, top, -1, 1), (left, bottom, 1, -1), (right, bottom, -1, -1)):
        corner = np.array([(cx + sx * arm, cy), (cx, cy), (cx, cy + sy * arm)])
        cv2.polylines(canvas, [corner], False, colour, 2 * thin)
