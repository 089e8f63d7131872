"""Keep the frames that were read, with their times and decisions, so that they can be read again as they were."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2

from realtime.outputs.background_writer import BackgroundWriter
from realtime.outputs.sink import OutputError, Sink
from realtime.sources.frame import Frame
from realtime.sources.recording import FRAMES, LINES
from realtime.tracking.tracked_frame import TrackedFrame


class Recorder(Sink):
    """Keep the frames read, losslessly, with their times, settings and decisions, in a new folder.

    The line of a frame is written after its picture, so a killed run leaves a recording that is whole up to there.
    Frames that find no room on the way to the disk are left out, and `warn` is told; wait: of a file none is, `take`
    waits for room. Raises OutputError where the
    folder cannot be written or is not empty.
    """

    def __init__(self, folder: Path, warn: Callable[[str], None], wait: bool = False) -> None:
        self.folder = folder
        try:
            if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
                raise OutputError(f"cannot record into {folder}: it is not empty; name a new folder")
            (folder / FRAMES).mkdir(parents=True)
            self._lines = (folder / LINES).open("w", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            if isinstance(error, OutputError):
                raise
            raise OutputError(f"cannot record into {folder}: {error.strerror or error}") from None
        self._writer: BackgroundWriter[tuple[Frame, dict[str, object]]] = BackgroundWriter(
            self._write, folder, warn, wait=wait
        )

    def take(self, tracked: TrackedFrame) -> None:
        """Hand the frame over to be written."""
        line = {
            "file": f"{FRAMES}/{tracked.frame.index:06}.png",
            "at": tracked.frame.time,
            "conf": tracked.read_page.confidence,
            "polarity": tracked.read_page.polarity,
            **tracked.to_dict(),
        }
        self._writer.offer((tracked.frame, line))

    def close(self) -> None:
        """Write what waits."""
        try:
            self._writer.close()
        finally:
            self._lines.close()

    def _write(self, item: tuple[Frame, dict[str, object]]) -> None:
        """Write a picture, then its line; runs in the writer's thread."""
        frame, line = item
        path = self.folder / str(line["file"])
        # The least compression: 10 ms a frame of 720p, against 40 at the usual one, for a seventh more bytes.
        data = cv2.imencode(".png", frame.image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
        try:
            path.write_bytes(data.tobytes())
            self._lines.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._lines.flush()
        except OSError as error:
            raise OutputError(f"cannot record into {self.folder}: {error.strerror or error}") from None
