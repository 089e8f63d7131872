"""What the keys of the live window do: to what is shown, to how it is read, and to the pictures kept."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from realtime.live import drawing
from realtime.live.collecting import INBOX, Collector, Selectable, shown_digits
from realtime.live.display import ESCAPE
from realtime.live.state import Controls
from realtime.reading.box import Box
from realtime.reading.classifier import NOT_A_DIGIT
from realtime.reading.pipeline import POLARITIES
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Tracker

TAB = 9  # code of the key
CONFIDENCE_STEP = 0.05  # by which [ and ] change the confidence; set by hand
# Each key, as the help names it, and what it does.
HELP = (
    ("q Esc", "quit"),
    ("space", "pause, go on"),
    ("s", "snapshot of frame and readings"),
    ("c", "keep a picture of every digit"),
    ("Tab click", "select a digit"),
    ("wheel drag", "zoom, move the picture"),
    ("0-9", "the selected digit is this"),
    ("x", "the selected one is no digit"),
    ("u", "undo the last s, c, x or digit"),
    ("d", "steps: maps, refused and why"),
    ("i", "ink: auto, dark, light"),
    ("[ ]", "less, more sure to be shown"),
    ("g", "drag a region to read, name it"),
    ("w", "read the whole frame again"),
    ("p", "keep these settings as a profile"),
    ("m", "mirror"),
    ("r", "forget all numbers"),
    ("f", "full screen"),
    ("h", "this help"),
)


@dataclass
class Keyboard:
    """Turn keys and clicks into actions; `message` tells what the last one did, `failed` counts failures to keep.

    corrected: what a person said that digits are, by the id of their number and their place in it. save_profile: keeps
    the settings as a file and returns it, raises OSError; None where there are none to keep.
    """

    controls: Controls
    tracker: Tracker
    collector: Collector
    save_profile: Callable[[Controls], Path] | None = None
    message: str = ""
    failed: int = 0
    corrected: dict[tuple[int, int], str] = field(default_factory=dict)
    _kept: list[tuple[int, int] | None] = field(default_factory=list)  # what `u` takes back: a digit, or something else
    _actions: dict[str, Callable[[TrackedFrame], str]] = field(init=False)

    def __post_init__(self) -> None:
        self._actions = {
            "q": self._quit,
            chr(ESCAPE): self._quit,
            " ": self._pause,
            "s": self._snapshot,
            "c": self._collect,
            chr(TAB): self._next,
            **{digit: partial(self._label, label=digit) for digit in "0123456789"},
            "x": partial(self._label, label=NOT_A_DIGIT),
            "u": self._undo,
            "d": lambda _: self._toggle("steps"),
            "i": self._polarity,
            "[": lambda _: self._confidence(-CONFIDENCE_STEP),
            "]": lambda _: self._confidence(CONFIDENCE_STEP),
            "g": lambda _: drawing.begin(self.controls),
            "w": lambda _: drawing.forget(self.controls),
            "p": self._profile,
            "m": lambda _: self._toggle("mirror"),
            "r": self._reset,
            "f": lambda _: self._toggle("full_screen"),
            "h": lambda _: self._toggle("help"),
        }

    def press(self, key: str, tracked: TrackedFrame) -> bool:
        """Do what a key stands for, on the frame shown; tell whether it stands for anything."""
        if self.controls.draft is not None and self.controls.draft.placed:
            self.message = drawing.spell(self.controls, key, tracked.frame.image)
            return True
        action = self._actions.get(key)
        if action is None:
            return False
        try:
            self.message = action(tracked)
        except OSError as error:
            self.message = f"error: {error}"
            self.failed += 1
        return True

    def click(self, tracked: TrackedFrame, x: float, y: float) -> None:
        """Select the digit, or what was refused as one, at a place in frame pixels; nothing where there is none."""
        self.controls.selected = blob_at(tracked, x, y)
        chosen = self.controls.selected
        self.message = describe(chosen) + (": 0-9 label it, x not a digit" if chosen and chosen.track else "")

    def drag(self, tracked: TrackedFrame, place: tuple[float, float], down: bool, up: bool) -> None:
        """Draw a region: the mouse is at a place in frame pixels, just pressed, let go or moved."""
        size = tracked.frame.image.shape[1], tracked.frame.image.shape[0]
        self.message = drawing.drag(self.controls, place, size, down, up)

    def follow(self, tracked: TrackedFrame) -> None:
        """Find the selected digit again in a new frame; it is let go when its number has gone."""
        chosen = self.controls.selected
        if chosen is None:
            return
        if chosen.track:
            same = (blob for blob in selectable_blobs(tracked) if blob.place == chosen.place)
            shown = any(track.id == chosen.track for track in tracked.tracks)
            self.controls.selected = next(same, chosen if shown else None)
        else:
            x, y, w, h = chosen.box
            near = (blob for blob in selectable_blobs(tracked) if _covers(blob.box, x + w / 2, y + h / 2))
            self.controls.selected = next(near, None)

    def _label(self, tracked: TrackedFrame, label: str) -> str:
        chosen = self.controls.selected
        shown = shown_digits(tracked.tracks)
        if chosen is None and len(shown) == 1:
            chosen = shown[0]
        if chosen is None:
            return "select a digit first: Tab, or a click on it"
        if chosen not in selectable_blobs(tracked):
            return "the selected digit is not to be seen just now"
        kept = self.collector.label(tracked, chosen, label)
        if kept:
            self._kept.append(chosen.place)
        if chosen.track:
            self.corrected[chosen.place] = label
        return f"kept as {label}" if kept else f"kept as {label} before"

    def _collect(self, tracked: TrackedFrame) -> str:
        kept = self.collector.collect(tracked, tracked.tracks)
        self._kept += [None] if kept else []
        return f"kept {kept} pictures in {self.collector.folder}; unsure ones in {INBOX}"

    def _snapshot(self, tracked: TrackedFrame) -> str:
        path = self.collector.snapshot(tracked)
        self._kept.append(None)
        return f"kept {path}"

    def _undo(self, _: TrackedFrame) -> str:
        count = self.collector.undo()
        place = self._kept.pop() if self._kept else None
        if place is not None:
            self.corrected.pop(place, None)
        return f"took back {count}" if count else "nothing to take back"

    def _next(self, tracked: TrackedFrame) -> str:
        shown = selectable_blobs(tracked) if self.controls.steps else shown_digits(tracked.tracks)
        chosen = self.controls.selected
        places = [blob.place for blob in shown]
        here = places.index(chosen.place) if chosen and chosen.place in places else -1
        self.controls.selected = shown[(here + 1) % len(shown)] if shown else None
        return describe(self.controls.selected)

    def _quit(self, _: TrackedFrame) -> str:
        self.controls.quit = True
        return "quit"

    def _pause(self, _: TrackedFrame) -> str:
        self._toggle("paused")
        return "paused: space goes on" if self.controls.paused else "reading"

    def _profile(self, _: TrackedFrame) -> str:
        return f"kept {self.save_profile(self.controls)}" if self.save_profile else "no profile is kept here"

    def _polarity(self, _: TrackedFrame) -> str:
        self.controls.polarity = POLARITIES[(POLARITIES.index(self.controls.polarity) + 1) % len(POLARITIES)]
        return f"ink: {self.controls.polarity}"

    def _confidence(self, step: float) -> str:
        self.controls.confidence = round(min(max(self.controls.confidence + step, 0.0), 1.0), 2)
        self.tracker.confidence = self.controls.confidence
        return f"a digit is shown from confidence {self.controls.confidence:.2f}"

    def _reset(self, _: TrackedFrame) -> str:
        self.tracker.reset()
        self.controls.selected = None
        self.corrected.clear()
        return "all numbers forgotten"

    def _toggle(self, name: str) -> str:
        on = not getattr(self.controls, name)
        setattr(self.controls, name, on)
        return f"{name.replace('_', ' ')} {'on' if on else 'off'}"


def selectable_blobs(tracked: TrackedFrame) -> list[Selectable]:
    """List the digits of a frame, and what was refused as one (track 0)."""
    refused = [
        Selectable(0, i, str(refusal), 0.0, False, (x, y, w, h))
        for i, ((x, y, w, h), refusal) in enumerate(
            zip(tracked.page.boxes.tolist(), tracked.page.refusals, strict=True)
        )
        if refusal
    ]
    return shown_digits(tracked.tracks) + refused


def blob_at(tracked: TrackedFrame, x: float, y: float) -> Selectable | None:
    """Return the smallest blob that covers a place in frame pixels."""
    hits = [blob for blob in selectable_blobs(tracked) if _covers(blob.box, x, y)]
    return min(hits, key=lambda blob: blob.box[2] * blob.box[3], default=None)


def describe(blob: Selectable | None) -> str:
    """Say in words what is selected."""
    if blob is None:
        return "nothing selected"
    return f"selected {blob.text} ({blob.confidence:.2f})" if blob.track else f"selected what was refused: {blob.text}"


def _covers(box: Box, x: float, y: float) -> bool:
    """Tell whether a place lies in a box, or within four pixels of it."""
    return box[0] - 4 <= x < box[0] + box[2] + 4 and box[1] - 4 <= y < box[1] + box[3] + 4
