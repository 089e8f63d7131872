"""Read handwritten numbers from cameras, clips and pictures.

>>> import cv2
>>> from realtime import Reader
>>> Reader(device="cpu").read(cv2.imread("tests/data/sheet.jpg")).rows  # doctest: +SKIP

The names in `__all__` are the public API; all else is private and may change.
"""

import os

# Before cv2 is imported, which reads these then: OpenCV writes ten lines for a missing file, FFmpeg its own.
os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "8")
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "2")  # s; an unplugged camera blocks for 10 otherwise

from realtime.reader import Reader
from realtime.reading.page import Digit, Number, Page
from realtime.reading.runtime import DeviceError, ModelRefusedError
from realtime.sources.frame import Frame, SourceError
from realtime.tracking.track import Track
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Event

__all__ = [
    "DeviceError",
    "Digit",
    "Event",
    "Frame",
    "ModelRefusedError",
    "Number",
    "Page",
    "Reader",
    "SourceError",
    "Track",
    "TrackedFrame",
]
