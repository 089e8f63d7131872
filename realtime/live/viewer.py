"""Show photos and clips, as they were read, in the window of the live view."""

import cv2

from realtime.live.display import ESCAPE, TITLE, NoDisplayError, Window
from realtime.live.keys import blob_at, describe
from realtime.live.mouse import Mouse
from realtime.live.panel import News
from realtime.live.screen import compose
from realtime.live.state import Controls, Status
from realtime.outputs.overlay import Overlay
from realtime.outputs.sink import OutputError, Sink
from realtime.reading.pipeline import CONFIDENCE
from realtime.tracking.tracked_frame import TrackedFrame

# How often, ms, a window that waits for a key looks whether it was closed. Set by hand.
POLL_MS = 50
HINT = "any key: next, q: quit, wheel and drag: zoom"


class Viewer(Sink):
    """Show the annotated frames; `closed` tells that the user pressed q or Esc, or closed the window.

    device: what reads, and with which network. Raises OutputError where no window can be opened.
    """

    def __init__(self, device: str) -> None:
        try:
            self._window = Window()
        except NoDisplayError as error:
            raise OutputError(f"cannot open a window: {error}; read without one with --no-show") from None
        self._controls, self._status = Controls(CONFIDENCE, "auto"), Status(0.0, None, 0, device)
        self._overlay, self._shown = Overlay(), list[TrackedFrame]()
        self._mouse: Mouse | None = None

    @property
    def closed(self) -> bool:
        """Whether the user has closed the window, by a key or otherwise."""
        return self._window.closed

    def take(self, tracked: TrackedFrame) -> None:
        """Show the frame and look at the keys."""
        self._shown, self._controls.selected = [tracked], None
        self._show()
        self._press(self._window.wait_key(1))

    def wait(self) -> None:
        """Let the last frame stay until the user presses a key or closes the window."""
        while not (self._press(self._window.wait_key(POLL_MS)) or self.closed):
            self._show()

    def close(self) -> None:
        """Close the window."""
        self._window.close()

    def _show(self) -> None:
        """Show the last frame, as wheel and mouse have it."""
        for tracked in self._shown:
            chosen = self._controls.selected
            news = News(tracked.frame.source, describe(chosen) if chosen else "", hint=HINT)
            self._window.show(compose(tracked, self._controls, self._status, news, self._overlay))
        if self._mouse is None and self._shown:
            self._mouse = Mouse(self._controls, lambda: self._shown[0], self._select)
            cv2.setMouseCallback(TITLE, self._mouse)

    def _select(self, tracked: TrackedFrame, x: float, y: float) -> None:
        """Select what was clicked on."""
        self._controls.selected = blob_at(tracked, x, y)

    def _press(self, key: int) -> bool:
        """Obey a key, given by its code, and tell whether there was one."""
        self._window.closed = self._window.closed or key in (ord("q"), ESCAPE)
        return key >= 0
