"""Measure baselines, other ways to read the numbers of a clip, beside this project's: `python -m tests.baselines CLIP`.

The tutorial's loop: adaptive threshold, contours, each resized to 28x28, one torch call a digit. cv2.dnn: this
project's reading of each frame with its network run by OpenCV. OCR: PP-OCR by rapidocr-onnxruntime and Tesseract by
pytesseract, where installed (`pip install --no-deps`, for the first would replace onnxruntime-gpu). All run on one
thread; costs are medians over rounds, and every few frames are decoded alone before all ways read them by turns.
"""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from pathlib import Path
from time import perf_counter

import click
import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from realtime.commands.console import console_command, exit_codes, note
from realtime.measuring.benchmark import decode, limit_threads
from realtime.measuring.benchmark_figures import spread
from realtime.measuring.truth import open_labelled
from realtime.outputs.files import save_json
from realtime.reading.classifier import Classified
from realtime.reading.ensemble import FALLBACK, Networks, load_networks
from realtime.reading.model_files import default_model
from realtime.reading.pipeline import read
from realtime.reading.rows import arrange
from realtime.sources.clip import Clip
from realtime.sources.frame import Frame
from realtime.tracking.frame_reader import FrameReader
from realtime.tracking.tracker import Tracker
from training import checkpoint
from training.model import scaled

Reader = Callable[[Frame], list[str]]  # the numbers of the next frame
OURS = "livedigits, read as needed and followed"
SLOW = ("PP-OCR (rapidocr)", "Tesseract")
CHUNK = 10  # frames decoded alone, then read by all: so close together, a busy machine slows all alike


@dataclass
class Round:
    """The seconds of one round: of decoding, an entry a frame, and of each way by its name, a frame it read each.

    right, shown: how many numbers each way read exactly, and how many the frames that it read show.
    """

    decoding: list[float] = field(default_factory=list)
    costs: dict[str, list[float]] = field(default_factory=dict)
    right: Counter[str] = field(default_factory=Counter)
    shown: Counter[str] = field(default_factory=Counter)


class OpenCvNetwork:
    """The network run by cv2.dnn behind the call of a Classifier."""

    def __init__(self, path: Path, classes: tuple[str, ...]) -> None:
        self.classes = classes
        self._net = cv2.dnn.readNetFromONNX(str(path))

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return probabilities (N, C) of crops (N, 1, 28, 28)."""
        self._net.setInput(batch)
        return self._net.forward()

    def classify(self, batch: NDArray[np.uint8]) -> Classified:
        """Return the probabilities of a batch, which model gave them and what was learned, as a Classifier does."""
        given = self(batch)
        return Classified(
            given, np.full(len(batch), ""), np.zeros(len(batch), bool), np.zeros((len(batch), 0), np.float32)
        )


def tutorial(frame: Frame, model: torch.nn.Module) -> list[str]:
    """Read a frame as the tutorials do; their digits are joined by this project's lines, parted at wide gaps."""
    grey = cv2.GaussianBlur(cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), (5, 5), 0)
    mask = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 51, 15)
    boxes, digits = [], []
    for contour in cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
        x, y, w, h = cv2.boundingRect(contour)
        if h < 20 or w > 2 * h or h > frame.image.shape[0] // 3:
            continue
        digit = cv2.resize(mask[y : y + h, x : x + w], (28, 28), interpolation=cv2.INTER_AREA)
        with torch.no_grad():
            digits.append(str(int(model(scaled(torch.from_numpy(digit)[None, None]))[0, :10].argmax())))
        boxes.append((x, y, w, h))
    numbers = []
    for line in arrange(np.array(boxes, np.int32).reshape(-1, 4)):
        text = digits[line[0]]
        for before, k in pairwise(line):
            wide = boxes[k][0] - boxes[before][0] - boxes[before][2] > 1.2 * boxes[k][3]
            text += " " * wide + digits[k]
        numbers += text.split()
    return numbers


def open_readers(networks: Networks, weights: Path) -> dict[str, Reader]:
    """Return the ways that read each frame for itself by their names; say which cannot be had."""
    network = checkpoint.load(weights)[0].eval()
    other = replace(networks, classifier=OpenCvNetwork(networks.path, networks.classifier.classes))
    readers: dict[str, Reader | None] = {
        "livedigits, every frame read": lambda frame: [r.text for r in read(frame.image, networks).numbers],
        "the same with cv2.dnn": lambda frame: [r.text for r in read(frame.image, other).numbers],
        "tutorial's loop": lambda frame: tutorial(frame, network),
    }
    readers |= dict(zip(SLOW, (open_rapidocr(), open_tesseract()), strict=True))
    return {name: reader for name, reader in readers.items() if reader is not None}


def follow(networks: Networks) -> Reader:
    """Return what the commands do with a source from its start: read as needed, follow in between."""
    reader = FrameReader(Tracker())
    return lambda frame: [track.text for track in reader.read(frame, networks).tracks]


