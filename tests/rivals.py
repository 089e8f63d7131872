"""Measure other ways to read the numbers of a clip beside this project's, in one run: `python -m tests.rivals CLIP`.

The tutorial's loop: adaptive threshold, contours, each resized to 28x28, one torch call a digit. cv2.dnn: this
project's reading of each frame with its network run by OpenCV. OCR: PP-OCR by rapidocr-onnxruntime and Tesseract by
pytesseract, where installed (`pip install --no-deps`, for the first would replace onnxruntime-gpu).
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import click
import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from realtime.benchmark import limit_threads
from realtime.capture import Clip, Frame
from realtime.classifier import Classifier, default_model
from realtime.options import exit_codes, note
from realtime.reading import group, read
from realtime.tracker import Tracker
from realtime.truth import open_source
from realtime.watch import Watch
from training import checkpoint
from training.model import scaled

Reader = Callable[[Frame], list[str]]  # the numbers of the next frame


class OpenCvNetwork:
    """The network run by cv2.dnn behind the call of a Classifier."""

    def __init__(self, path: Path, classes: tuple[str, ...]) -> None:
        self.classes = classes
        self._net = cv2.dnn.readNetFromONNX(str(path))

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return probabilities (N, C) of crops (N, 1, 28, 28)."""
        self._net.setInput(batch)
        return self._net.forward()


def tutorial(frame: Frame, model: torch.nn.Module) -> list[str]:
    """Read a frame as the tutorials do, digits joined by this project's rows."""
    grey = cv2.GaussianBlur(cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), (5, 5), 0)
    mask = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 51, 15)
    boxes, rows = [], []
    for contour in cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
        x, y, w, h = cv2.boundingRect(contour)
        if h < 20 or w > 2 * h or h > frame.image.shape[0] // 3:
            continue
        digit = cv2.resize(mask[y : y + h, x : x + w], (28, 28), interpolation=cv2.INTER_AREA)
        with torch.no_grad():
            rows.append(torch.softmax(model(scaled(torch.from_numpy(digit)[None, None])), dim=1)[0, :10].numpy())
        boxes.append((x, y, w, h))
    readings = group(np.array(boxes, np.int32).reshape(-1, 4), np.array(rows, np.float32).reshape(-1, 10), 0.0)
    return [reading.text for reading in readings]


def open_readers(model: Path, weights: Path) -> dict[str, Reader]:
    """Return each way to read by its name, ours first; say which cannot be had."""
    classifier, watch = Classifier(model, "cpu"), Watch(Tracker())
    network = checkpoint.load(weights)[0].eval()
    other = OpenCvNetwork(model, classifier.classes)
    readers: dict[str, Reader] = {
        "livedigits, read as needed and followed": lambda frame: [
            track.text for track in watch.see(frame.image, frame.time, classifier)
        ],
        "livedigits, every frame read": lambda frame: [r.text for r in read(frame.image, classifier).readings],
        "the same with cv2.dnn": lambda frame: [r.text for r in read(frame.image, other).readings],
        "tutorial's loop": lambda frame: tutorial(frame, network),
    }
    try:
        from rapidocr_onnxruntime import RapidOCR

        ocr = RapidOCR(intra_op_num_threads=1)
        readers["PP-OCR (rapidocr)"] = lambda frame: [
            word for line in ocr(frame.image)[0] or [] for word in str(line[1]).split()
        ]
    except ImportError as missing:
        note(f"no PP-OCR: {missing}; pip install --no-deps rapidocr-onnxruntime pyclipper shapely six")
    try:
        import pytesseract

        settings = "--psm 11 -c tessedit_char_whitelist=0123456789"
        readers["Tesseract"] = lambda frame: pytesseract.image_to_string(
            cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB), config=settings
        ).split()
    except ImportError as missing:
        note(f"no Tesseract: {missing}; pip install --no-deps pytesseract packaging pillow")
    return readers


@click.command()
@click.argument("clip", type=click.Path(path_type=Path))
@click.option("--model", type=click.Path(path_type=Path), help="ONNX file.  [default: the one that ships]")
@click.option(
    "--frames", default=60, show_default=True, type=click.IntRange(2), help="Read so many, from the first on."
)
@click.option("--slow", default=6, show_default=True, type=click.IntRange(1), help="OCR reads each so-manieth frame.")
def main(clip: Path, model: Path | None, frames: int, slow: int) -> None:
    """Read CLIP, frame by frame, by every way there is, and print what each costs and how many numbers it got right."""
    with exit_codes():
        model = model or default_model()
        readers = open_readers(model, model.with_suffix(".pth"))
        passages = open_source(clip).passages
        costs: dict[str, list[float]] = {name: [] for name in readers}
        right, shown = Counter(), Counter()
        decoding = []
        torch.set_num_threads(1)
        with limit_threads(1), Clip(clip) as opened:
            source = opened.frames(most=frames)
            for count in range(frames):
                start = perf_counter()
                frame = next(source, None)
                if frame is None:
                    break
                decoding.append(perf_counter() - start)
                told = [part for part in passages if part.start <= frame.time < part.end]
                truth = Counter(number for part in told for row in part.rows for number in row.split())
                for name, reader in readers.items():
                    if count % slow and name in ("PP-OCR (rapidocr)", "Tesseract"):
                        continue
                    start = perf_counter()
                    texts = reader(frame)
                    costs[name].append(perf_counter() - start)
                    right[name] += sum((Counter(texts) & truth).values())
                    shown[name] += sum(truth.values())
    one, ours = float(np.mean(decoding[1:])), float(np.mean(next(iter(costs.values()))))
    click.echo(f"{clip.name}: {len(decoding)} frames, one thread, decoding {1000 * one:.1f} ms a frame\n")
    click.echo(
        "| way | ms a frame | × decoding | × ours | numbers of a frame read exactly |\n|---|---:|---:|---:|---:|"
    )
    for name, times in costs.items():
        mean, share = float(np.mean(times)), 100 * right[name] / max(shown[name], 1)
        click.echo(f"| {name} | {1000 * mean:.1f} | {mean / one:.1f} | {mean / ours:.1f} | {share:.0f} % |")


if __name__ == "__main__":
    main()
