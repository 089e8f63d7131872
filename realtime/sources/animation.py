"""Hand out the frames of an animated WebP, PNG or GIF."""

from collections.abc import Iterator
from pathlib import Path

from realtime.sources.decoding import from_pillow
from realtime.sources.frame import FileSource, Frame
from realtime.sources.picture_bytes import read_bytes
from realtime.sources.quiet import BROKEN, broken, catch_stderr, check_size, open_quietly

# How long, ms, a frame is shown that says 0; browsers do the same.
_DEFAULT_MS = 100


class Animation(FileSource):
    """The frames of an animated picture, each at its own time.

    `fps` is their mean rate, taken over the first frame's duration. Raises SourceError where the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._data = read_bytes(path)
        try:
            with catch_stderr(), open_quietly(self._data) as picture:
                picture.load()
                self.count = getattr(picture, "n_frames", 1)
                self.fps = 1000 / (picture.info.get("duration") or _DEFAULT_MS)
        except BROKEN as error:
            raise broken(error, str(path)) from None

    def frames(self, every: int = 1, limit: int | None = None) -> Iterator[Frame]:
        """Yield each `every`-th frame, at most `limit`; one that is damaged ends it, and `notes` say so."""
        time = 0.0
        with open_quietly(self._data) as picture:
            for index in range(self.count):
                if limit is not None and index >= limit * every:
                    return
                try:
                    picture.seek(index)
                    check_size(picture.size, str(self.path))
                    image = from_pillow(picture)
                except BROKEN as error:
                    if index == 0:
                        raise broken(error, str(self.path)) from None
                    self._notes.append(f"{self.path} is damaged: it ends after {index} of {self.count} frames")
                    return
                duration = picture.info.get("duration") or _DEFAULT_MS
                if index % every == 0:
                    yield Frame(image, index, time, str(self.path))
                time += duration / 1000