def open_rapidocr() -> Reader | None:
    """Return PP-OCR on one thread, None where it is not installed."""
    try:
        from rapidocr_onnxruntime import RapidOCR
    except ImportError as missing:
        note(f"no PP-OCR: {missing}; pip install --no-deps rapidocr-onnxruntime pyclipper shapely six pyyaml pillow")
        return None
    ocr = RapidOCR(intra_op_num_threads=1)
    return lambda frame: [word for line in ocr(frame.image)[0] or [] for word in str(line[1]).split()]


def open_tesseract() -> Reader | None:
    """Return Tesseract on one thread, None where it or its binding is not installed."""
    try:
        import pytesseract
    except ImportError as missing:
        note(f"no Tesseract: {missing}; pip install --no-deps pytesseract packaging pillow")
        return None
    if shutil.which("tesseract") is None:
        note("no Tesseract: its program is not on the path; install tesseract-ocr")
        return None
    settings = "--psm 11 -c tessedit_char_whitelist=0123456789"
    return lambda frame: pytesseract.image_to_string(
        cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB), config=settings
    ).split()


def measure_round(clip: Path, readers: dict[str, Reader], frames: int, slow: int) -> Round:
    """Go through a clip once: decode a few frames alone, then let each way read them, frame by frame."""
    result, passages = Round(costs={name: [] for name in readers}), open_labelled(clip).passages
    with Clip(clip) as alone, Clip(clip) as seen:
        bare, source = alone.frames(limit=frames), seen.frames(limit=frames)
        while count := decode(bare, result.decoding, CHUNK):
            for frame in islice(source, count):
                visible = [part for part in passages if part.start <= frame.time < part.end]
                truth = Counter(number for part in visible for row in part.rows for number in row.split())
                for name, reader in readers.items():
                    if frame.index % slow and name in SLOW:
                        continue
                    start = perf_counter()
                    texts = reader(frame)
                    result.costs[name].append(perf_counter() - start)
                    result.right[name] += sum((Counter(texts) & truth).values())
                    result.shown[name] += sum(truth.values())
    return result


def summarize(rounds: list[Round]) -> dict[str, object]:
    """Return the medians over rounds, with the least and the most, of each way: its cost and what it read right."""
    decoding = np.array([np.mean(r.decoding) for r in rounds])
    ours = np.array([np.mean(r.costs[OURS]) for r in rounds])
    ways = []
    for name in rounds[0].costs:
        each = np.array([np.mean(r.costs[name]) for r in rounds])
        right, shown = sum(r.right[name] for r in rounds), sum(r.shown[name] for r in rounds)
        times = {"times_decoding": spread(each / decoding), "times_ours": spread(each / ours)}
        percent = round(100 * right / shown, 1) if shown else None
        ways.append({"way": name, "ms": spread(1000 * each), **times, "numbers_right_percent": percent})
    return {"frames": len(rounds[0].decoding), "decoding_ms": spread(1000 * decoding), "ways": ways}


def table(figures: dict) -> list[str]:
    """Return the figures of one clip as lines, a table in Markdown."""
    lines = [
        f"{figures['clip']}: {figures['frames']} frames, {figures['rounds']} rounds, one thread, "
        f"decoding {figures['decoding_ms'][0]:.1f} ms a frame",
        *("", "| way | ms a frame | × decoding | least to most | × ours | numbers of a frame read exactly |"),
        "|---|---:|---:|---:|---:|---:|",
    ]
    for way in figures["ways"]:
        times, least, most = way["times_decoding"]
        right = "-" if way["numbers_right_percent"] is None else f"{way['numbers_right_percent']:.0f} %"
        lines.append(
            f"| {way['way']} | {way['ms'][0]:.1f} | {times:.1f} | {least:.1f} to {most:.1f} | "
            f"{way['times_ours'][0]:.1f} | {right} |"
        )
    return [*lines, ""]


@console_command
@click.argument("clips", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="CLIP...")
@click.option("--model", type=click.Path(path_type=Path), help="ONNX file.  [default: the one that ships]")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1), help="Go through each clip so often.")
@click.option(
    "--frames", default=60, show_default=True, type=click.IntRange(2), help="Read so many, from the first on."
)
@click.option("--slow", default=6, show_default=True, type=click.IntRange(1), help="OCR reads each so-manieth frame.")
@click.option("--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures as JSON.")
def main(
    clips: tuple[Path, ...], model: Path | None, rounds: int, frames: int, slow: int, json_path: Path | None
) -> None:
    """Read each CLIP by every way there is, and print what each costs and how many numbers it got right."""
    os.environ["OMP_THREAD_LIMIT"] = "1"  # Tesseract takes all cores otherwise
    torch.set_num_threads(1)
    with exit_codes(), limit_threads(1):
        networks = load_networks(model or default_model(), None, FALLBACK, "cpu")
        readers = open_readers(networks, networks.path.with_suffix(".pth"))
        measurements = []
        for clip in clips:
            measured = []
            for _ in range(rounds + 1):
                all_readers = {OURS: follow(networks), **readers}
                measured.append(measure_round(clip, all_readers, frames, slow))
            measurements.append(
                {"clip": clip.name, "rounds": rounds, **summarize(measured[1:])}
            )  # the first warms the caches
            click.echo("\n".join(table(measurements[-1])))
        if json_path is not None:
            save_json(json_path, {"clips": measurements})


if __name__ == "__main__":
    main()
