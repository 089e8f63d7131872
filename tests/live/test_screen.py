"""What the window shows."""

from dataclasses import replace

import numpy as np

from realtime.live.screen import compose
from realtime.live.state import Controls, Status
from realtime.reading.classifier import Classifier
from realtime.reading.ensemble import BASE, FINE_TUNED
from realtime.reading.pipeline import read
from realtime.sources.frame import Frame
from realtime.tracking.tracked_frame import TrackedFrame
from tests.conftest import draw_sheet


def test_the_digits_that_the_base_network_read_are_underlined(classifier: Classifier) -> None:
    image = draw_sheet(["0742"])
    tracked = TrackedFrame.of_picture(Frame(image, 0, 0.0, ""), read(image, classifier))
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
