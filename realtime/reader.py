"""The public way in: read one picture, or the frames of a clip or camera."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.reading.ensemble import FALLBACK, load_networks
from realtime.reading.page import Page
from realtime.reading.pipeline import CONFIDENCE, read
from realtime.sources.camera import CameraSettings
from realtime.sources.frame import Frame
from realtime.sources.opening import open_source
from realtime.tracking.frame_reader import FrameReader
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Tracker


class Reader:
    """Read handwritten numbers from pictures, clips and cameras.

    model: an ONNX file by `export-onnx`; without one, a fine-tuned model that lies in its place together with the base
    model, else the base model that ships. base_model: a second network, asked where the first is less than `fallback`
    sure. device: "auto" (CUDA where it works, else the CPU), "cpu", "cuda", "cuda:N". confidence: a digit less sure
    than this is "?". polarity: "auto", or "dark" or "light" ink only. Confidence and polarity may be set between
    frames. Raises ModelRefusedError for a file that cannot be used, DeviceError for a device that cannot be had.

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
        confidence: float = CONFIDENCE,
        polarity: str = "auto",
    ) -> None:
        self.networks = load_networks(model, base_model, fallback, device)
        self.confidence, self.polarity = confidence, polarity

    @property
    def device(self) -> str:
        """The device that really runs: "cpu" or "cuda:N"."""
        return self.networks.device

    def read(self, image: NDArray[np.uint8]) -> Page:
        """Read one picture, (H, W, 3) BGR uint8. Raises ValueError for another array.

        >>> page = Reader(device="cpu").read(np.full((120, 160, 3), 255, np.uint8))
        >>> page.numbers
        []
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise ValueError(f"a picture is (H, W, 3) uint8 BGR, not empty; got {image.shape} {image.dtype}")
        return read(image, self.networks, self.confidence, self.polarity)

    def stream(self, source: str | Path | int | Iterable[Frame], limit: int | None = None) -> Iterator[TrackedFrame]:
        """Yield the frames of a source, at most `limit`, each with its numbers as they are tracked.

        source: a camera (its number), an address, a clip, a folder or pattern of pictures, a folder by --record, or
        frames. Of a camera frames are dropped where reading is slower, of files none. Raises SourceError where it
        cannot be opened or was lost.
        """
        frames = _frames(str(source)) if isinstance(source, str | Path | int) else source
        tracker = Tracker(self.confidence)
        reader = FrameReader(tracker)
        for frame in islice(frames, limit):
            tracker.confidence = self.confidence
            yield reader.read(frame, self.networks, self.confidence, self.polarity)


def _frames(source: str) -> Iterator[Frame]:
    """Yield the frames of a source until it ends, or until it was lost for a minute."""
    with open_source(source, CameraSettings(), give_up=60.0) as opened:
        for frame in opened.frames():
            if frame is not None:
                yield frame
