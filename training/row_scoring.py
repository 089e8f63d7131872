"""How well the row network reads strips, what its loss is, and how sure it may be of what it says."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from realtime.commands.console import note
from realtime.reading.row_decoding import likeliest, split
from realtime.reading.row_reader import decode
from training import checkpoint
from training.drawn import BATCH, Drawn, encode, pad
from training.row_network import CLASSES, STEP, load, scaled
from training.scenes.wording import GAP

WANTED = 0.995  # share of lines that are right among those above the threshold


@dataclass(frozen=True)
class Score:
    """How strips are read: share exact, errors per sign, share with fewer digits than written; gaps do not count.

    parted: share of the gaps between numbers, and of those that were read for none, that are right, in exact lines.
    """

    exact: float
    errors: float
    shorter: float
    parted: float


def ctc(logits: Tensor, texts: list[str], temperature: float = 1.0, steps: Tensor | None = None) -> Tensor:
    """Return the CTC loss of logits (N, T, C), the first `steps` (N,) of each, for what is written, per symbol."""
    targets, lengths = (torch.from_numpy(part) for part in encode(texts))
    logs = torch.log_softmax(logits / temperature, dim=2).transpose(0, 1)
    steps = torch.full((len(texts),), logs.shape[0], dtype=torch.int64) if steps is None else steps
    total = functional.ctc_loss(logs, targets, steps, lengths, reduction="sum", zero_infinity=True)
    return total / max(int(lengths.sum()), 1)


def predict(model: nn.Module, drawn: list[Drawn]) -> list[Tensor]:
    """Return the logits (T, C) of each strip, in full precision."""
    model.eval()
    order = sorted(range(len(drawn)), key=lambda k: drawn[k][0].shape[1])
    logits: list[Tensor] = [torch.empty(0)] * len(drawn)
    with torch.no_grad():
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            given = model(scaled(torch.from_numpy(pad([drawn[k][0] for k in part]))))
            for k, row in zip(part, given, strict=True):
                logits[k] = row[: -(-drawn[k][0].shape[1] // STEP)].clone()
    return logits


def greedy(logits: Tensor) -> str:
    """Return the text of logits (T, C): the best class of each step, repeats once, blanks left out."""
    best = logits.argmax(dim=1)
    kept = best[(best != 0) & (best != functional.pad(best[:-1], (1, 0)))]
    return "".join(CLASSES[k] for k in kept.tolist())


def score(read: list[str], written: list[str]) -> Score:
    """Compare what is read with what is written."""
    right, told = 0, 0
    for a, b in zip(read, written, strict=True):
        if plain(a) == plain(b):
            ours, theirs = _gaps(a), _gaps(b)
            right, told = right + len(ours & theirs), told + len(ours | theirs)
    read, written = [plain(text) for text in read], [plain(text) for text in written]
    exact = np.mean([a == b for a, b in zip(read, written, strict=True)])
    errors = sum(distance(a, b) for a, b in zip(read, written, strict=True)) / max(sum(map(len, written)), 1)
    shorter = np.mean([_digits(a) < _digits(b) for a, b in zip(read, written, strict=True)])
    return Score(float(exact), float(errors), float(shorter), right / max(told, 1))


def plain(text: str) -> str:
    """Return what a line says without its gaps."""
    return text.replace(GAP, "")


def _gaps(text: str) -> set[int]:
    """Return before which sign each gap stands."""
    return {len(plain(text[:k])) for k, sign in enumerate(text) if sign == GAP}


def _digits(text: str) -> int:
    return sum(c.isdigit() for c in text)


def distance(a: str, b: str) -> int:
    """Return how many symbols must be changed, added or taken to make one text of the other."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def finish(path: Path, valid: list[Drawn]) -> None:
    """Calibrate the best weights on the strips held out, and write them again with their temperature."""
    network, metadata = load(path)
    logits, texts = predict(network, valid), [text for _, text in valid]
    metadata["temperature"] = fit_temperature(logits, texts)
    steps = [torch.softmax(row / metadata["temperature"], dim=1).numpy() for row in logits]
    parts = [split(part) for part in steps]
    readings = [decode(part, likeliest(part), gaps, CLASSES[1:-1]) for part, gaps in parts]
    right = np.array([reading.text == plain(text) for reading, text in zip(readings, texts, strict=True)])
    metadata["threshold"] = threshold(np.array([reading.confidence for reading in readings]), right)
    metadata["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}"
    checkpoint.write(path, {"state": network.state_dict(), "metadata": metadata})
    told = metadata["validation"]
    note(
        f"{path}: exact {100 * told['exact']:.2f} % of those held out, temperature {metadata['temperature']:.2f}, "
        f"threshold {metadata['threshold']:.3f}"
    )


def threshold(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the least confidence from which on WANTED of the lines are right; 1 where there is none."""
    order = np.argsort(-confidence, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(share >= WANTED)
    return float(confidence[order[enough[-1]]]) if len(enough) else 1.0


def fit_temperature(logits: list[Tensor], texts: list[str]) -> float:
    """Return the temperature at which logits (T, C) of strips say best what is written on them."""
    order = sorted(range(len(logits)), key=lambda k: len(logits[k]))
    parts = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]

    def loss(temperature: float) -> float:
        total = 0.0
        for part in parts:
            padded = nn.utils.rnn.pad_sequence([logits[k] for k in part], batch_first=True)
            steps = torch.tensor([len(logits[k]) for k in part])
            total += ctc(padded, [texts[k] for k in part], temperature, steps).item() * len(part)
        return total

    return min((float(t) for t in np.geomspace(0.5, 3, 28)), key=loss)
