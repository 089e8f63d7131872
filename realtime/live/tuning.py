"""Fine-tune beside what is read live: finetune-digits as a process of low priority that watches the corrections."""

import os
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from types import TracebackType

from realtime.reading.model_files import user_folder

LOWER = 10  # steps of niceness by which what is read live goes first
END = 5.0  # seconds in which the process ends when it is asked to


class BackgroundTuning:
    """Fine-tune whenever the corrections in a folder have changed, from `with` to its end.

    folder: labelled pictures. mnist: its files, None to fetch them. What is promoted lies where `finetuned_model` finds
    it. The process writes its report in the user's folder, and ends with this one, however that ends.
    """

    def __init__(self, folder: Path, mnist: Path | None = None) -> None:
        command = [sys.executable, "-c", "from export.finetune_digits import main; main()", str(folder), "--watch"]
        command += ["--report", str(user_folder() / "report")]
        self._command = command + ([] if mnist is None else ["--data", str(mnist)])
        self._told: deque[str] = deque()

    def __enter__(self) -> "BackgroundTuning":
        slowly = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)  # of Windows
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            errors="replace", creationflags=slowly,
        )  # fmt: skip
        if hasattr(os, "setpriority"):
            own = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, self._process.pid, min(own + LOWER, 19))
        self._listener = threading.Thread(target=self._listen, name="tuning", daemon=True)
        self._listener.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join(END)
        if self._process.stderr is not None:
            self._process.stderr.close()

    def news(self) -> list[str]:
        """Return what it has told since it was last asked, in lines."""
        lines = []
        while self._told:
            lines.append(f"learning: {self._told.popleft()}")
        return lines

    def _listen(self) -> None:
        assert self._process.stderr is not None  # noqa: S101
        for line in self._process.stderr:
            if line.strip():
                self._told.append(line.strip())
        if code := self._process.wait():
            self._told.append(f"it has ended with exit code {code}, and nothing more is learned")
