"""What a user names as a source is opened as what it is."""

from pathlib import Path

import numpy as np
import pytest

from realtime.outputs.recorder import Recorder
from realtime.sources.camera import CameraSettings
from realtime.sources.clip import Clip
from realtime.sources.frame import SourceError
from realtime.sources.live_capture import LiveCapture
from realtime.sources.opening import open_file, open_source
from realtime.sources.pictures import PictureSequence
from realtime.sources.recording import Recording
from tests.conftest import CLIP, save_image
from tests.streams import MjpegServer, clip_frames
from tests.tracked_frames import make_frame, track_frame


def test_files_are_told_apart(tmp_path: Path) -> None:
    save_image(tmp_path / "photos" / "a.png", np.zeros((8, 8, 3), np.uint8))
    with Recorder(tmp_path / "kept", pytest.fail) as recorder:
        recorder.take(track_frame(make_frame()))
    kinds = {CLIP: Clip, tmp_path / "photos": PictureSequence, tmp_path / "photos" / "*.png": PictureSequence}
    for path, kind in {**kinds, tmp_path / "kept": Recording}.items():
        with open_file(path) as source:
            assert type(source) is kind
            assert len(list(source.frames(limit=1))) == 1


def test_pictures_follow_each_other_at_the_rate_asked_for(tmp_path: Path) -> None:
    save_image(tmp_path / "a.png", np.zeros((8, 8, 3), np.uint8))
    with open_source(str(tmp_path), CameraSettings(fps=5), give_up=1) as source:
        assert source.fps == 5


def test_an_address_is_a_live_source() -> None:
    with (
        MjpegServer(clip_frames(2, 320)) as server,
        open_source(server.address, CameraSettings(), give_up=1) as source,
    ):
        assert isinstance(source, LiveCapture)


@pytest.mark.parametrize("source", ["97", "/dev/video97", "http://127.0.0.1:9/video", "none.mp4", "none/*.png"])
def test_what_cannot_be_opened_is_named(source: str) -> None:
    with pytest.raises(SourceError, match="97|127.0.0.1|none"):
        open_source(source, CameraSettings(), give_up=1)
