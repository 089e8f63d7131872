"""Measure the page's delay: `python -m tests.serving.delay` reads a 640x480 camera and prints percentiles, ms.

The camera is Chromium's own, fed by the bundled clip; from the frame that the page takes to the outlines that it draws.
"""

import tempfile
import time
from pathlib import Path

import click
import cv2
import numpy as np

from tests.conftest import CLIP
from tests.serving.serving import chromium, serving

FAKE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


def film_clip(path: Path, size: tuple[int, int], frames: int = 80) -> None:
    """Write the first frames of the bundled clip as the JPEGs that Chromium takes for a camera's, size w, h."""
    capture = cv2.VideoCapture(str(CLIP))
    with path.open("wb") as film:
        for _ in range(frames):
            wide = capture.read()[1]
            high = wide.shape[1] * size[1] // size[0]
            room = max(0, high - wide.shape[0])
            image = cv2.copyMakeBorder(wide, room // 2, room - room // 2, 0, 0, cv2.BORDER_REPLICATE)
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            film.write(cv2.imencode(".jpg", image)[1].tobytes())
    capture.release()


@click.command()
@click.option("--seconds", type=click.FloatRange(1), default=30.0, show_default=True)
def main(seconds: float) -> None:
    """Read Chromium's camera for so long, after three seconds, and print how long its frames took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film_clip(folder / "film.mjpeg", (640, 480), 180)
        with (
            chromium(*FAKE, f"--use-file-for-fake-video-capture={folder / 'film.mjpeg'}") as browser,
            serving(folder=folder) as server,
        ):
            page = browser.new_page(viewport={"width": 360, "height": 800})
            page.goto(server.address)
            page.get_by_role("button", name="Use this camera").click()
            page.locator(".stage[data-delay]").wait_for()
            time.sleep(3)
            page.evaluate(
                """() => {
                  window.delays = [];
                  new MutationObserver(() => window.delays.push(+document.querySelector(".stage").dataset.delay))
                    .observe(document.querySelector(".stage"), { attributeFilter: ["data-delay"] });
                }"""
            )
            time.sleep(seconds)
            delays = np.array(page.evaluate("window.delays"))
    half, most, nearly_all = np.percentile(delays, (50, 95, 99))
    click.echo(f"{len(delays)} frames: median {half:.0f}, 95 % {most:.0f}, 99 % {nearly_all:.0f} ms")


if __name__ == "__main__":
    main()
