"""Run commands in processes forked from one that has imported them, so that none of them imports all of it anew.

Its words name more modules to import. Each command is a process of its own, in a folder and with an environment of
its own, whose start alone is not the real one. A line of JSON on standard input tells of each; a line with its process
id and one with its exit status come back.
"""

import atexit
import json
import os
import signal
import sys
import threading
import traceback
from contextlib import suppress
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any


def load_commands() -> dict[str, EntryPoint]:
    """Import all commands, and the modules that were named; return the commands by name."""
    for name in sys.argv[1:]:
        with suppress(ImportError):
            import_module(name)
    commands = {e.name: e for e in entry_points(group="console_scripts") if e.dist and e.dist.name == "livedigits"}
    for command in commands.values():
        command.load()
    return commands


def serve() -> dict[str, Any]:
    """Fork for each request and tell what came of it, until there are none; in a forked process return its request."""
    before = dict(os.environ)
    commands = load_commands()
    own = {name: value for name, value in os.environ.items() if before.get(name) != value}  # set before cv2 is imported
    while line := sys.stdin.readline():
        request = json.loads(line) | {"own": own, "commands": commands}
        pid = os.fork()
        if not pid:
            return request
        os.write(1, f"{pid}\n".encode())
        os.write(1, f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n".encode())
    sys.exit(0)


def become(request: dict[str, Any]) -> None:
    """Run a command as its script does, with what a process that was just started has."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(request["own"] | request["environment"])
    os.chdir(request["folder"])
    for number, path in enumerate((os.devnull, request["out"], request["err"])):
        file = os.open(path, os.O_RDWR)
        os.dup2(file, number)
        os.close(file)
    sys.argv, code = request["words"], 1
    try:
        code = request["commands"][Path(sys.argv[0]).stem].load()() or 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001  # as Python tells of what nobody caught
        traceback.print_exc()
    # ONNX Runtime's destructors wait for a thread that was not forked, for good: Python ends without them.
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush(), sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    become(serve())
