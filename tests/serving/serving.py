"""Start serve-numbers as a user does, and ask it as programs do."""

import http.client
import json
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.run_commands import entry_point

WAIT = 30.0  # s that a server may take to answer, and a page to show what it should


@dataclass
class Serving:
    """A server that runs: its process, port and folder; `state` holds its token and certificate."""

    process: subprocess.Popen[str]
    port: int
    folder: Path
    public: bool = False

    @property
    def address(self) -> str:
        return f"{'https' if self.public else 'http'}://127.0.0.1:{self.port}"

    @property
    def state(self) -> Path:
        return self.folder / "state" / "livedigits"

    @property
    def token(self) -> str:
        return (self.state / "token").read_text().strip()

    def connect(self) -> http.client.HTTPConnection:
        if not self.public:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        context = ssl.create_default_context(cafile=str(self.state / "certificate.pem"))
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=WAIT, context=context)

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of an answer; an underscore in the name of a header is a hyphen."""
        connection = self.connect()
        try:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def json(self, path: str, **headers: str) -> Any:  # noqa: ANN401
        return json.loads(self.ask(path, **headers)[2])


@contextmanager
def serving(*words: object, folder: Path, port: int = 0, public: bool = False) -> Iterator[Serving]:
    """Run serve-numbers with these words until the block ends; it must end as Ctrl-C ends it."""
    environment = os.environ | {"XDG_STATE_HOME": str(folder / "state"), "PYTHONIOENCODING": "utf-8"}
    command = [entry_point("serve-numbers"), *map(str, words), "--port", str(port), "--device", "cpu"]
    command += ["--collect", str(folder / "kept"), *(["--public"] if public else [])]
    process = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        said = ""
        for line in process.stderr:
            said += line
            if line.startswith("open http"):
                port = int(line.split("//")[1].split("/")[0].rpartition(":")[2])
                break
        if not port or process.poll() is not None:
            raise AssertionError(said + process.stderr.read())
        running = Serving(process, port, folder, public)
        deadline = time.monotonic() + WAIT
        while True:
            try:
                running.ask("/healthz")
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        yield running
    finally:
        process.terminate()
        try:
            _, rest = process.communicate(timeout=WAIT)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        assert process.returncode == 0 and "Traceback" not in rest and "Unclosed" not in rest, rest


@contextmanager
def chromium(*words: str) -> Iterator[Any]:
    """Open a Chromium that can be driven; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with playwright.sync_playwright() as driver:
        try:
            opened = driver.chromium.launch(executable_path=path, args=["--no-sandbox", *words])
        except playwright.Error as error:
            pytest.skip(f"no Chromium here: {str(error).splitlines()[0]}")
        yield opened
        opened.close()
