"""Let Ctrl-C end a console command without a traceback while it is still being imported, as it does later."""

# Only what Python has loaded itself or loads at once: until `end_silently` has run, Ctrl-C writes a traceback.
import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

# The console scripts of this distribution; a program that imports realtime keeps Python's own way.
COMMANDS = frozenset(
    {"recognize-camera", "recognize-image", "recognize-video", "serve-numbers"}
    | {"evaluate-numbers", "benchmark-recognizer"}
    | {"train-digits", "train-rows", "train-finder", "measure-rows", "measure-digits", "report-training"}
    | {"export-onnx", "export-rows", "export-finder", "finetune-digits"}
)


def end_silently() -> None:
    """Leave Ctrl-C to the system, which ends the process, where one of our console scripts is starting."""
    starting = bool(sys.argv) and os.path.splitext(os.path.basename(sys.argv[0]))[0] in COMMANDS  # noqa: PTH119, PTH122
    if starting and signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored, or a worker's
        _answer(signal.SIG_DFL)


def raise_again() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again: the command has begun, and tells of it itself."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        _answer(signal.default_int_handler)


def _answer(handler: "signal.Handlers | Callable[[int, FrameType | None], object]") -> None:
    """Answer Ctrl-C so from now on, where this is the main thread."""
    try:  # noqa: SIM105  # contextlib takes its time
        signal.signal(signal.SIGINT, handler)
    except ValueError:
        pass


end_silently()
