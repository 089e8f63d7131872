"""What several test modules share: the bundled model and clip, drawn pictures, and networks made for a test."""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.reading import crops, runtime
from realtime.reading.classifier import Classifier
from realtime.reading.ensemble import FALLBACK, Networks, load_networks
from realtime.reading.model_files import default_model
from realtime.reading.page import Digit, Number, Page
from realtime.reading.pipeline import read
from realtime.reading.row_reader import SURE, RowReading, Symbol
from realtime.reading.strips import Strip
from training.scenes.pen import Hand, stain, write

# What a developer's own machine has learned from them must not read for the tests, nor learn from these.
os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="livedigits-")

CLIP = Path(__file__).parent / "data" / "numbers.mp4"
DIGITS = tuple("0123456789")
# From where to where the strokes run that are drawn with a ruler, not a pen, in heights of a digit.
STROKES = {".": ((-0.04, 0.97), (-0.02, 0.99)), ",": ((0.0, 0.95), (-0.08, 1.12)), "/": ((0.22, -0.08), (-0.22, 1.12))}


def has_cuda() -> bool:
    """Tell whether this machine has an NVIDIA driver."""
    return runtime._driver_loads()


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real pictures, which is not part of the repository."""
    folder = os.environ.get("LIVEDIGITS_DATA")
    if not folder:
        pytest.skip("needs real pictures: set LIVEDIGITS_DATA to their folder")
    return Path(folder)


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    """The bundled network on the CPU."""
    return Classifier(default_model(), "cpu")


@pytest.fixture(scope="session")
def networks() -> Networks:
    """All bundled networks on the CPU."""
    return load_networks(default_model(), None, FALLBACK, "cpu")


@pytest.fixture(scope="session")
def line_told(networks: Networks) -> Page:
    """A page that says 2415, whose 1 its line alone tells: in the picture, DOTTED, it is a point."""
    page = read(DOTTED, replace(networks, rows=InkRows("24.5", sure=0.99)))
    (number,), (row,) = page.numbers, page.lines
    assert number.text == "24.5"
    left, right = number.digits[1].box, number.digits[2].box
    box = (left[0] + left[2], row.box[1], right[0] - left[0] - left[2], row.box[3])
    told = Digit("1", 0.9, box, -1, np.full(10, 0.1, np.float32))
    digits = *number.digits[:2], told, replace(number.digits[2], before="")
    return replace(page, numbers=[Number(digits, 0)], lines=[replace(row, text="2415")])


@pytest.fixture(scope="session")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three pictures that are easy to read, under names of several scripts: 2468 and 1357, 90, nothing."""
    folder = tmp_path_factory.mktemp("sheets")
    return [
        save_image(folder / "a.png", draw_sheet(["2468", "1357"], (800, 600))),
        save_image(folder / "naïve 写.jpg", draw_sheet(["90"], dark=False)),
        save_image(folder / "blank.png", np.full((200, 300, 3), 200, np.uint8)),
    ]


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[..., Path]:
    """Return a maker of small ONNX files with any metadata and any input; the network knows ink, not digits."""

    def make(name: str = "small.onnx", kind: str = "UINT8", outputs: int = 11, **metadata: str | None) -> Path:
        import onnx
        from onnx import TensorProto, helper, numpy_helper

        weights = np.linspace(-1e-4, 1e-4, 784 * outputs, dtype=np.float32).reshape(784, outputs)
        nodes = [
            helper.make_node("Cast", ["crops"], ["floats"], to=TensorProto.FLOAT),
            helper.make_node("Flatten", ["floats"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        ]
        graph = helper.make_graph(
            nodes,
            "small",
            [helper.make_tensor_value_info("crops", getattr(TensorProto, kind), ["batch", 1, 28, 28])],
            [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", outputs])],
            [numpy_helper.from_array(weights, "weights")],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
        properties = {"classes": json.dumps([*DIGITS, "not-a-digit"]), "crop_version": crops.VERSION, **metadata}
        helper.set_model_props(model, {key: value for key, value in properties.items() if value is not None})
        path = tmp_path / name
        onnx.save(model, str(path))
        return path

    return make


@pytest.fixture(scope="session")
def pen_mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of MNIST's form, 600 and 300 digits drawn with a pen."""
    from tests.training.test_data import idx
    from training.data import FILES

    folder = tmp_path_factory.mktemp("mnist")
    for part, count in (("train", 600), ("test", 300)):
        labels = np.arange(count) % 10
        ink = [draw_digit(str(label), seed=i + (part == "test") * 1000) for i, label in enumerate(labels)]
        for kind, array in (("images", crops.stack(ink)[:, 0]), ("labels", labels)):
            (folder / FILES[part, kind]).write_bytes(idx(array))
    return folder


class InkRows:
    """A row network that spells a text over the runs of inked columns of each line, again and again.

    A "?" is a 3 or an 8. It stands for the real one where a test is about single digits, or about what is made of a
    line.
    """

    trusted = 0.5
    signs = tuple("0123456789.,-+x/:=()[]%~")

    def __init__(self, text: str = "7", sure: float = 0.9) -> None:
        self.text, self.sure = text, sure

    def __call__(self, lines: list[Strip], sure: float = SURE) -> list[RowReading]:
        return [RowReading(tuple(self._symbols(line)), self.sure) for line in lines]

    def _symbols(self, line: Strip) -> Iterator[Symbol]:
        inked = np.concatenate([[False], (line > 127).any(axis=0), [False]])
        runs = np.flatnonzero(inked[1:] != inked[:-1]).reshape(-1, 2).tolist()
        for (start, end), sign in zip(runs, cycle(self.text), strict=False):
            chances = np.full(10, (1 - self.sure) / 9 if sign.isdigit() else 0.0, np.float32)
            if sign.isdigit():
                chances[int(sign)] = self.sure
            if sign == "?":
                chances[[3, 8]] = 0.5, 0.45
            yield Symbol("3" if sign == "?" else sign, self.sure, start, end, chances)


def save_image(path: Path, image: NDArray[np.uint8]) -> Path:
    """Write a picture under a name of any script, its folder made where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


def draw_digit(sign: str, height: int = 60, seed: int = 0, pen: float = 0.09) -> NDArray[np.uint8]:
    """Draw the ink of one digit, 255 on 0, (2 * height, 2 * height) uint8, from the pen strokes of the scene maker."""
    ink = np.zeros((2 * height, 2 * height), np.uint8)
    paths = write(sign, Hand(width=pen), np.random.default_rng([seed, ord(sign)]))
    stain(ink, paths, (0.7 * height, 0.5 * height), height)
    return ink


def draw_sheet(
    rows: list[str], size: tuple[int, int] = (640, 480), dark: bool = True, seed: int = 0
) -> NDArray[np.uint8]:
    """Draw rows of digits and signs as a picture (H, W, 3): dark ink on light paper, or light on dark."""
    width, height = size
    ink = np.zeros((height, width), np.uint8)
    em = min(0.55 * height / len(rows), 0.8 * width / (0.9 * max(map(len, rows)) + 1))
    hand = Hand(slant=0.05, jitter=0.01)
    for k, row in enumerate(rows):
        left, top = 0.08 * width, (k + 0.5) * height / len(rows) - em / 2
        for i, sign in enumerate(row):
            if sign in STROKES:
                (x, y), (end, low) = STROKES[sign]
                first, last = (
                    (round(left + x * em), round(top + y * em)),
                    (round(left + end * em), round(top + low * em)),
                )
                cv2.line(ink, first, last, 255, max(2, round(0.09 * em)), cv2.LINE_AA)
            elif sign != " ":
                stain(ink, write(sign, hand, np.random.default_rng([seed, k, i])), (left, top), em)
            left += (0.45 if sign in STROKES else 0.9) * em
    ink = cv2.GaussianBlur(ink, (0, 0), 0.8).astype(np.float32)[..., None] / 255
    paper, colour = ((225, 228, 230), (60, 40, 35)) if dark else ((45, 52, 40), (220, 228, 230))
    picture = np.array(paper) * (1 - ink) + np.array(colour) * ink
    noise = np.random.default_rng(seed).normal(0, 2, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


DOTTED = draw_sheet(["24.5"])


def draw_flagged(seed: int) -> NDArray[np.uint8]:
    """Draw a 1 with so long a flag that the shipped network takes it for a 7, dark on light (120, 120, 3)."""
    rng = np.random.default_rng(seed)
    points = np.round(np.array([(30, 40), (78, 26), (58, 96)]) + rng.normal(0, 2, (3, 2))).astype(np.int32)
    image = np.full((120, 120, 3), 225, np.uint8)
    cv2.polylines(image, [points], False, (50, 40, 40), int(rng.integers(5, 9)), cv2.LINE_AA)
    return image


def draw_glyph(seed: int) -> NDArray[np.uint8]:
    """Draw a 4 as nobody else writes it, like an epsilon, dark on light (120, 120, 3)."""
    rng = np.random.default_rng(seed)
    corners = [(82, 32), (52, 40), (50, 54), (76, 60), (48, 68), (48, 86), (84, 90)]
    points = np.round(np.array(corners) + rng.normal(0, 2, (7, 2))).astype(np.int32)
    image = np.full((120, 120, 3), 225, np.uint8)
    cv2.polylines(image, [points], False, (50, 40, 40), int(rng.integers(5, 9)), cv2.LINE_AA)
    return image
