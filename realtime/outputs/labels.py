"""Place the text of each number beside it: never over ink, at one size in a picture, and where it stood before."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.outputs.free_paper import FreePaper
from realtime.reading.box import Box
from realtime.tracking.track import Track

FONT = cv2.FONT_HERSHEY_SIMPLEX
SEEN_MARK = "..."  # follows the text of a number that has not settled
# All set by hand. Digits of labels are as high as this share of the written ones, at most this share of the picture's
# height, and at least that share of its shorter side, as the picture may be shown smaller than it is.
SHARE, MOST, LEAST, LEAST_PIXELS = 0.42, 1 / 20, 1 / 72, 9
SIZES = (1.0, 0.8, 0.65, 0.5)  # of that height, tried in turn until all labels find room
SAME_SIZE = 1.3  # times by which the written digits may grow or shrink before the size of labels follows
RENEW = 5  # frames for which a map of the ink is believed: what labels keep clear of moves along with the numbers
# Places of a label around its number, from the upper left corner of that: across, in widths of the number, of the label
# and in gaps; down, in heights of the number, of the label and in gaps. Above, right, below and left of it, as they are
# preferred.
_ACROSS = ((0, 0, 0), (1, -1, 0), (0.5, -0.5, 0))
_DOWN = tuple((share, -share, 0) for share in (0.5, 0.25, 0.75, 0, 1))
_PLACES = (
    *((*across, 0, -1, -1) for across in _ACROSS),
    (0, 0, 0, 0, -1.5, -1),
    *((1, 0, 2, *down) for down in _DOWN),
    *((*across, 1, 0, 2) for across in _ACROSS),
    (0, 0, 0, 1, 0.5, 2),
    *((0, -1, -2, *down) for down in _DOWN),
)
PLACES = np.array(_PLACES, np.float64)  # (K, 6)
SIDES = ((0, 1, 2, 3), (4, 5, 6, 7, 8), (9, 10, 11, 12), (13, 14, 15, 16, 17))


@dataclass(frozen=True)
class Label:
    """Text beside a number, on a plate with this box; tall: the height of its digits, pixels.

    number: place of its number among those shown. tag: whether it only points to the list at the side.
    """

    number: int
    text: str
    box: Box
    tall: int
    tag: bool = False


def label_text(track: Track) -> str:
    """Return what stands on the label of a number."""
    return track.text if track.state == "settled" else track.text + SEEN_MARK


def text_style(tall: int) -> tuple[float, int, int]:
    """Return scale and thickness of text whose digits are `tall` pixels high, and the margin of its plate, pixels."""
    return tall / 21, max(1, round(tall / 13)), max(2, tall // 4)


@lru_cache(maxsize=4096)
def plate_size(text: str, tall: int) -> tuple[int, int]:
    """Return width and height of the plate of a text: at its left stands a bar of colour, as wide as its margin."""
    scale, thickness, margin = text_style(tall)
    return cv2.getTextSize(text, FONT, scale, thickness)[0][0] + 3 * margin, tall + 2 * margin


class Placer:
    """Place the labels of one picture after another, each where its number's label stood before, while there is room.

    A label covers no ink, no digit and no other label. Where not all find room at one size, a smaller one is tried; a
    number left without room gets a tag, where there is room for that, and stands in `left_out`, in order of the tags.
    """

    def __init__(self) -> None:
        self.left_out: list[int] = []
        self._sides: dict[int, int] = {}  # of each number by its id: which of its places its label took
        self._tall, self._written = 0, 1.0
        self._paper: FreePaper | None = None
        self._age, self._shape = 0, (0, 0)
        self._look: tuple[list[str], bytes] = [], b""  # texts and boxes of the last picture, and its labels
        self._labels: list[Label] = []

    def place(self, image: NDArray[np.uint8], tracks: Sequence[Track], gap: int) -> list[Label]:
        """Place the labels of numbers on a picture (H, W, 3) BGR, `gap` pixels off the boxes of their digits."""
        if not tracks:
            self.left_out = []
            self._sides.clear()
            return []
        boxes = np.array([digit.box for track in tracks for digit in track.digits])
        self._age += 1
        if self._paper is None or self._shape != image.shape[:2] or self._age >= RENEW:
            self._paper, self._age, self._shape = FreePaper(image, boxes), 0, image.shape[:2]
        look = [label_text(track) for track in tracks], boxes.tobytes()
        if self._age and look == self._look:
            return self._labels
        self._look, self._labels = look, self._place(tracks, boxes, gap)
        return self._labels

    def _place(self, tracks: Sequence[Track], boxes: NDArray[np.int64], gap: int) -> list[Label]:
        """Place the labels where they stood before, or anew where there is no room."""
        self.left_out = []
        written = float(np.median(boxes[:, 3]))
        if self._tall and 1 / SAME_SIZE < written / self._written < SAME_SIZE:
            kept = self._keep(tracks, boxes, gap)
            if kept:
                return kept
        return self._place_anew(tracks, boxes, gap, written)

    def _keep(self, tracks: Sequence[Track], boxes: NDArray[np.int64], gap: int) -> list[Label]:
        """Return the labels where they stood before; none where one has no place, or its place is taken."""
        sides = [self._sides.get(track.id, -1) for track in tracks]
        if min(sides) < 0:
            return []
        texts = [label_text(track) for track in tracks]
        sizes, chosen = self._places(tracks, texts, gap, np.array(sides)[:, None])
        plates = np.concatenate([chosen[:, 0], sizes], axis=1)
        if not self._free(chosen, sizes, boxes, gap).all() or _overlap(plates, plates).sum() > len(tracks):
            return []
        return [Label(i, texts[i], _box(plates[i]), self._tall) for i in range(len(tracks))]

    def _place_anew(self, tracks: Sequence[Track], boxes: NDArray[np.int64], gap: int, written: float) -> list[Label]:
        """Place all labels at the largest size at which all find room, else at the smallest one."""
        height, width = self._shape
        least = max(LEAST_PIXELS, round(min(height, width) * LEAST))
        usual = min(SHARE * written, height * MOST)
        labels: list[Label] = []
        for tall in sorted({max(least, round(usual * size)) for size in SIZES}, reverse=True):
            self._tall, self._written = tall, written
            labels = self._arrange(tracks, boxes, gap)
            if len(labels) == len(tracks):
                return labels
        named = {label.number for label in labels}
        self.left_out = [number for number in range(len(tracks)) if number not in named]
        return labels + self._tags(tracks, boxes, gap, [label.box for label in labels])

    def _arrange(self, tracks: Sequence[Track], boxes: NDArray[np.int64], gap: int) -> list[Label]:
        """Place labels on the side that suits most, else on another one; those with few free places first."""
        texts = [label_text(track) for track in tracks]
        sizes, places = self._places(tracks, texts, gap)
        free = self._free(places, sizes, boxes, gap)
        suits = np.array([free[:, side].any(axis=1).sum() for side in SIDES])
        order = [place for k in np.argsort(-suits, kind="stable") for place in SIDES[k]]
        plates = np.zeros((0, 4), np.int64)
        labels: list[Label] = []
        sides: dict[int, int] = {}
        for i in np.argsort(free.sum(axis=1), kind="stable").tolist():
            candidates = np.concatenate([places[i], np.broadcast_to(sizes[i], places[i].shape)], axis=1)
            open_here = free[i] & ~_overlap(candidates, plates).any(axis=1)
            before = self._sides.get(tracks[i].id, order[0])
            side = next((k for k in (before, *order) if open_here[k]), None)
            if side is not None:
                sides[tracks[i].id] = side
                labels.append(Label(i, texts[i], _box(candidates[side]), self._tall))
                plates = np.concatenate([plates, candidates[side : side + 1]])
        self._sides = sides
        return labels

    def _tags(self, tracks: Sequence[Track], boxes: NDArray[np.int64], gap: int, taken: list[Box]) -> list[Label]:
        """Place tags, #1 and on, beside the numbers that found no room."""
        tags = []
        for place, number in enumerate(self.left_out, 1):
            text = f"#{place}"
            sizes, places = self._places([tracks[number]], [text], gap)
            candidates = np.concatenate([places[0], np.broadcast_to(sizes[0], places[0].shape)], axis=1)
            open_here = self._free(places, sizes, boxes, gap)[0] & ~_overlap(
                candidates, np.array(taken).reshape(-1, 4)
            ).any(axis=1)
            if open_here.any():
                tags.append(Label(number, text, _box(candidates[int(open_here.argmax())]), self._tall, tag=True))
                taken = [*taken, tags[-1].box]
        return tags

    def _places(
        self, tracks: Sequence[Track], texts: list[str], gap: int, sides: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return sizes (N, 2) and places (N, K, 2), left and top, of the labels of N numbers.

        sides: which of PLACES, (N, K), None for all. Above and below a number they are pushed sideways until they are
        in the picture.
        """
        sizes = np.array([plate_size(text, self._tall) for text in texts])
        boxes = np.array([track.box for track in tracks])
        parts = PLACES[None] if sides is None else PLACES[sides]
        gaps = np.full(len(boxes), gap)
        across = parts[..., :3] @ np.stack([boxes[:, 2], sizes[:, 0], gaps], axis=1)[..., None]
        down = parts[..., 3:] @ np.stack([boxes[:, 3], sizes[:, 1], gaps], axis=1)[..., None]
        places = boxes[:, None, :2] + np.concatenate([across, down], axis=2).round().astype(np.int64)
        most = np.maximum(0, self._shape[1] - sizes[:, :1])
        beside = parts[..., 2] != 0
        places[..., 0] = np.where(beside, places[..., 0], np.clip(places[..., 0], 0, most))
        return sizes, places

    def _free(
        self, places: NDArray[np.int64], sizes: NDArray[np.int64], boxes: NDArray[np.int64], gap: int
    ) -> NDArray[np.bool_]:
        """Tell which of N labels' K places (N, K, 2) lie in the picture, clear of ink and of digits, boxes (M, 4)."""
        stop = places + sizes[:, None]
        free = (places >= 0).all(axis=2) & (stop <= self._shape[::-1]).all(axis=2)
        if self._paper is not None:
            free &= self._paper.is_free(places, sizes)
        plates = np.concatenate([places, np.broadcast_to(sizes[:, None], places.shape)], axis=2)
        around = boxes + np.array((-1, -1, 2, 3)) * (gap // 2)  # a line stands below the digits
        covered = np.any(_overlap(plates.reshape(-1, 4), around), axis=1)
        return free & ~covered.reshape(free.shape)


def _overlap(some: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which of N boxes share a pixel with which of M others, (N, M)."""
    start = np.maximum(some[:, None, :2], others[None, :, :2])
    stop = np.minimum(some[:, None, :2] + some[:, None, 2:], others[None, :, :2] + others[None, :, 2:])
    return (stop > start).all(axis=2)


def _box(values: NDArray[np.int64]) -> Box:
    """Return a row of four numbers as a box."""
    x, y, w, h = values.tolist()
    return x, y, w, h
