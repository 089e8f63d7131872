"""Keep what was read, frames with times and decisions, and hand it out again as it was."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2

from realtime.background import Background
from realtime.capture import Frame, SourceError, read_picture
from realtime.sinks import OutputError, Sink, describe
from realtime.tracker import Track

ROOM = 24  # frames that may wait for the disk
LINES, FRAMES = "record.jsonl", "frames"
KEYS = {"file", "at", "frame", "source", "numbers", "conf", "polarity"}  # what a line must hold to be replayed


class Record(Sink):
    """Keep the frames read, losslessly, with their times, settings and decisions, in a new folder.

    settings: asked for each frame, what its reading depended on. The line of a frame is written after its picture, so a
    killed run leaves a record that is whole up to there. Frames that find no room on the way to the disk are left out,
    and `warn` is told. Raises OutputError where the folder cannot be written or is in use.
    """

    def __init__(self, folder: Path, settings: Callable[[], dict[str, object]], warn: Callable[[str], None]) -> None:
        self.folder, self._settings, self._warn = folder, settings, warn
        try:
            if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
                raise OutputError(f"cannot record into {folder}: it is not empty; name a new folder")
            (folder / FRAMES).mkdir(parents=True)
            self._lines = (folder / LINES).open("w", encoding="utf-8")
        except OSError as error:
            if isinstance(error, OutputError):
                raise
            raise OutputError(f"cannot record into {folder}: {error.strerror or error}") from None
        self._writer: Background[tuple[Frame, dict[str, object]]] = Background(self._write, ROOM)

    def take(self, frame: Frame, tracks: list[Track], latency_ms: float) -> None:
        """Hand the frame over to be written."""
        line = {
            "file": f"{FRAMES}/{frame.index:06}.png",
            "at": frame.time,
            **self._settings(),
            **describe(frame, tracks, latency_ms),
        }
        if not self._writer.offer((frame, line)) and self._writer.lost == 1:
            self._warn(f"recording into {self.folder} cannot keep up: some frames are left out of it")

    def close(self, whole: bool) -> None:
        """Write what waits."""
        try:
            self._writer.close()
        finally:
            self._lines.close()
            if self._writer.lost:
                self._warn(f"{self.folder} lacks {self._writer.lost} frames: writing could not keep up")

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


def is_record(folder: Path) -> bool:
    """Tell whether a folder was made by --record."""
    return (folder / LINES).is_file()


class Replay:
    """The frames of a recorded folder, with their times; `line(frame)` is what was decided on one.

    Raises SourceError where the folder holds no record, or one that is damaged.
    """

    live = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / LINES
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(f"cannot read {path}: {error}") from None
        self._lines: list[dict] = []
        for number, text in enumerate(lines, 1):
            try:
                line = json.loads(text)
                if not line.keys() >= KEYS:
                    raise ValueError(f"it lacks {', '.join(sorted(KEYS - line.keys()))}")
            except (ValueError, AttributeError) as error:
                if number == len(lines):
                    break  # cut off in the middle of a line, by a kill
                raise SourceError(f"{path}, line {number}, is not a recorded frame: {error}") from None
            self._lines.append(line)
        if not self._lines:
            raise SourceError(f"{path} holds no frame")
        self._by_frame = {line["frame"]: line for line in self._lines}
        self.count = len(self._lines)
        span = self._lines[-1]["at"] - self._lines[0]["at"]
        self.fps = (self.count - 1) / span if span > 0 else 25.0

    def __enter__(self) -> "Replay":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def frames(self, every: int = 1, most: int | None = None) -> Iterator[Frame]:
        """Yield each `every`-th recorded frame, at most `most`."""
        for line in self._lines[::every][:most]:
            yield Frame(read_picture(self.folder / line["file"]), line["frame"], line["at"], line["source"])

    def line(self, frame: Frame) -> dict:
        """Return what was recorded with a frame: its settings and decisions."""
        return self._by_frame[frame.index]
