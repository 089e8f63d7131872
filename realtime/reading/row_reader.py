"""Read lines of writing from their strips, signs included: the row network behind ONNX Runtime."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading import strips
from realtime.reading.fixed_shapes import Feed
from realtime.reading.row_decoding import Labels, Probabilities, likeliest, pool, read_steps, split
from realtime.reading.runtime import ModelRefusedError, open_network, refusing
from realtime.reading.strips import HEIGHT, Strip

OTHER = "~"  # letters, words, scribbles: what is neither a digit nor a sign of ours
GAP = " "  # parts two numbers: a wide gap, or the side of a cell
STEP = 2  # columns of a strip for each step of the network's output
ROUND = 16  # columns to whose multiple a strip is padded with paper
SURE = 0.8  # a line less sure than this is looked at again
# Lengths at which it is; a drawn line kept back is read exactly in 45.5 % of cases so, in 44.0 % at one look.
LOOKS = (1.25, 0.82)
MOST = 16  # lines in a batch
_ON_GPU = tuple((MOST, 1, HEIGHT, width) for width in (128, 256, 512, 1024))
FEED = Feed("strips", _ON_GPU, _ON_GPU[-1], _ON_GPU[:3])
ALIKE = 0.6  # width of a batch's narrowest strip beside its widest: what is padded is reckoned for nothing


@dataclass(frozen=True)
class Symbol:
    """One sign of a line: the text, how sure it is, its place in columns of the strip (half-open).

    probabilities: (C - 1,) float32, of every sign in that place, in the order of the reader's `signs`; what they lack
    to 1 is that there is nothing.
    """

    text: str
    confidence: float
    start: float
    end: float
    probabilities: Probabilities = field(compare=False, repr=False)


@dataclass(frozen=True)
class RowReading:
    """A line as read: its signs in order, and the probability that all of them are right and none is missing.

    gaps: (T,) float32, for every STEP columns the probability that there a gap parts two numbers.
    """

    symbols: tuple[Symbol, ...]
    confidence: float
    gaps: Probabilities = field(default_factory=lambda: np.zeros(0, np.float32), compare=False, repr=False)

    @property
    def text(self) -> str:
        """The line as written, doubtful signs as well."""
        return "".join(symbol.text for symbol in self.symbols)


class RowReader:
    """The row network behind ONNX Runtime: `reader(strips)` gives a RowReading for each.

    path: an ONNX file by `export-rows`. device: "auto" (CUDA where it works, else the CPU), "cpu", "cuda", "cuda:N".
    `signs` names what can be read, `device` the device that really runs, `metadata` what the exporter wrote. Raises
    ModelRefusedError for an unusable file and DeviceError for a named device that cannot be had.
    """

    def __init__(self, path: Path | str, device: str = "auto") -> None:
        self.path = Path(path)
        self._session, self._network, self.device, self.cpu_reason, self.metadata = open_network(
            self.path, device, FEED
        )
        with refusing(self.path):
            self.signs = self._check()
            self.probabilities([np.zeros((HEIGHT, 4 * ROUND), np.uint8)])  # warm up, and prove that the graph runs

    def __call__(self, lines: list[Strip], sure: float = SURE) -> list[RowReading]:
        """Read strips (32, W) uint8, those less than `sure` again, longer and shorter. Raises ValueError."""
        steps, gaps = self._look(lines)
        texts = [likeliest(part) for part in steps]
        unsure = [k for k, found in enumerate(texts) if found[0][1] < sure]
        again, _ = self._look([look(lines[k], stretch) for k in unsure for stretch in LOOKS])
        for place, k in enumerate(unsure):
            more = again[place * len(LOOKS) : (place + 1) * len(LOOKS)]
            texts[k] = pool([texts[k], *(likeliest(part) for part in more)])
        return [decode(*told, self.signs) for told in zip(steps, texts, gaps, strict=True)]

    def _look(self, lines: list[Strip]) -> tuple[list[Probabilities], list[Probabilities]]:
        """Return what the network says of the signs and of the gaps of each strip."""
        parts = [split(steps) for steps in self.probabilities(lines)]
        return [signs for signs, _ in parts], [gaps for _, gaps in parts]

    def probabilities(self, lines: list[Strip]) -> list[Probabilities]:
        """Return the probabilities (W / 2, C) float32 of each strip, blank first. Raises ValueError."""
        for line in lines:
            if line.dtype != np.uint8 or line.ndim != 2 or line.shape[0] != HEIGHT or not line.shape[1]:
                raise ValueError(f"a strip must be ({HEIGHT}, W) uint8, got {line.shape} {line.dtype}")
        given: list[Probabilities] = [np.zeros((0, 0), np.float32)] * len(lines)
        for group in _batches([line.shape[1] for line in lines]):
            batch = pad([lines[k] for k in group])
            for k, steps in zip(group, self._network(batch, 0)[0], strict=True):
                given[k] = steps[: -(-lines[k].shape[1] // STEP)]
        return given

    def _check(self) -> tuple[str, ...]:
        """Return the signs after holding the file against the contract."""
        remedy = "export it again with this version's export-rows"
        version = self.metadata.get("strip_version")
        if version is None or "classes" not in self.metadata:
            raise ModelRefusedError(f"{self.path} is no row network of livedigits: {remedy}")
        if version != strips.VERSION:
            raise ModelRefusedError(
                f"{self.path} was made for strips {version!r}, this program cuts {strips.VERSION!r}: train and {remedy}"
            )
        try:
            classes = tuple(str(name) for name in json.loads(self.metadata["classes"]))
        except (json.JSONDecodeError, TypeError) as error:
            raise ModelRefusedError(f"{self.path} names no readable classes ({error}): {remedy}") from None
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if [(i.name, i.type) for i in inputs] != [("strips", "tensor(uint8)")] or len(outputs) != 1:
            raise ModelRefusedError(f"{self.path} does not take uint8 'strips' alone: {remedy}")
        if outputs[0].shape[-1] != len(classes) or (*classes[:11], classes[-1]) != ("", *"0123456789", GAP):
            raise ModelRefusedError(f"{self.path} has outputs {outputs[0].shape} for classes {classes}: {remedy}")
        return classes[1:-1]


def pad(lines: list[Strip], width: int = 0) -> NDArray[np.uint8]:
    """Return strips (32, w) as one batch (N, 1, 32, W) uint8, W a multiple of 16 from `width` on, paper behind them."""
    widest = max([width, *(line.shape[1] for line in lines)])
    batch = np.zeros((len(lines), 1, HEIGHT, -(-widest // ROUND) * ROUND), np.uint8)
    for row, line in zip(batch, lines, strict=True):
        row[0, :, : line.shape[1]] = line
    return batch


def _batches(widths: list[int]) -> list[list[int]]:
    """Part strips into batches of about equal widths, widest first; return their indices."""
    groups: list[list[int]] = []
    for k in sorted(range(len(widths)), key=lambda k: -widths[k]):
        if groups and len(groups[-1]) < MOST and widths[k] >= ALIKE * widths[groups[-1][0]]:
            groups[-1].append(k)
        else:
            groups.append([k])
    return groups


def look(line: Strip, stretch: float) -> Strip:
    """Return a strip stretched along the line."""
    width = max(round(line.shape[1] * stretch), 1)
    seen: Strip = np.asarray(cv2.resize(line, (width, HEIGHT), interpolation=cv2.INTER_LINEAR), np.uint8)
    return seen


def decode(
    steps: Probabilities, texts: list[tuple[Labels, float]], gaps: Probabilities, signs: tuple[str, ...]
) -> RowReading:
    """Read a line from its probabilities, blank first, and its likeliest texts; give each sign its columns.

    steps, gaps: (T, C) and (T,), as by `row_decoding.split`.
    """
    told, confidence = read_steps(steps, texts)
    symbols = [Symbol(signs[k - 1], sure, step * STEP, (step + 1) * STEP, row[1:]) for k, sure, step, row in told]
    return RowReading(tuple(_spread(_joined(symbols), len(steps))), confidence, gaps)


def _joined(symbols: list[Symbol]) -> list[Symbol]:
    """Make one of neighbouring "other" signs."""
    kept: list[Symbol] = []
    for symbol in symbols:
        if kept and symbol.text == OTHER == kept[-1].text:
            old = kept.pop()
            surer = max(old.confidence, symbol.confidence)
            symbol = Symbol(OTHER, surer, old.start, symbol.end, symbol.probabilities)
        kept.append(symbol)
    return kept


def _spread(symbols: list[Symbol], steps: int) -> list[Symbol]:
    """Give each symbol the columns around its peak, half the way to its neighbours, at most a digit's height."""
    if not symbols:
        return []
    reach = HEIGHT / strips.COVER / 2
    edges = [(a.end + b.start) / 2 for a, b in zip(symbols, symbols[1:], strict=False)]
    lows, highs = [0.0, *edges], [*edges, float(steps * STEP)]
    return [
        Symbol(s.text, s.confidence, max(low, s.start - reach), min(high, s.end + reach), s.probabilities)
        for s, low, high in zip(symbols, lows, highs, strict=True)
    ]
