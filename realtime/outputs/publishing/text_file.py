"""Keep the numbers that stand just now in a text file, for OBS and other programs that show one."""

from pathlib import Path

from realtime.outputs.files import check_folder, write_whole
from realtime.outputs.sink import Sink
from realtime.tracking.tracked_frame import TrackedFrame


class TextFile(Sink):
    """Write the settled numbers of each source's last frame, a line for each line of writing, whenever they change.

    The file is empty while none is to be seen; what is held is left out. Raises OutputError where it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._text = path, ""
        self._of: dict[str, str] = {}  # the lines of each source
        check_folder(path)
        write_whole(path, b"")

    def take(self, tracked: TrackedFrame) -> None:
        """Write the numbers of the frame if they are others than those written."""
        rows: dict[int, list[str]] = {}
        for track in sorted(tracked.tracks, key=lambda track: (track.row, track.box[0])):
            if track.state == "settled" and not (track.judgement and track.judgement.error):
                rows.setdefault(track.row, []).append(track.text)
        self._of[tracked.frame.source] = "".join(" ".join(numbers) + "\n" for numbers in rows.values())
        text = "".join(self._of.values())
        if text != self._text:
            write_whole(self._path, text.encode())
            self._text = text
