"""Put settled numbers where the user of a desk works: typed where the cursor is, by pynput, or into the clipboard."""

import pyperclip

from realtime.outputs.sink import OutputError, Sink
from realtime.tracking.tracked_frame import TrackedFrame


def settled_texts(tracked: TrackedFrame) -> list[str]:
    """Return what settled or changed with a frame and is as it should be."""
    told = [event for event in tracked.events if event.kind in ("settled", "changed")]
    return [event.text for event in told if event.fits is not False]


class Typing(Sink):
    """Type each number and Enter, as a scanner of bar codes does."""

    def __init__(self) -> None:
        from pynput.keyboard import Controller, Key  # not above: the import asks for a display

        self._keyboard, self._enter = Controller(), Key.enter

    def take(self, tracked: TrackedFrame) -> None:
        """Type the numbers that settled or changed with the frame. Raises OutputError where no key can be pressed."""
        for text in settled_texts(tracked):
            try:
                self._keyboard.type(text)
                self._keyboard.tap(self._enter)
            except (self._keyboard.InvalidCharacterException, self._keyboard.InvalidKeyException, OSError) as error:
                raise OutputError(f"cannot type {text}: {error}") from None


class Clipboard(Sink):
    """Keep the newest number in the clipboard."""

    def __init__(self) -> None:
        try:
            pyperclip.paste()
        except pyperclip.PyperclipException:
            why = "there is no clipboard: on Linux apt-get install xclip, or wl-clipboard for Wayland"
            raise OutputError(why) from None

    def take(self, tracked: TrackedFrame) -> None:
        """Copy the number that settled or changed last with the frame. Raises OutputError where that fails."""
        for text in settled_texts(tracked)[-1:]:
            try:
                pyperclip.copy(text)
            except pyperclip.PyperclipException as error:
                raise OutputError(f"cannot copy {text}: {error}") from None
