"""Keep pictures of digits for fine-tuning, and whole frames with their readings, from the live window."""

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.live.digit_picture import cut_digit
from realtime.outputs.files import make_folder, write_whole
from realtime.outputs.lock import only_writer
from realtime.outputs.pictures import save_picture
from realtime.outputs.sink import OutputError
from realtime.reading.box import Box
from realtime.reading.page import UNSURE
from realtime.sources.frame import Frame
from realtime.tracking.said import SAME_LOOK, look_of
from realtime.tracking.track import Track
from realtime.tracking.tracked_frame import TrackedFrame

FINETUNE_FOLDER = Path("finetune")  # where corrections go that are kept for fine-tuning
# Folders of pictures whose label is not known yet, and of whole frames.
INBOX, SNAPSHOTS = "inbox", "snapshots"
# Name of the file, in each folder of pictures, that says where each comes from.
PROVENANCE = "provenance.jsonl"


@dataclass(frozen=True)
class Selectable:
    """A blob on the screen that can be selected and kept: a digit of a number, or one that was refused.

    track: the number's id, 0 for what was refused. index: its place in the number, or among what was refused. text: as
    it was read, or why it was refused. settled: whether the number has settled. box: x, y, w, h in frame pixels.
    """

    track: int
    index: int
    text: str
    confidence: float
    settled: bool
    box: Box

    @property
    def place(self) -> tuple[int, int]:
        """The number and the digit in it, which stay the same over frames."""
        return self.track, self.index


@dataclass
class _KeptPicture:
    """A picture that was kept: of which digit, how that looked, its line of provenance, and where it lies."""

    digit: Selectable
    look: NDArray[np.float32]
    line: dict[str, object]
    path: Path


def shown_digits(tracks: list[Track]) -> list[Selectable]:
    """List the digits seen in this very frame, row by row."""
    return [
        Selectable(track.id, i, digit.text, digit.confidence, track.state == "settled", digit.box)
        for track in tracks
        if track.fresh
        for i, digit in enumerate(track.digits)
    ]


def _all_boxes(tracked: TrackedFrame) -> list[Box]:
    """List the boxes of all that was found in a frame, and of digits that their line alone tells."""
    found: list[Box] = [(x, y, w, h) for x, y, w, h in tracked.page.boxes.tolist()]
    return found + [digit.box for track in tracked.tracks if track.fresh for digit in track.digits]


