"""Read handwritten numbers from cameras, clips and pictures.

>>> import cv2
>>> from realtime import Reader
>>> reader = Reader(device="cpu")
>>> reader.read(cv2.imread("tests/data/sheet.jpg")).rows
['12012', '75', '58003', '799', '9']
>>> for tracked in reader.stream("tests/data/numbers.mp4", limit=3):
...     print(tracked.frame.index, [track.text for track in tracked.tracks][:2])
0 ['0742', '518']
1 ['0742', '518']
2 ['0742', '518']

The names in `__all__` are the public API; all else is private and may change. The rooms, each of which imports only
those before it: `reading` makes numbers of one picture, `sources` gives frames, `tracking` follows numbers over frames,
`outputs` writes and draws what was read, `live` is the window, `measuring` tells how well and how fast is read,
`commands` holds the console commands.
"""

import os

# Before cv2 is imported, which reads these then: OpenCV writes ten lines for a missing file, FFmpeg its own, those of
# level 8 to standard output. What is wrong is said in one line of ours.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "2")  # s; an unplugged camera blocks for 10 otherwise

import realtime.interrupts  # noqa: F401  # first: those below take half a second, in which Ctrl-C may come
from realtime.reader import Reader, Stream
from realtime.reading.expectation import Expectation
from realtime.reading.page import Digit, Line, Number, Page
from realtime.reading.runtime import DeviceError, ModelRefusedError
from realtime.reading.wanted import Region, Wanted
from realtime.sources.frame import Frame, SourceError
from realtime.tracking.track import Track
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Event
from realtime.tracking.votes import Span

__all__ = [
    "DeviceError",
    "Digit",
    "Event",
    "Expectation",
    "Frame",
    "Line",
    "ModelRefusedError",
    "Number",
    "Page",
    "Reader",
    "Region",
    "SourceError",
    "Span",
    "Stream",
    "Track",
    "TrackedFrame",
    "Wanted",
]
