"""Compose what the window shows: the frame with its numbers, the steps of reading it, and the panel beside it."""

from collections.abc import Collection

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.live.collecting import Selectable
from realtime.live.keys import selectable_blobs
from realtime.live.panel import News, draw_panel
from realtime.live.state import Controls, Status
from realtime.live.view import View, view_of
from realtime.outputs.labels import FONT, plate_size
from realtime.outputs.overlay import Overlay, draw_box, draw_plate, draw_region
from realtime.reading.ensemble import BASE
from realtime.reading.map_picture import lay_over
from realtime.reading.parts import corners_of, outline
from realtime.sources.names import show
from realtime.tracking.tracked_frame import TrackedFrame

MIN_HEIGHT = 450  # pixels of the window, so that the panel has room beside a low picture; set by hand
FEW = 12  # refused things whose reasons are all written, where more would cover each other; set by hand
RED, BLUE = (80, 80, 255), (255, 170, 60)  # BGR


def compose(
    tracked: TrackedFrame,
    controls: Controls,
    status: Status,
    news: News,
    overlay: Overlay | None = None,
    corrected: Collection[tuple[int, int]] = (),
) -> NDArray[np.uint8]:
    """Return the picture of the window, (H, W, 3) BGR: the frame at the upper left, the panel at the right.

    overlay: that of the frames before, so that labels stay where they are. corrected: digits that a person corrected.
    """
    view = view_of(tracked.frame.image, controls)
    picture = _picture(tracked, view, controls.steps)
    if status.outage:
        picture = picture // 3
    tracks = [track for track in map(view.track, tracked.tracks) if view.shows(track.box)]
    regions = [(name, view.outline(place)) for name, place in tracked.read_page.regions]
    regions = [region for region in regions if view.shows(cv2.boundingRect(np.array(region[1])))]
    picture = (overlay or Overlay()).draw(picture, tracks, corrected, regions)
    if controls.draft is not None and controls.draft.box is not None:
        draw_region(picture, controls.draft.name, outline(corners_of(view.box(controls.draft.box))), 2)
    if controls.steps:
        _refused(picture, tracked, view, controls.selected)
    _base_digits(picture, tracked, view)
    if controls.selected is not None:
        x, y, w, h = view.box(controls.selected.box)
        draw_box(picture, (x - 6, y - 6, w + 12, h + 12), BLUE, 4)
    trouble = status.outage or tracked.read_page.missing
    if trouble:
        text, tall = show(trouble), 18
        draw_plate(picture, text, tall, max(0, (picture.shape[1] - plate_size(text, tall)[0]) // 2), 12)
    picture = np.pad(picture, ((0, max(0, MIN_HEIGHT - len(picture))), (0, 0), (0, 0)))
    panel = draw_panel(len(picture), tracked.tracks, controls, status, news)
    return np.concatenate([picture, panel], axis=1)


def _picture(tracked: TrackedFrame, view: View, steps: bool) -> NDArray[np.uint8]:
    """Return the frame as it is shown; for the steps darkened, with what the finder saw over it."""
    picture = view.picture(tracked.frame.image)
    return lay_over(picture, tracked.read_page.looks, view.matrix(tracked.motion.matrix)) if steps else picture


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
                cv2.rectangle(picture, (x, y + h + 10), (x + w, y + h + 13), BLUE, cv2.FILLED)


def _write(
    picture: NDArray[np.uint8], text: str, left: int, bottom: int, colour: tuple[int, int, int], scale: float
) -> None:
    """Write a line of text."""
    cv2.putText(picture, show(text), (left, bottom), FONT, scale, colour, 1, cv2.LINE_AA)
