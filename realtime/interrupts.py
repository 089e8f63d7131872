"""Let Ctrl-C end a console command without a traceback while it is still being imported, as it does later."""

import signal
import sys
import threading
from pathlib import Path

# The console scripts of this distribution; a program that imports realtime keeps Python's own way.
COMMANDS = frozenset(
    {"recognize-camera", "recognize-image", "recognize-video", "serve-numbers"}
    | {"evaluate-numbers", "benchmark-recognizer"}
    | {"train-digits", "train-rows", "train-finder", "measure-rows", "measure-digits", "report-training"}
    | {"export-onnx", "export-rows", "export-finder", "finetune-digits"}
)


def end_silently() -> None:
    """Leave Ctrl-C to the system, which ends the process, where one of our console scripts is starting."""
    starting = bool(sys.argv) and Path(sys.argv[0]).stem in COMMANDS
    if not starting or threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored, or a worker's
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def raise_again() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again: the command has begun, and tells of it itself."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


end_silently()
