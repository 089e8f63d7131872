"""Compose what the live window shows: the frame with its numbers, the steps of reading it, and how that goes."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.live.collecting import Selectable
from realtime.live.keys import HELP, selectable_blobs
from realtime.live.state import Controls, Status
from realtime.outputs.overlay import DARK, FONT, SEEN, SETTLED, WHITE, Plate, draw, draw_box
from realtime.reading.box import Box
from realtime.reading.ensemble import BASE
from realtime.reading.map_picture import lay_over
from realtime.sources.names import show
from realtime.tracking.track import Track
from realtime.tracking.tracked_frame import TrackedFrame

# Widths, in pixels, between which frames are shown: narrower ones are enlarged, so that the lines of text fit below,
# wider ones reduced. Set by hand.
MIN_WIDTH, MAX_WIDTH = 960, 1600
LINE_HEIGHT = 26  # pixels, of a line of text below the picture; set by hand
FEW = 12  # refused things whose reasons are all written, where more would cover each other; set by hand
RED, BLUE, GREY = (80, 80, 255), (255, 170, 60), (170, 170, 170)  # BGR


@dataclass(frozen=True)
class View:
    """How a frame `width` pixels wide is shown: enlarged by `scale`, mirrored or not."""

    width: int
    scale: float
    mirror: bool

    def box(self, box: Box) -> Box:
        """Return where a box of the frame is shown."""
        x, y, w, h = (round(v * self.scale) for v in box)
        return (round(self.width * self.scale) - x - w if self.mirror else x), y, w, h

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return the place in the frame that is shown at x, y."""
        return (self.width - x / self.scale if self.mirror else x / self.scale), y / self.scale

    def track(self, track: Track) -> Track:
        """Return a track with its digits where they are shown."""
        return replace(track, digits=tuple(replace(digit, box=self.box(digit.box)) for digit in track.digits))


def view_of(image: NDArray[np.uint8], mirror: bool) -> View:
    """Return how an image (H, W, 3) is shown."""
    width = image.shape[1]
    return View(width, min(max(width, MIN_WIDTH), MAX_WIDTH) / width, mirror)


def compose(
    tracked: TrackedFrame,
    controls: Controls,
    status: Status,
    message: str,
) -> NDArray[np.uint8]:
    """Return the picture of the window, (H, W, 3) BGR: the frame at the upper left, two lines of text below it."""
    view = view_of(tracked.frame.image, controls.mirror)
    picture = _picture(tracked, view, controls.steps)
    if status.outage:
        picture = picture // 3
    picture = draw(picture, [view.track(track) for track in tracked.tracks])
    if controls.steps:
        _refused(picture, tracked, view, controls.selected)
    _base_digits(picture, tracked, view)
    if controls.selected is not None:
        x, y, w, h = view.box(controls.selected.box)
        draw_box(picture, (x - 6, y - 6, w + 12, h + 12), BLUE, 2)
    if controls.help:
        _help(picture)
    if status.outage:
        plate = Plate(show(status.outage), 20)
        plate.draw(picture, max(0, (picture.shape[1] - plate.width) // 2), 12, SEEN)
    return np.concatenate([picture, _lines(tracked, controls, status, message, picture.shape[1])])


def _picture(tracked: TrackedFrame, view: View, steps: bool) -> NDArray[np.uint8]:
    """Return the frame as it is shown; for the steps darkened, with what the finder saw over it."""
    image = tracked.frame.image
    size = round(view.width * view.scale), round(image.shape[0] * view.scale)
    if (image.shape[1], image.shape[0]) != size:
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA if view.scale < 1 else cv2.INTER_LINEAR)
    if steps:
        image = lay_over(image, tracked.read_page.looks, view.scale * tracked.motion.matrix)
    return cv2.flip(image, 1) if view.mirror else image


def _refused(picture: NDArray[np.uint8], tracked: TrackedFrame, view: View, selected: Selectable | None) -> None:
    """Frame what was refused, and write the reason below the selected one, or below all where they are few."""
    refused = [blob for blob in selectable_blobs(tracked) if not blob.track]
    for blob in refused:
        x, y, w, h = view.box(blob.box)
        cv2.rectangle(picture, (x, y), (x + w - 1, y + h - 1), RED, 1)
        if len(refused) <= FEW or (selected is not None and blob.place == selected.place):
            _write(picture, blob.text, x, min(y + h + 20, picture.shape[0] - 4), RED, 0.42)


def _base_digits(picture: NDArray[np.uint8], tracked: TrackedFrame, view: View) -> None:
    """Underline the digits that the base network read."""
    for track in tracked.tracks:
        for digit in track.digits:
            if digit.model == BASE:
                x, y, w, h = view.box(digit.box)
                cv2.rectangle(picture, (x, y + h + 5), (x + w, y + h + 8), BLUE, cv2.FILLED)


def _help(picture: NDArray[np.uint8]) -> None:
    """Lay the table of keys over the picture."""
    step, width = min(LINE_HEIGHT, max(14, (picture.shape[0] - 20) // (len(HELP) + 1))), 560
    region = picture[8 : 8 + step * (len(HELP) + 1), 8 : 8 + width]
    region[:] = region // 5
    for i, (key, meaning) in enumerate(HELP):
        bottom = 8 + step * (i + 1)
        _write(picture, key, 22, bottom, SETTLED, step / 46)
        _write(picture, meaning, 130, bottom, WHITE, step / 46)


def _lines(tracked: TrackedFrame, controls: Controls, status: Status, message: str, width: int) -> NDArray[np.uint8]:
    """Write the numbers row by row, and below them how reading goes and what the last key did."""
    bar = np.full((2 * LINE_HEIGHT + 8, width, 3), DARK, np.uint8)
    rows: dict[int, list[str]] = {}
    for track in sorted(tracked.tracks, key=lambda track: (track.row, track.box[0])):
        rows.setdefault(track.row, []).append(track.text if track.state == "settled" else f"({track.text})")
    _write(bar, "  |  ".join("  ".join(texts) for texts in rows.values()), 10, LINE_HEIGHT - 5, WHITE, 0.62)
    parts = [f"{status.fps:.0f} fps"]
    parts += [f"{status.delay_ms:.0f} ms behind"] if status.delay_ms is not None else []
    parts += [f"{status.dropped} dropped", status.device, f"ink {controls.polarity}", f"sure {controls.confidence:.2f}"]
    parts += ["mirrored"] * controls.mirror + ["PAUSED"] * controls.paused
    text = "   ".join(parts)
    _write(bar, text, 10, 2 * LINE_HEIGHT, GREY, 0.5)
    left = 30 + cv2.getTextSize(show(text), FONT, 0.5, 1)[0][0]
    _write(bar, message or "h help", left, 2 * LINE_HEIGHT, RED if message.startswith("error") else SETTLED, 0.5)
    return bar


def _write(
    picture: NDArray[np.uint8], text: str, left: int, bottom: int, colour: tuple[int, int, int], scale: float
) -> None:
    """Write a line of text."""
    cv2.putText(picture, show(text), (left, bottom), FONT, scale, colour, 1, cv2.LINE_AA)
