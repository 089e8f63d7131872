"""Draw the panel beside the picture: the numbers as they stand on the page, what changed, how reading goes, keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.live.keys import HELP
from realtime.live.state import Controls, Status
from realtime.outputs.labels import FONT, label_text, text_style
from realtime.outputs.overlay import DARK, WHITE, Colour, hue_of
from realtime.reading.page import named
from realtime.sources.names import show
from realtime.tracking.track import Track
from realtime.tracking.tracker import Event

# Set by hand: the panel's width and the height of its digits, pixels, and the space between lines as a share of that.
WIDTH, TALL, SPACE = 325, 12, 0.75
GREY, GOOD, BAD = (175, 175, 175), (150, 220, 120), (90, 150, 255)  # BGR
CHANGES = 3  # of the last changes that are listed


@dataclass(frozen=True)
class News:
    """What the panel tells besides the numbers in sight: the last changes, what the last key did, what was kept.

    source: what is read. kept: how many pictures this session has kept. picture: that of the digit kept as last. hint:
    which key comes next.
    """

    source: str = ""
    message: str = ""
    changes: tuple[Event, ...] = ()
    kept: int = 0
    picture: NDArray[np.uint8] | None = None
    hint: str = "h: all keys"


class Panel:
    """A panel of a height, pixels, that is written from the top and from the bottom."""

    def __init__(self, height: int) -> None:
        self.image = np.full((height, WIDTH, 3), DARK, np.uint8)
        self._step, self._margin = round(TALL * (1 + SPACE)), TALL
        self._top, self._bottom = self._margin, height - self._margin // 2

    @property
    def room(self) -> int:
        """How many lines are still free."""
        return max(0, (self._bottom - self._top) // self._step)

    def write(self, text: str, colour: Colour = WHITE, bar: Colour | None = None) -> None:
        """Write a text in as many lines as it needs, while there is room; bar: of colour at its left."""
        for line in wrap(text, WIDTH - 2 * self._margin, TALL):
            if not self.room:
                return
            self._lay(line, self._top, colour, bar)
            self._top += self._step

    def write_below(self, text: str, colour: Colour = WHITE) -> None:
        """Write a text at the bottom, above what stands there."""
        for line in reversed(wrap(text, WIDTH - 2 * self._margin, TALL)):
            if not self.room:
                return
            self._bottom -= self._step
            self._lay(line, self._bottom, colour, None)

    def show_below(self, picture: NDArray[np.uint8]) -> None:
        """Show a small picture at the bottom, above what stands there, where there is room."""
        tall = 4 * self._step
        wide = max(1, min(WIDTH - 2 * self._margin, round(picture.shape[1] * tall / picture.shape[0])))
        if self._bottom - self._top < tall + self._step:
            return
        self._bottom -= tall + self._step // 2
        place = self.image[self._bottom : self._bottom + tall, self._margin : self._margin + wide]
        place[:] = cv2.resize(picture, (wide, tall), interpolation=cv2.INTER_AREA)

    def space(self) -> None:
        """Leave half a line free."""
        self._top += self._step // 2

    def _lay(self, line: str, top: int, colour: Colour, bar: Colour | None) -> None:
        strip = _line(line, TALL, colour)
        place = self.image[top : top + strip.shape[0], self._margin :]
        wide = min(place.shape[1], strip.shape[1])
        place[:, :wide] = strip[: place.shape[0], :wide]
        if bar is not None:
            self.image[top : top + TALL + TALL // 4, self._margin // 3 : self._margin * 2 // 3] = bar


def draw_panel(
    height: int, tracks: Sequence[Track], controls: Controls, status: Status, news: News
) -> NDArray[np.uint8]:
    """Return the panel, a picture of this height."""
    panel = Panel(height)
    if news.message:
        panel.write_below(news.message, BAD if news.message.startswith("error") else GOOD)
    if news.picture is not None:
        panel.show_below(news.picture)
    if controls.help:
        for key, meaning in HELP:
            panel.write(f"{key}: {meaning}")
        return panel.image
    panel.write_below(news.hint, GREY)
    for line in reversed(_state(controls, status, news)):
        panel.write_below(line, BAD if line == status.outage else GREY)
    changes = news.changes[-CHANGES:]
    rows = _rows(tracks)
    fit = max(0, panel.room - len(changes) - 2)
    for row in rows[:fit]:
        panel.write(named(row[0].region, "   ".join(label_text(track) for track in row)), WHITE, hue_of(row[0]))
    if len(rows) > fit:
        panel.write(f"and {len(rows) - fit} more rows", GREY)
    panel.space()
    for event in reversed(changes):
        what = f"{event.was} -> {event.text}" if event.was else event.text
        panel.write(f"{event.time:.1f} s  {what}{' gone' if event.kind == 'gone' else ''}", GREY)
    return panel.image


def wrap(text: str, width: int, tall: int) -> list[str]:
    """Break a text, its digits `tall` pixels high, into lines of at most so many pixels, at blanks where it can."""
    scale, thickness, _ = text_style(tall)
    lines = [""]
    for word in show(text).split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if cv2.getTextSize(longer, FONT, scale, thickness)[0][0] <= width:
            lines[-1] = longer
            continue
        lines += [""] if lines[-1] else []
        for sign in word:
            if cv2.getTextSize(lines[-1] + sign, FONT, scale, thickness)[0][0] > width:
                lines.append("")
            lines[-1] += sign
    return lines


def _rows(tracks: Sequence[Track]) -> list[list[Track]]:
    """Return the numbers row by row, each from the left."""
    rows: dict[int, list[Track]] = {}
    for track in sorted(tracks, key=lambda track: (track.row, track.box[0])):
        rows.setdefault(track.row, []).append(track)
    return list(rows.values())


def _state(controls: Controls, status: Status, news: News) -> list[str]:
    """Return how reading goes, in lines."""
    speed = [f"{status.fps:.0f} frames a second"] if status.fps else []
    speed += [f"{status.delay_ms:.0f} ms behind"] if status.delay_ms is not None else []
    speed += [f"{status.dropped} dropped"] if status.dropped else []
    settings = [f"ink {controls.polarity}", f"sure {controls.confidence:.2f}"]
    settings += ["mirrored"] * controls.mirror + ["PAUSED"] * controls.paused
    settings += [f"{controls.zoom:.1f} times"] if controls.zoom > 1 else []
    source = f"camera {news.source}" if news.source.isdecimal() else news.source
    lines = [source, status.device, ", ".join(speed), ", ".join(settings)]
    lines += [f"kept to learn from: {news.kept}"] if news.kept else []
    return [line for line in [*lines, status.outage] if line]


@lru_cache(maxsize=128)
def _line(text: str, tall: int, colour: Colour) -> NDArray[np.uint8]:
    """Return a line of text, (h, w, 3), on the panel's ground."""
    scale, thickness, _ = text_style(tall)
    width = cv2.getTextSize(text, FONT, scale, thickness)[0][0]
    strip = np.full((tall + tall // 2, width + 2, 3), DARK, np.uint8)
    cv2.putText(strip, text, (0, tall + tall // 8), FONT, scale, colour, thickness, cv2.LINE_AA)
    strip.setflags(write=False)
    return strip
