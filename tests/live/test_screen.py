"""What the window shows."""

from dataclasses import replace

import numpy as np

from realtime.live.collecting import shown_digits
from realtime.live.keys import selectable_blobs
from realtime.live.screen import FEW, RED, compose
from realtime.live.state import Controls, Status
from realtime.reading.ensemble import BASE, FINE_TUNED, Networks
from realtime.reading.page import Page
from realtime.reading.pipeline import read
from realtime.reading.reasons import Reason, Refusal
from realtime.sources.frame import Frame
from realtime.tracking.tracked_frame import TrackedFrame
from tests.conftest import DOTTED, draw_sheet


def test_the_digits_that_the_base_network_read_are_underlined(networks: Networks) -> None:
    image = draw_sheet(["0742"])
    tracked = TrackedFrame.of_picture(Frame(image, 0, 0.0, ""), read(image, networks))
    (track,) = tracked.tracks
    plain, underlined = (
        compose(
            replace(tracked, tracks=[replace(track, digits=tuple(replace(d, model=model) for d in track.digits))]),
            Controls(0.6, "auto"),
            Status(30, None, 0, "cpu"),
            "",
        )
        for model in (FINE_TUNED, BASE)
    )
    _, y, _, h = (round(v * 1.5) for v in track.digits[0].box)
    changed = np.argwhere((plain != underlined).any(axis=2))
    assert len(changed) and y + h < changed[:, 0].min() and changed[:, 0].max() < y + h + 40


def test_a_digit_that_its_line_alone_tells_is_shown_in_every_view(line_told: Page) -> None:
    tracked = TrackedFrame.of_picture(Frame(DOTTED, 0, 0.0, ""), line_told)
    selected = shown_digits(tracked.tracks)[2]
    for mirror in (False, True):
        controls = Controls(0.6, "auto", steps=True, mirror=mirror)
        plain = compose(tracked, controls, Status(30, None, 0, "cpu"), "")
        marked = compose(tracked, replace(controls, selected=selected), Status(30, None, 0, "cpu"), "")
        assert (plain != marked).any(axis=2).sum() > 100


def test_the_reasons_of_a_few_refused_things_are_written_and_of_many_that_of_the_selected_one(
    networks: Networks,
) -> None:
    image = draw_sheet(["0742"])
    page = read(image, networks)
    red = {}
    for count in (4, FEW + 1):
        boxes = np.array([page.boxes[k % 4] for k in range(count)], np.int32)
        refusals: list[Refusal | None] = [Refusal(Reason.FAINT, "0.21")] * count
        refused = replace(page, boxes=boxes, refusals=refusals, numbers=[], lines=[])
        tracked = TrackedFrame(Frame(image, 0, 0.0, ""), refused, [], 1.0)
        for selected in (None, selectable_blobs(tracked)[0]):
            controls = Controls(0.6, "auto", steps=True, selected=selected)
            shown = compose(tracked, controls, Status(30, None, 0, "cpu"), "")
            red[count, selected is not None] = int((np.abs(shown.astype(int) - RED).max(axis=2) < 40).sum())
    assert red[4, False] > red[FEW + 1, True] > red[FEW + 1, False] > 0