def name_session() -> str:
    """Return a name for a run that no other has."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:4]}"


class Collector:
    """Keep pictures under `folder`/<label>/, each digit once while it looks the same, and undo what was kept last.

    A label is a digit, "not-a-digit" or "inbox". Beside the pictures lies provenance.jsonl with a line for each.
    Raises OutputError where nothing can be written; then what was there before is still whole.
    """

    def __init__(self, folder: Path, session: str) -> None:
        self.folder, self.session = folder, session
        self._kept: list[_KeptPicture] = []
        self._done: list[list[tuple[_KeptPicture | Path, str]]] = []
        self.last: NDArray[np.uint8] | None = None  # the picture of a digit that was kept or moved as last

    @property
    def count(self) -> int:
        """How many pictures of digits this session has kept."""
        return len(self._kept)

    def collect(self, tracked: TrackedFrame, tracks: list[Track]) -> int:
        """Keep all digits of these tracks, settled ones under their text, unsure ones in the inbox; return how many."""
        sure = (digit.text if digit.settled and digit.text != UNSURE else INBOX for digit in shown_digits(tracks))
        return self._keep(tracked, zip(shown_digits(tracks), sure, strict=True), "collect")

    def label(self, tracked: TrackedFrame, digit: Selectable, label: str) -> int:
        """Keep one digit under a label given by a person, moving it there if it was kept; return 0 if it lay there."""
        return self._keep(tracked, [(digit, label)], "key")

    def snapshot(self, tracked: TrackedFrame) -> Path:
        """Keep the whole frame, with its readings as a JSON line beside it."""
        path = self._folder(SNAPSHOTS) / f"{self.session}-f{tracked.frame.index:06}.png"
        save_picture(path, tracked.frame.image)
        try:
            write_whole(path.with_suffix(".json"), _json_line(tracked.to_dict()))
        except OutputError:
            path.unlink(missing_ok=True)
            raise
        self._done.append([(path, "")])
        return path

    def undo(self) -> int:
        """Take back the last thing kept, moved or snapped; return how many pictures that were."""
        if not self._done:
            return 0
        steps, self.last = self._done.pop(), None
        for kept, before in reversed(steps):
            if isinstance(kept, Path):
                kept.unlink(missing_ok=True)
                kept.with_suffix(".json").unlink(missing_ok=True)
            elif before:
                self._move(kept, before)
            else:
                kept.path.unlink(missing_ok=True)
                _rewrite(kept.path.parent, drop=kept.path.name)
                self._kept.remove(kept)
        return len(steps)

    def _keep(self, tracked: TrackedFrame, labels: Iterable[tuple[Selectable, str]], by: str) -> int:
        """Keep each digit under its label, once for its look; return how many were kept or moved."""
        frame, boxes = tracked.frame, _all_boxes(tracked)
        steps: list[tuple[_KeptPicture | Path, str]] = []
        try:
            for digit, label in labels:
                picture = cut_digit(frame.image, digit.box, boxes)
                self.last, look = picture, look_of(frame.image, digit.box)
                known = self._find(digit, look)
                if known is None:
                    steps.append((self._add(frame, digit, label, by, picture, look), ""))
                elif by == "key" and known.path.parent.name != label:
                    steps.append((known, known.path.parent.name))
                    self._move(known, label)
        finally:
            if steps:
                self._done.append(steps)
        return len(steps)

    def _find(self, digit: Selectable, look: NDArray[np.float32]) -> _KeptPicture | None:
        """Return what was kept of this digit of this number with this look."""
        same = (kept for kept in self._kept if kept.digit.place == digit.place)
        return next((kept for kept in same if float((kept.look * look).sum()) > SAME_LOOK), None)

    def _add(
        self,
        frame: Frame,
        digit: Selectable,
        label: str,
        by: str,
        picture: NDArray[np.uint8],
        look: NDArray[np.float32],
    ) -> _KeptPicture:
        """Write a picture and its line of provenance."""
        name = f"{self.session}-f{frame.index:06}-t{digit.track:04}-d{digit.index}.png"
        path = self._folder(label) / name
        line = {
            "file": name,
            "label": label,
            "by": by,
            "read": digit.text,
            "confidence": round(digit.confidence, 4),
            "session": self.session,
            "source": frame.source,
            "frame": frame.index,
            "time": round(frame.time, 3),
            "track": digit.track,
            "digit": digit.index,
            "box": list(digit.box),
        }
        save_picture(path, picture)
        try:
            _rewrite(path.parent, add=line)
        except OutputError:
            path.unlink(missing_ok=True)
            raise
        kept = _KeptPicture(digit, look, line, path)
        self._kept.append(kept)
        return kept

    def _move(self, kept: _KeptPicture, label: str) -> None:
        """Move a picture and its line to another label."""
        target = self._folder(label) / kept.path.name
        _rewrite(target.parent, add={**kept.line, "label": label, "by": "key"}, drop=target.name)
        kept.path.replace(target)
        _rewrite(kept.path.parent, drop=kept.path.name)
        kept.path = target

    def _folder(self, name: str) -> Path:
        """Make a folder for a label."""
        make_folder(self.folder / name)
        return self.folder / name


def _rewrite(folder: Path, add: dict[str, object] | None = None, drop: str = "") -> None:
    """Add a line to a folder's provenance, or drop that of a file; it stays whole, whoever else adds to it."""
    with only_writer(folder / f".{PROVENANCE}.lock", wait=True):
        _rewrite_alone(folder / PROVENANCE, add, drop)


def _rewrite_alone(path: Path, add: dict[str, object] | None, drop: str) -> None:
    """Do so where no other process does."""
    try:
        lines = path.read_bytes().splitlines() if path.exists() else []
        kept = [line for line in lines if json.loads(line)["file"] != drop]
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise OutputError(f"cannot add to {path}: it holds a line that is not ours ({error}); move it away") from None
    kept += [_json_line(add)] if add is not None else []
    if kept:
        write_whole(path, b"".join(line.rstrip() + b"\n" for line in kept))
    else:
        path.unlink(missing_ok=True)


def _json_line(value: dict[str, object]) -> bytes:
    """Return a value as a line of JSON in UTF-8."""
    return (json.dumps(value, ensure_ascii=False) + "\n").encode(errors="backslashreplace")
