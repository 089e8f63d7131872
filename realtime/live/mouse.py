"""What the mouse does in the window: a click selects, the wheel zooms, a drag moves the picture."""

from collections.abc import Callable

import cv2

from realtime.live.state import Controls
from realtime.live.view import pan, view_of, zoom
from realtime.tracking.tracked_frame import TrackedFrame

STILL = 4  # pixels of the window that the mouse may move while a button is down, and it is a click; set by hand


class Mouse:
    """Take what the window tells of the mouse.

    shown: gives the frame that it shows, None before the first. click: told of a click on a place in that frame. drag:
    told, while a region is drawn, of each place, and whether the button was just pressed there, or let go.
    """

    def __init__(
        self,
        controls: Controls,
        shown: Callable[[], TrackedFrame | None],
        click: Callable[[TrackedFrame, float, float], None],
        drag: Callable[[TrackedFrame, tuple[float, float], bool, bool], None] | None = None,
    ) -> None:
        self._controls, self._shown, self._click, self._drag = controls, shown, click, drag
        self._pressed: tuple[int, int] | None = None
        self._last, self._dragged = (0, 0), False

    def __call__(self, event: int, x: int, y: int, flags: int, *_: object) -> None:
        """Obey an event at x, y in the picture of the window."""
        tracked = self._shown()
        if tracked is None:
            return
        controls = self._controls
        view = view_of(tracked.frame.image, controls)
        if event == cv2.EVENT_MOUSEWHEEL and flags:
            zoom(controls, view, x, y, nearer=flags > 0)
        elif controls.draft is not None and self._drag is not None:
            down, up = event == cv2.EVENT_LBUTTONDOWN, event == cv2.EVENT_LBUTTONUP
            if down or up or event == cv2.EVENT_MOUSEMOVE:
                self._drag(tracked, view.place(x, y), down, up)
        elif event == cv2.EVENT_LBUTTONDOWN:
            self._pressed, self._last, self._dragged = (x, y), (x, y), False
        elif event == cv2.EVENT_MOUSEMOVE and self._pressed is not None:
            far = max(abs(x - self._pressed[0]), abs(y - self._pressed[1])) > STILL
            self._dragged = self._dragged or far
            if self._dragged:
                pan(controls, view, x - self._last[0], y - self._last[1])
                self._last = x, y
        elif event == cv2.EVENT_LBUTTONUP:
            if self._pressed is not None and not self._dragged:
                self._click(tracked, *view.place(x, y))
            self._pressed = None
