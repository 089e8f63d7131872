"""The live window: shows frames, and takes keys and clicks."""

import cv2

from realtime.live.display import is_open, why_no_display
from realtime.live.keys import Keyboard
from realtime.live.loop import Live
from realtime.live.screen import compose, view_of
from realtime.live.state import Status
from realtime.outputs.sink import OutputError
from realtime.tracking.tracked_frame import TrackedFrame

TITLE = "livedigits"
PAUSE_MS = 30  # between looks at the keys while paused


class LiveWindow:
    """A window for live reading; a context manager. Raises OutputError where no window can be opened.

    `closed` tells that the user quit or closed it.
    """

    def __init__(self, keyboard: Keyboard) -> None:
        reason = why_no_display()
        if reason is not None:
            raise OutputError(f"cannot open a window: {reason}")
        self.closed = False
        self._keyboard = keyboard
        self._scene: TrackedFrame | None = None
        self._full = self._seen = False
        cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        cv2.setMouseCallback(TITLE, self._click)
        self._sized = False

    def __enter__(self) -> "LiveWindow":
        return self

    def __exit__(self, *_: object) -> None:
        cv2.destroyAllWindows()

    def show(self, seen: TrackedFrame | None, live: Live) -> None:
        """Show a seen, the last one again where it is None; do what keys ask for; stay here while paused."""
        if seen is not None:
            self._scene = seen
            self._keyboard.follow(seen)
        while True:
            if self._scene is not None:
                self._draw(self._scene, live.status())
            if seen is not None:
                live.shown(seen)
                seen = None
            key = cv2.waitKey(PAUSE_MS if self._keyboard.controls.paused else 1)
            if key >= 0 and self._scene is not None:
                self._keyboard.press(chr(key & 0xFF), self._scene)
            self._follow_controls()
            if self.closed or not self._keyboard.controls.paused:
                return

    def _draw(self, seen: TrackedFrame, status: Status) -> None:
        """Compose and show the seen."""
        canvas = compose(seen, self._keyboard.controls, status, self._keyboard.message)
        if not self._sized:
            self._sized = True
            fit = min(1.0, 1280 / canvas.shape[1], 800 / canvas.shape[0])
            cv2.resizeWindow(TITLE, max(1, int(canvas.shape[1] * fit)), max(1, int(canvas.shape[0] * fit)))
        cv2.imshow(TITLE, canvas)

    def _follow_controls(self) -> None:
        """Bring the window to what the keys asked for, and notice that it was closed."""
        controls = self._keyboard.controls
        if controls.full != self._full:
            self._full = controls.full
            mode = cv2.WINDOW_FULLSCREEN if self._full else cv2.WINDOW_NORMAL
            cv2.setWindowProperty(TITLE, cv2.WND_PROP_FULLSCREEN, mode)
        is_seen = is_open(TITLE)
        # A window takes a while to come up: it was closed only if it had been there.
        if controls.quit or (self._seen and not is_seen):
            self.closed = True
        self._seen = self._seen or is_seen

    def _click(self, event: int, x: int, y: int, *_: object) -> None:
        """Select what was clicked on."""
        if event == cv2.EVENT_LBUTTONDOWN and self._scene is not None:
            view = view_of(self._scene.frame.image, self._keyboard.controls.mirror)
            self._keyboard.click(self._scene, *view.place(x, y))
