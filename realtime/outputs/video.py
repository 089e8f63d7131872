"""Write annotated frames as a video file: every frame of a clip, or a live camera's at true speed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.outputs.background_writer import BackgroundWriter
from realtime.outputs.files import check_folder
from realtime.outputs.overlay import Overlay
from realtime.outputs.sink import OutputError, Sink
from realtime.sources.names import name_for_c
from realtime.sources.quiet import catch_stderr
from realtime.tracking.tracked_frame import TrackedFrame

# The codec (as FOURCC) that is written for each ending of a file name.
CODECS = {".mp4": "mp4v", ".m4v": "mp4v", ".avi": "MJPG", ".mkv": "mp4v", ".webm": "VP80"}
# All else is written as AVI and repacked at the end: MP4 cannot be opened without the index that ends the file, nor can
# WebM that was killed in its first second. Of a clip of 200 frames, killed at the end, AVI gave 199 back, WebM and
# Matroska 181 to 195, MP4 none.
REPACKED = frozenset(CODECS) - {".avi"}
# Bytes that must be left on the disk: with fewer a video ends, while it can still be finished. Set by hand.
MIN_FREE = 32 * 2**20
# The longest gap, s, that a video of a camera fills by repeating a frame while the camera is lost; a longer one is cut
# out. Set by hand.
MAX_GAP = 10.0


class VideoFile(Sink):
    """Write the annotated frames as a video; the kind follows the name's ending, .mp4, .m4v, .avi, .mkv or .webm.

    Until it is finished the file is called NAME.part with an ending of its own; a killed run leaves that, and it opens.
    Raises OutputError where the file cannot be written.
    """

    def __init__(self, path: Path, fps: float) -> None:
        ending = path.suffix.lower()
        if ending not in CODECS:
            raise OutputError(f"cannot save {path}: unknown ending, use one of {' '.join(CODECS)}")
        check_folder(path)
        self.path, self.fps = path, fps
        self._codec = CODECS[ending]
        self._unfinished = path.with_name(f"{path.stem}.part{'.avi' if ending in REPACKED else ending}")
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._count = 0
        self._overlay = Overlay()

    def take(self, tracked: TrackedFrame) -> None:
        """Write the annotated frame."""
        self.write(self._overlay.draw(tracked.frame.image, tracked.tracks, regions=tracked.read_page.regions))

    def write(self, image: NDArray[np.uint8]) -> None:
        """Write a picture (H, W, 3); one of another size than the first is fitted into it."""
        if self._writer is None:
            self._size = (image.shape[1], image.shape[0])
            code = cv2.VideoWriter.fourcc(*self._codec)
            with name_for_c(self._unfinished) as name, catch_stderr():  # OpenCV writes that WebM knows no such codes
                self._writer = cv2.VideoWriter(name, cv2.CAP_FFMPEG, code, self.fps, self._size)
            if not self._writer.isOpened():
                raise OutputError(f"cannot write video {self.path}: no permission, disk full, or no codec for it")
        # OpenCV's writer drops what finds no room on the disk without an error.
        if self._count % 16 == 0 and shutil.disk_usage(self.path.parent).free < MIN_FREE:
            raise OutputError(f"cannot write video {self.path}: the disk is full; it ends here")
        self._writer.write(_fit(image, self._size))
        self._count += 1

    def close(self) -> None:
        """Finish the file under its name; a run that broke off keeps what it has."""
        if self._writer is None:
            return
        self._writer.release()
        if not self._unfinished.is_file() or self._unfinished.stat().st_size == 0:
            raise OutputError(f"cannot write video {self.path}: nothing reached the disk; is it full?")
        try:
            if self.path.suffix.lower() in REPACKED:
                _repack(self._unfinished, self.path, self.fps, self._size)
            else:
                self._unfinished.replace(self.path)
        except OSError as error:
            raise OutputError(f"cannot finish video {self.path}, but it plays as {self._unfinished}: {error}") from None


class LiveVideo(Sink):
    """Write annotated frames as a video that runs at true speed, whatever frames the camera or the reading dropped.

    Drawing and writing happen on their own thread. Where that cannot keep up, frames are left out, the one before
    stands in their place, and `warn` is told. Raises OutputError where the file cannot be written.
    """

    def __init__(self, path: Path, fps: float, warn: Callable[[str], None]) -> None:
        self._video = VideoFile(path, fps)
        self._next = 0.0  # s, in the frames' time, at which the next picture of the video stands
        self._last: NDArray[np.uint8] | None = None
        self._overlay = Overlay()
        self._writer: BackgroundWriter[TrackedFrame] = BackgroundWriter(self._write, path, warn)

    def take(self, tracked: TrackedFrame) -> None:
        """Hand the frame over to be drawn and written."""
        self._writer.offer(tracked)

    def close(self) -> None:
        """Write what waits and finish the file."""
        try:
            self._writer.close()
            if self._last is not None:
                self._video.write(self._last)
        finally:
            self._video.close()

    def _write(self, tracked: TrackedFrame) -> None:
        """Repeat the frame before until this one's time has come; runs in the writer's thread."""
        frame = tracked.frame
        if self._last is None or frame.time - self._next > MAX_GAP:
            self._next = frame.time
        while self._last is not None and self._next + 0.5 / self._video.fps < frame.time:
            self._video.write(self._last)
            self._next += 1 / self._video.fps
        self._last = self._overlay.draw(frame.image, tracked.tracks, regions=tracked.read_page.regions)


def _repack(source: Path, target: Path, fps: float, size: tuple[int, int]) -> None:
    """Put the packets of a video, as they are, into a file of another kind. Raises OSError where that fails."""
    unfinished = target.with_name(f"{target.stem}.part{target.suffix}")
    code = cv2.VideoWriter.fourcc(*CODECS[target.suffix.lower()])
    with name_for_c(source) as read, name_for_c(unfinished) as written, catch_stderr():
        packets = cv2.VideoCapture(read, cv2.CAP_FFMPEG, [cv2.CAP_PROP_FORMAT, -1])
        writer = cv2.VideoWriter(written, cv2.CAP_FFMPEG, code, fps, size, [cv2.VIDEOWRITER_PROP_RAW_VIDEO, 1])
    count = 0
    while packets.isOpened() and writer.isOpened() and (got := packets.read())[0]:
        writer.set(cv2.VIDEOWRITER_PROP_KEY_FLAG, packets.get(cv2.CAP_PROP_LRF_HAS_KEY_FRAME))
        writer.set(cv2.VIDEOWRITER_PROP_PTS, count)
        writer.write(got[1])
        count += 1
    packets.release()
    writer.release()
    with name_for_c(unfinished) as name:
        check = cv2.VideoCapture(name)
    whole = count > 0 and round(check.get(cv2.CAP_PROP_FRAME_COUNT)) == count and check.read()[0]
    check.release()
    if not whole:
        unfinished.unlink(missing_ok=True)
        raise OSError("this OpenCV cannot repack it, or the disk is full")
    unfinished.replace(target)
    source.unlink()


def _fit(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Bring an image to a size (w, h): the writer drops frames of another size without an error."""
    return image if (image.shape[1], image.shape[0]) == size else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
