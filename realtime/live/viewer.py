"""Show annotated frames in a plain window, for photos and clips."""

from realtime.live.display import ESCAPE, NoDisplayError, Window
from realtime.outputs.overlay import draw
from realtime.outputs.sink import OutputError, Sink
from realtime.tracking.tracked_frame import TrackedFrame

# How often, ms, a window that waits for a key looks whether it was closed. Set by hand.
POLL_MS = 50


class Viewer(Sink):
    """Show the annotated frames; `closed` tells that the user pressed q or Esc, or closed the window.

    Raises OutputError where no window can be opened.
    """

    def __init__(self) -> None:
        try:
            self._window = Window(toolbar=True)
        except NoDisplayError as error:
            raise OutputError(f"cannot open a window: {error}; read without one with --no-show") from None

    @property
    def closed(self) -> bool:
        """Whether the user has closed the window, by a key or otherwise."""
        return self._window.closed

    def take(self, tracked: TrackedFrame) -> None:
        """Show the frame and look at the keys."""
        self._window.show(draw(tracked.frame.image, tracked.tracks, tracked.read_page.regions))
        self._press(self._window.wait_key(1))

    def wait(self) -> None:
        """Let the last frame stay until the user presses a key or closes the window."""
        while not (self._press(self._window.wait_key(POLL_MS)) or self.closed):
            pass

    def _press(self, key: int) -> bool:
        """Obey a key, given by its code, and tell whether there was one."""
        self._window.closed = self._window.closed or key in (ord("q"), ESCAPE)
        return key >= 0

    def close(self) -> None:
        """Close the window."""
        self._window.close()
