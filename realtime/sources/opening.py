"""Open whatever a user names as a source: a camera, a stream, a clip, pictures, a recording."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Protocol, Self

from realtime.sources.camera import CameraSettings, is_camera, is_stream, open_live
from realtime.sources.clip import Clip
from realtime.sources.frame import Frame
from realtime.sources.live_capture import LiveCapture
from realtime.sources.pictures import PictureSequence, is_glob
from realtime.sources.recording import Recording, is_record


class FileSource(Protocol):
    """What files have in common: a context manager that hands out every frame, at `fps` a second, `count` in all."""

    fps: float
    count: int

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def frames(self, every: int = 1, most: int | None = None) -> Iterator[Frame]:
        """Yield each `every`-th frame, at most `most`."""


def open_file(path: Path, fps: float = 25.0) -> FileSource:
    """Open a clip, a folder or pattern of pictures shown `fps` a second, or a recording. Raises SourceError."""
    if is_record(path):
        return Recording(path)
    if path.is_dir() or is_glob(str(path)):
        return PictureSequence(str(path), fps)
    return Clip(path)


def open_source(source: str, settings: CameraSettings, give_up: float) -> LiveCapture | FileSource:
    """Open a camera or stream, or a file. Raises SourceError where it cannot.

    settings: asked of a camera. give_up: s after which a camera or stream that is lost is not waited for any more.
    """
    if is_camera(source) or is_stream(source):
        return LiveCapture(partial(open_live, source, settings), source, give_up)
    return open_file(Path(source), settings.fps or 25.0)
