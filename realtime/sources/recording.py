"""Hand out again what a recorded folder holds: the frames with their times, and what was decided on each."""

import json
from collections.abc import Iterator
from pathlib import Path

from realtime.sources.frame import Frame, SourceError
from realtime.sources.pictures import read_picture

LINES, FRAMES = "record.jsonl", "frames"
KEYS = {"file", "at", "frame", "source", "numbers", "conf", "polarity"}  # what a line must hold to be replayed


def is_record(folder: Path) -> bool:
    """Tell whether a folder was made by --record."""
    return (folder / LINES).is_file()


class Recording:
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

    def __enter__(self) -> "Recording":
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
