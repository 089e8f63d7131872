"""Let Ctrl-C end a console command without a traceback while it is still being imported, as it does later."""

# Until `end_silently` has run, Ctrl-C writes a traceback: only what Python has loaded itself, or holds in itself. The
# module `signal` makes its names of `_signal` first, long enough to be hit.
import _signal  # type: ignore[import-not-found]  # which types know only as `signal`
import os
import sys

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
    if starting and _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:  # else ignored, or a worker's
        _answer(_signal.SIG_DFL)


def raise_again() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again: the command has begun, and tells of it itself."""
    if _signal.getsignal(_signal.SIGINT) == _signal.SIG_DFL:
        _answer(_signal.default_int_handler)


def _answer(handler: object) -> None:
    """Answer Ctrl-C so from now on, where this is the main thread."""
    try:  # noqa: SIM105  # contextlib takes its time
        _signal.signal(_signal.SIGINT, handler)
    except ValueError:
        pass


end_silently()
