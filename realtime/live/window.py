"""Show live frames in a window that takes keys and clicks."""

from typing import Self

import cv2

from realtime.live.display import TITLE, Window
from realtime.live.drawing import drag
from realtime.live.keys import Keyboard
from realtime.live.loop import LiveLoop
from realtime.live.screen import compose, view_of
from realtime.tracking.tracked_frame import TrackedFrame

# How often, ms, a paused window looks at the keys. Set by hand: often enough to feel immediate.
PAUSED_POLL_MS = 30


class LiveWindow:
    """A window for live reading; a context manager. `closed` tells that the user quit or closed it.

    Raises NoDisplayError where no window can be opened.
    """

    def __init__(self, keyboard: Keyboard) -> None:
        self._window = Window(toolbar=False)
        self._keyboard = keyboard
        self._shown: TrackedFrame | None = None
        self._full_screen = False
        self._window.open()
        cv2.setMouseCallback(TITLE, self._click)

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
        controls = self._keyboard.controls
        while True:
            if self._shown is not None:
                self._window.show(compose(self._shown, controls, loop.status(), self._keyboard.message))
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

    def _click(self, event: int, x: int, y: int, *_: object) -> None:
        """Select what was clicked on, or draw the region that is dragged."""
        if self._shown is None:
            return
        image, keyboard = self._shown.frame.image, self._keyboard
        place = view_of(image, keyboard.controls.mirror).place(x, y)
        down, up = event == cv2.EVENT_LBUTTONDOWN, event == cv2.EVENT_LBUTTONUP
        if keyboard.controls.draft is not None:
            if down or up or event == cv2.EVENT_MOUSEMOVE:
                keyboard.message = drag(keyboard.controls, place, (image.shape[1], image.shape[0]), down, up)
        elif down:
            keyboard.click(self._shown, *place)
