"""The public way in: read one picture, or the frames of a clip, a camera or a folder."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.reading.ensemble import FALLBACK, load_networks
from realtime.reading.page import Page
from realtime.reading.pipeline import CONFIDENCE
from realtime.reading.wanted import ALL, Wanted, read_wanted_upright
from realtime.sources.camera import CameraSettings
from realtime.sources.frame import Frame
from realtime.sources.opening import open_source
from realtime.sources.recording import RecordedFrame
from realtime.tracking.frame_reader import FrameReader
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Tracker
from realtime.tracking.votes import Span

GIVE_UP = 60.0  # s for which `Reader.stream` waits for a camera or stream that was lost; set by hand


class Reader:
    """Read handwritten numbers from pictures, clips and cameras.

    model: an ONNX file by `export-onnx`; without one, a fine-tuned model that lies in its place together with the base
    model, else the base model that ships, and beside either what the user's corrections taught. base_model: a second
    network, asked where the first is less than `fallback` sure. device: "auto" (CUDA where it works, else the CPU),
    "cpu", "cuda", "cuda:N". confidence: a digit less sure than this is "?"; None takes 0.5. polarity: "dark" or "light"
    ink only; None takes "auto", both. Frames of a recording are read with what they were recorded with where one of
    these is None. wanted: what numbers may be. All three may be set between frames.
    Raises ModelRefusedError for a file that cannot be used, DeviceError for a device that cannot be had.

    >>> reader = Reader(device="cpu")
    >>> reader.device
    'cpu'
    """

    def __init__(
        self,
        model: Path | str | None = None,
        device: str = "auto",
        *,
        base_model: Path | str | None = None,
        fallback: float = FALLBACK,
        confidence: float | None = None,
        polarity: str | None = None,
        wanted: Wanted = ALL,
    ) -> None:
        self.networks = load_networks(model, base_model, fallback, device)
        self.confidence, self.polarity, self.wanted = confidence, polarity, wanted

    @property
    def device(self) -> str:
        """The device that really runs: "cpu" or "cuda:N"."""
        return self.networks.device

    def read(self, image: NDArray[np.uint8], turn: int | None = None) -> Page:
        """Read one picture, (H, W, 3) BGR uint8, turned by 0, 90, 180 or 270 degrees clockwise; None finds the turn.

        Boxes are in pixels of the picture as given. Raises ValueError for another array or turn.

        >>> page = Reader(device="cpu").read(np.full((120, 160, 3), 255, np.uint8))
        >>> page.numbers
        []
        """
        return read_wanted_upright(image, self.networks, *self.settings(), self.wanted, turn)

    def stream(
        self, source: str | Path | int | Iterable[Frame], limit: int | None = None, settle: float | None = None
    ) -> "Stream":
        """Return an iterator over the frames of a source, at most `limit`, each with its numbers as they are tracked.

        source: a camera (its number), an address, a clip, a folder or pattern of pictures, a folder made by
        `recognize-camera --record`, or frames. settle: s for which readings must agree for a number to settle; None
        takes 0.2, over three readings, or two where frames are a second apart. Of a camera frames are dropped where
        reading is slower, of files none. The first step raises SourceError where the source cannot be opened, a later
        one where it was lost.

        >>> frames = Reader(device="cpu").stream([Frame(np.full((90, 120, 3), 255, np.uint8), 0, 0.0, "paper")])
        >>> [(tracked.frame.index, tracked.tracks) for tracked in frames]
        [(0, [])]
        >>> frames.settled()
        []
        """
        frames = _open_frames(str(source)) if isinstance(source, str | Path | int) else source
        return Stream(self, islice(frames, limit), settle)

    def settings(self, frame: Frame | None = None) -> tuple[float, str]:
        """Return the confidence and the polarity to read with, those a frame was recorded with where none are set."""
        recorded = (frame.confidence, frame.polarity) if isinstance(frame, RecordedFrame) else (CONFIDENCE, "auto")
        return (
            recorded[0] if self.confidence is None else self.confidence,
            recorded[1] if self.polarity is None else self.polarity,
        )


class Stream(Iterator[TrackedFrame]):
    """The frames of one source, each with its numbers as they are tracked; `settled` sums up those read so far."""

    def __init__(self, reader: Reader, frames: Iterable[Frame], settle: float | None = None) -> None:
        self._tracker = Tracker(settle=settle)
        self._tracked = _track(reader, frames, self._tracker)

    def __next__(self) -> TrackedFrame:
        return next(self._tracked)

    def settled(self) -> list[Span]:
        """Return every text that a number has settled as, by the time it was first seen."""
        return self._tracker.settled()


def _track(reader: Reader, frames: Iterable[Frame], tracker: Tracker) -> Iterator[TrackedFrame]:
    """Read frames and track their numbers, as the settings of `reader` are at each."""
    frame_reader = FrameReader(tracker)
    for frame in frames:
        frame_reader.wanted = reader.wanted
        confidence, polarity = reader.settings(frame)
        tracker.confidence = confidence
        yield frame_reader.read(frame, reader.networks, confidence, polarity)


def _open_frames(source: str) -> Iterator[Frame]:
    """Yield the frames of a source until it ends, or until it was lost for GIVE_UP."""
    with open_source(source, CameraSettings(), GIVE_UP) as opened:
        for frame in opened.frames():
            if frame is not None:
                yield frame
