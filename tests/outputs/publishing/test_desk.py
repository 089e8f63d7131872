"""Numbers typed where the cursor is, and copied: on a real screen with a real window that takes them."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("Xvfb"), reason="needs a virtual screen: apt-get install xvfb")
pytest.importorskip("tkinter")

TAKER = """
import tkinter
window = tkinter.Tk()
field = tkinter.Entry(window)
field.pack()
field.bind("<Return>", lambda _: print(end="|", flush=True))
field.bind("<Key>", lambda event: print(end=event.char.strip(), flush=True))
field.focus_force()
window.after(1000, lambda: print("ready", flush=True))
window.mainloop()
"""
WRITER = """
import sys
from realtime.outputs.publishing.desk import Clipboard, Typing
from tests.outputs.publishing.servers import frame_of
with (Typing if sys.argv[1] == "type" else Clipboard)() as sink:
    sink.take(frame_of(("settled", "3.75"), ("gone", "9"), ("held", "8"), ("changed", "-12")))
"""


@pytest.fixture
def desk() -> Iterator[dict[str, str]]:
    """The environment of programs on a virtual screen."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset"]
    screen = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        yield {**os.environ, "DISPLAY": f":{pipe.readline().strip()}"}
    screen.terminate()
    screen.wait()


@pytest.mark.skipif(not find_spec("pynput"), reason="needs a keyboard: pip install 'livedigits[desk]'")
def test_numbers_are_typed_with_enter_behind_each(desk: dict[str, str]) -> None:
    with subprocess.Popen([sys.executable, "-c", TAKER], env=desk, stdout=subprocess.PIPE, text=True) as taker:
        try:
            assert taker.stdout is not None and taker.stdout.readline() == "ready\n"
            subprocess.run([sys.executable, "-c", WRITER, "type"], env=desk, check=True, timeout=60)
            time.sleep(1.0)
        finally:
            taker.terminate()
        assert taker.stdout.read() == "3.75|-12|"


@pytest.mark.skipif(not shutil.which("xclip"), reason="needs a clipboard: apt-get install xclip")
def test_the_newest_number_is_copied(desk: dict[str, str]) -> None:
    subprocess.run([sys.executable, "-c", WRITER, "copy"], env=desk, check=True, timeout=60)
    told = subprocess.run(["xclip", "-selection", "c", "-o"], env=desk, capture_output=True, text=True, check=True)
    assert told.stdout == "-12"
