"""A plain window that shows annotated frames, for photos and clips."""

import cv2

from realtime.live.display import is_open, why_no_display
from realtime.outputs.overlay import draw
from realtime.outputs.sink import OutputError, Sink
from realtime.tracking.tracked_frame import TrackedFrame


class Viewer(Sink):
    """Show the annotated frames; `closed` tells that the user pressed q or Esc, or closed the window."""

    def __init__(self, title: str, wait_ms: int) -> None:
        reason = why_no_display()
        if reason is not None:
            raise OutputError(f"cannot open a window: {reason}; read without one with --no-show")
        self.title, self.wait_ms, self.closed = title, wait_ms, False
        self._shown = self._seen = False

    def take(self, seen: TrackedFrame) -> None:
        """Show the frame and look at the keys."""
        if not self._shown:
            cv2.namedWindow(self.title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
            height, width = seen.frame.image.shape[:2]
            fit = min(1.0, 1280 / width, 800 / height)
            cv2.resizeWindow(self.title, max(1, int(width * fit)), max(1, int(height * fit)))
            self._shown = True
        cv2.imshow(self.title, draw(seen.frame.image, seen.tracks))
        while True:
            key = cv2.waitKey(self.wait_ms or 50)
            is_seen = is_open(self.title)
            # A window takes a while to come up: it was closed only if it had been there.
            if key in (ord("q"), 27) or (self._seen and not is_seen):
                self.closed = True
            self._seen = self._seen or is_seen
            if self.wait_ms or self.closed or key >= 0:
                return

    def close(self, whole: bool) -> None:
        """Close the window."""
        if self._shown:
            cv2.destroyAllWindows()
