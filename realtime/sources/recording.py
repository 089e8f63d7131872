"""Hand out again what a recorded folder holds: the frames with their times, and what was decided on each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime.sources.frame import FileSource, Frame, SourceError
from realtime.sources.pictures import read_picture
from realtime.sources.text_file import read_text

# Names, in a recorded folder, of the file of JSON lines and of the folder of pictures.
LINES, FRAMES = "record.jsonl", "frames"
# Keys that a line must have to be replayed, and of what type their values are.
KEYS: dict[str, type | tuple[type, ...]] = {
    "file": str,
    "at": (int, float),
    "frame": int,
    "source": str,
    "numbers": list,
    "conf": (int, float),
    "polarity": str,
}
INKS = ("auto", "dark", "light")  # the polarities there are, as reading takes them
MAX_TIME = 1e9  # s, thirty years: no recording is longer
MAX_LINES = 2**26  # bytes of its lines, at most: some hours


def is_recording(folder: Path) -> bool:
    """Tell whether a folder was made by `recognize-camera --record`."""
    return (folder / LINES).is_file()


@dataclass(frozen=True)
class RecordedFrame(Frame):
    """A frame with what was recorded of its reading: the confidence and polarity asked for, and the numbers found.

    numbers: as they stand in a JSON line.
    """

    confidence: float
    polarity: str
    numbers: list[dict[str, Any]]


class Recording(FileSource):
    """The frames of a recorded folder, with their times, and what was decided on each.

    `fps` is the mean rate at which they were read, `count` their number. Raises SourceError where the folder holds no
    recording, or one that is damaged before its last line.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        path = folder / LINES
        try:
            lines = read_text(path, MAX_LINES).splitlines()
        except OSError as error:
            raise SourceError(f"cannot read {path}: {error.strerror or error}") from None
        except UnicodeDecodeError as error:
            raise SourceError(f"cannot read {path}: {error}") from None
        self._lines: list[dict[str, Any]] = []
        for number, text in enumerate(lines, 1):
            try:
                line = _parse(text)
            except ValueError as error:
                if number == len(lines):
                    break  # a killed run leaves half a line at the end
                raise SourceError(f"{path}, line {number}, is not a recorded frame: {error}") from None
            self._lines.append(line)
        if not self._lines:
            raise SourceError(f"{path} holds no frame")
        self.count = len(self._lines)
        span = self._lines[-1]["at"] - self._lines[0]["at"]
        self.fps = (self.count - 1) / span if span > 0 else 25.0

    def frames(self, every: int = 1, limit: int | None = None) -> Iterator[RecordedFrame]:
        """Yield each `every`-th recorded frame, at most `limit`. Raises SourceError where none can be read."""
        given = 0
        for line in self._lines[::every][:limit]:
            try:
                image = read_picture(self.folder / line["file"])
            except SourceError as error:
                self._notes.append(f"left out: {error}")
                self.damaged += 1
                continue
            given += 1
            settings = line["conf"], line["polarity"], line["numbers"]
            yield RecordedFrame(image, line["frame"], line["at"], line["source"], *settings)
        if not given and self._notes:
            raise SourceError(f"no frame of {self.folder} can be read; {self._notes[0]}")


def _parse(text: str) -> dict[str, Any]:
    """Return a line of a recording. Raises ValueError where it is none."""
    try:
        line = json.loads(text)
    except RecursionError:
        raise ValueError("it nests too deep") from None
    if not isinstance(line, dict) or not line.keys() >= KEYS.keys():
        raise ValueError(f"it lacks {', '.join(sorted(KEYS.keys() - (line if isinstance(line, dict) else {}).keys()))}")
    for key, kind in KEYS.items():
        if not isinstance(line[key], kind) or isinstance(line[key], bool):
            raise ValueError(f"{key} cannot be {str(line[key])[:40]!r}")
    if not abs(line["at"]) <= MAX_TIME or not 0 <= line["conf"] <= 1:  # also where they are not numbers
        raise ValueError(f"at or conf lies out of range: {str(line['at'])[:20]}, {str(line['conf'])[:20]}")
    if line["polarity"] not in INKS:
        raise ValueError(f"polarity cannot be {line['polarity'][:40]!r}: it is {', '.join(INKS)}")
    if Path(line["file"]).is_absolute() or ".." in Path(line["file"]).parts:
        raise ValueError(f"{line['file']!r} lies outside the folder")
    return line
