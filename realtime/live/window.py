"""Show live frames in a window that takes keys and clicks."""

from collections import defaultdict, deque
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.live.display import TITLE, Window
from realtime.live.keys import Keyboard
from realtime.live.loop import LiveLoop
from realtime.live.mouse import Mouse
from realtime.live.panel import CHANGES, News
from realtime.live.screen import compose
from realtime.outputs.overlay import Overlay
from realtime.tracking.tracked_frame import TrackedFrame
from realtime.tracking.tracker import Event

# How often, ms, a paused window looks at the keys. Set by hand: often enough to feel immediate.
PAUSED_POLL_MS = 30


class LiveWindow:
    """A window for live reading; a context manager. `closed` tells that the user quit or closed it.

    Raises NoDisplayError where no window can be opened.
    """

    def __init__(self, keyboard: Keyboard) -> None:
        self._window = Window()
        self._keyboard = keyboard
        self._shown: TrackedFrame | None = None
        self._overlays: dict[tuple[bool, bool, float], Overlay] = defaultdict(Overlay)
        self._changes: deque[Event] = deque(maxlen=CHANGES)
        self._full_screen = False
        self._window.open()
        self._mouse = Mouse(keyboard.controls, lambda: self._shown, keyboard.click, keyboard.drag)
        cv2.setMouseCallback(TITLE, self._mouse)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._window.close()

    @property
    def closed(self) -> bool:
        """Whether the user has quit by a key, or closed the window."""
        return self._keyboard.controls.quit or self._window.closed

    def show(self, tracked: TrackedFrame | None, loop: LiveLoop) -> None:
        """Show a frame, the last one again where it is None; do what keys ask for; stay here while paused."""
        if tracked is not None:
            self._shown = tracked
            self._keyboard.follow(tracked)
            self._changes += tracked.events
        controls = self._keyboard.controls
        while True:
            if self._shown is not None:
                self._window.show(self._compose(self._shown, loop))
            if tracked is not None:
                loop.mark_shown(tracked)
                tracked = None
            key = self._window.wait_key(PAUSED_POLL_MS if controls.paused else 1)
            if key >= 0 and self._shown is not None:
                self._keyboard.press(chr(key & 0xFF), self._shown)
            if controls.full_screen != self._full_screen:
                self._full_screen = controls.full_screen
                mode = cv2.WINDOW_FULLSCREEN if self._full_screen else cv2.WINDOW_NORMAL
                cv2.setWindowProperty(TITLE, cv2.WND_PROP_FULLSCREEN, mode)
            if self.closed or not controls.paused:
                return

    def _compose(self, tracked: TrackedFrame, loop: LiveLoop) -> NDArray[np.uint8]:
        """Return the picture of the window."""
        keyboard, controls = self._keyboard, self._keyboard.controls
        # Labels stay where they are while the picture looks the same, and are there again when it does.
        overlay = self._overlays[controls.mirror, controls.steps, round(controls.zoom, 2)]
        kept, picture = keyboard.collector.count, keyboard.collector.last
        news = News(tracked.frame.source, keyboard.message, tuple(self._changes), kept, picture)
        return compose(tracked, controls, loop.status(), news, overlay, keyboard.corrected)
