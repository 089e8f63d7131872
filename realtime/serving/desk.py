"""Serve one visitor: read what is sent, and obey what is tapped as the live window obeys its keys."""

import time
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.live.collecting import Collector, name_session, shown_digits
from realtime.live.keys import Keyboard
from realtime.live.remember import Keeper
from realtime.live.state import Controls, Status
from realtime.outputs.overlay import Overlay
from realtime.reading.classifier import NOT_A_DIGIT
from realtime.reading.ensemble import Networks
from realtime.reading.turning import read_upright
from realtime.serving.messages import describe_events, describe_frame
from realtime.sources.decoding import decode
from realtime.sources.frame import Frame
from realtime.tracking.frame_reader import FrameReader
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Tracker

# What a page may ask for; the other keys of the window change what other visitors see, or close it.
KEYS = frozenset("0123456789xusr")
CAMERA, UPLOAD = "camera of a page", "upload"  # what sources of visitors are called
MAX_SIDE = 4096  # pixels of a frame of a visitor's camera


class Taps:
    """What a visitor may do to the frames shown to them: correct, take back, keep a snapshot, forget all numbers."""

    def __init__(self, controls: Controls, tracker: Tracker, folder: Path, keeper: Keeper) -> None:
        collector = Collector(folder, name_session())
        self._keyboard = Keyboard(replace(controls), tracker, collector, keeper=keeper)

    @property
    def corrected(self) -> dict[str, str]:
        """What the visitor said that digits are, "x" for none, by number and place: "3-0"."""
        said = self._keyboard.corrected.items()
        return {f"{track}-{place}": "x" if label == NOT_A_DIGIT else label for (track, place), label in said}

    def press(self, key: str, place: tuple[int, int] | None, tracked: TrackedFrame) -> str:
        """Do what a key does to the digit at a place, id of its number and place in it; return what was done.

        Raises ValueError for a key that pages do not have.
        """
        if key not in KEYS:
            raise ValueError(f"no page has the key {key!r}")
        chosen = next((digit for digit in shown_digits(tracked.tracks) if digit.place == place), None)
        if key in "0123456789x" and chosen is None:
            return "that digit is not to be seen any more"
        self._keyboard.controls.selected = chosen
        self._keyboard.press(key, tracked)
        return self._keyboard.message


class CameraDesk:
    """Read the frames of one visitor's camera."""

    def __init__(self, controls: Controls, folder: Path, settle: float | None, keeper: Keeper) -> None:
        self._controls = controls
        self._tracker = Tracker(controls.confidence, settle)
        self._frames, self._overlay = FrameReader(self._tracker), Overlay()
        self.taps = Taps(controls, self._tracker, folder, keeper)
        self.tracked: TrackedFrame | None = None
        self._started, self._count = time.monotonic(), 0

    def read(self, jpeg: bytes, networks: Networks) -> dict[str, Any]:
        """Read one frame, a JPEG, and return what the page shows of it. Raises ValueError where it is none."""
        frame = Frame(_decode_frame(jpeg), self._count, time.monotonic() - self._started, CAMERA)
        self._count += 1
        confidence, polarity = self._controls.confidence, self._controls.polarity
        self.tracked = self._frames.read(frame, networks, confidence, polarity)
        status = Status(0.0, None, 0, f"{networks.device} {networks.path.stem}")
        return describe_frame(self.tracked, self._overlay, status) | {"events": describe_events(self.tracked)}


def read_picture(data: bytes, networks: Networks, controls: Controls) -> list[dict[str, Any]]:
    """Read an uploaded picture and return the JSON line of each of its pages. Raises SourceError where it is none."""
    pages = (read_upright(image, networks, controls.confidence, controls.polarity) for image in decode(data, UPLOAD))
    return [page.to_dict(UPLOAD) | {"frame": index} for index, page in enumerate(pages)]


def _decode_frame(jpeg: bytes) -> NDArray[np.uint8]:
    """Return the frame that a JPEG holds, (H, W, 3) BGR. Raises ValueError where it holds none, or one too large."""
    from PIL import Image  # looks at the size before anything is unpacked

    try:
        with Image.open(BytesIO(jpeg), formats=["JPEG"]) as header:
            fits = max(header.size) <= MAX_SIDE
    except (OSError, Image.DecompressionBombError):
        fits = False
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if fits else None
    if image is None:
        raise ValueError(f"a frame of a camera is a JPEG, at most {MAX_SIDE} pixels wide and high")
    return np.asarray(image, np.uint8)
