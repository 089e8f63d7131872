"""Open whatever a user names as a source: a camera, a stream, a clip, pictures, a recording."""

from functools import partial
from pathlib import Path

from realtime.sources.animation import Animation
from realtime.sources.camera import CameraSettings, is_camera, is_stream, open_live
from realtime.sources.clip import Clip
from realtime.sources.decoding import is_animated
from realtime.sources.frame import FileSource
from realtime.sources.live_capture import LiveCapture
from realtime.sources.names import mask_secrets
from realtime.sources.picture_bytes import read_bytes
from realtime.sources.pictures import PICTURES, PictureSequence, is_glob
from realtime.sources.recording import Recording, is_recording


def open_file(path: Path, fps: float = 25.0) -> FileSource:
    """Open a clip, an animation, pages or pictures shown `fps` a second, or a recording. Raises SourceError."""
    if is_recording(path):
        return Recording(path)
    if path.is_dir() or is_glob(str(path)):
        return PictureSequence(str(path), fps)
    if path.suffix.lower() in PICTURES and path.is_file():
        return Animation(path) if is_animated(read_bytes(path), str(path)) else PictureSequence(str(path), fps)
    return Clip(path)


def open_source(source: str, settings: CameraSettings, give_up: float) -> LiveCapture | FileSource:
    """Open a camera, a stream or a file. Raises SourceError where it cannot be opened.

    Frames, errors and warnings name a stream without the user, password and tokens of its address.
    settings: what to ask of a camera; their fps is also the rate of pictures. give_up: s for which a camera or stream
    that was lost is waited for.
    """
    if is_camera(source) or is_stream(source):
        return LiveCapture(partial(open_live, source, settings), mask_secrets(source), give_up)
    return open_file(Path(source), settings.fps or 25.0)
