"""Serve one visitor: read what is sent, and obey what is tapped as the live window obeys its keys."""

import time
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.live.collecting import Collector, name_session, shown_digits
from realtime.live.keys import Keyboard
from realtime.live.state import Controls, Status
from realtime.outputs.overlay import Overlay
from realtime.reading.classifier import NOT_A_DIGIT
from realtime.reading.ensemble import Networks
from realtime.reading.wanted import parse_region, read_wanted_upright
from realtime.serving.messages import describe_events, describe_frame
from realtime.sources.decoding import decode
from realtime.sources.frame import Frame
from realtime.tracking.frame_reader import FrameReader
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Tracker

# What a page may ask for; the other keys of the window change what other visitors see, or close it.
KEYS = frozenset("0123456789xusrp")
CAMERA, UPLOAD = "camera of a page", "upload"  # what sources of visitors are called
MAX_SIDE = 4096  # pixels of a frame of a visitor's camera
MAX_REGIONS, LONGEST_NAME = 32, 40  # of a source, as each is read by itself; and letters; set by hand


class Taps:
    """What a visitor may do to the frames shown to them: correct, keep a snapshot, draw regions, save the settings.

    controls: those that the frames are read by; regions drawn are theirs. save: keeps them as a profile.
    """

    def __init__(self, controls: Controls, tracker: Tracker, folder: Path, save: Callable[[Controls], Path]) -> None:
        self._controls = controls
        self._keyboard = Keyboard(replace(controls), tracker, Collector(folder, name_session()))
        self._keyboard.save_profile = lambda _: save(controls)

    @property
    def corrected(self) -> dict[str, str]:
        """What the visitor said that digits are, "x" for none, by number and place: "3-0"."""
        said = self._keyboard.corrected.items()
        return {f"{track}-{place}": "x" if label == NOT_A_DIGIT else label for (track, place), label in said}

    def obey(self, words: dict[str, Any], tracked: TrackedFrame) -> str:
        """Do what a page asks for on a frame, and return what was done.

        words: `key` with `number` and `digit`, `region` with its place in shares of the frame, or `forget` with the
        name of a region. Raises ValueError for what is none of these.
        """
        if "region" in words:
            return self._draw(str(words["region"]), words.get("place"), tracked)
        if "forget" in words:
            self._controls.wanted = self._controls.wanted.without_region(str(words["forget"]))
            return f"no region {words['forget']}" if self._controls.wanted.regions else "the whole frame is read"
        return self._press(str(words.get("key")), _place(words), tracked)

    def _draw(self, name: str, place: object, tracked: TrackedFrame) -> str:
        """Read only in a region that was drawn on a frame, and in those that were before."""
        shares: list[Any] = place if isinstance(place, list) and len(place) == 4 else [None]
        if not all(isinstance(share, int | float) and 0 <= share <= 1 for share in shares):
            raise ValueError("the place of a region is x, y, w, h, shares of the frame")
        if len(name) > LONGEST_NAME or len(self._controls.wanted.regions) >= MAX_REGIONS:
            return f"{MAX_REGIONS} regions at most, with names of {LONGEST_NAME} letters"
        try:
            parse_region(f"{name}={','.join(f'{100 * share:.2f}%' for share in shares)}")
            height, width = tracked.frame.image.shape[:2]
            x, y, w, h = (round(share * side) for share, side in zip(shares, (width, height) * 2, strict=True))
            self._controls.wanted = self._controls.wanted.drawn(name, (x, y, w, h), tracked.frame.image)
        except ValueError as error:
            return str(error)
        return f"--region {self._controls.wanted.regions[-1]}"

    def _press(self, key: str, place: tuple[int, int] | None, tracked: TrackedFrame) -> str:
        """Do what a key does to the digit at a place, id of its number and place in it. Raises ValueError."""
        if key not in KEYS:
            raise ValueError(f"no page has the key {key!r}")
        chosen = next((digit for digit in shown_digits(tracked.tracks) if digit.place == place), None)
        if key in "0123456789x" and chosen is None:
            return "that digit is not to be seen any more"
        self._keyboard.controls.selected = chosen
        self._keyboard.press(key, tracked)
        return self._keyboard.message


class CameraDesk:
    """Read the frames of one visitor's camera.

    name: what their source is called. take: told of each frame that was read.
    """

    def __init__(
        self,
        name: str,
        controls: Controls,
        taps: Callable[[Controls, Tracker], Taps],
        settle: float | None,
        take: Callable[[TrackedFrame], None],
    ) -> None:
        self._name, self._controls, self._take = name, controls, take
        tracker = Tracker(controls.confidence, settle)
        self._frames, self._overlay = FrameReader(tracker), Overlay()
        self.taps = taps(controls, tracker)
        self.tracked: TrackedFrame | None = None
        self._started, self._count = time.monotonic(), 0

    def read(self, jpeg: bytes, networks: Networks) -> dict[str, Any]:
        """Read one frame, a JPEG, and return what the page shows of it. Raises ValueError where it is none."""
        frame = Frame(_decode_frame(jpeg), self._count, time.monotonic() - self._started, self._name)
        self._count += 1
        self._frames.wanted = self._controls.wanted
        self.tracked = self._frames.read(frame, networks, self._controls.confidence, self._controls.polarity)
        self._take(self.tracked)
        status = Status(0.0, None, 0, f"{networks.device} {networks.path.stem}")
        return describe_frame(self.tracked, self._overlay, status) | {"events": describe_events(self.tracked)}


def read_picture(data: bytes, networks: Networks, controls: Controls) -> list[dict[str, Any]]:
    """Read an uploaded picture and return the JSON line of each of its pages. Raises SourceError where it is none."""
    settings = networks, controls.confidence, controls.polarity, controls.wanted
    pages = (read_wanted_upright(image, *settings) for image in decode(data, UPLOAD))
    return [page.to_dict(UPLOAD) | {"frame": index} for index, page in enumerate(pages)]


def _place(words: dict[str, Any]) -> tuple[int, int] | None:
    """Return the digit that a page speaks of: the id of its number and its place in it."""
    number, digit = words.get("number"), words.get("digit")
    return (number, digit) if isinstance(number, int) and isinstance(digit, int) else None


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
