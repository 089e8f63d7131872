"""Keep a trained network with all that is needed to run it: weights and plain metadata in one file."""

import math
import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import nn

from realtime.reading import crops
from realtime.reading.model_files import MAX_BYTES, ONNX, TORCH, kind_of
from realtime.reading.runtime import ModelRefusedError
from training.model import build
from training.recipe import ARCHITECTURES, CLASSES, DIGITS

REQUIRED = ("arch", "classes", "crop_version", "temperature")
# What torch raises for files and weights that are damaged or foreign, found by fuzzing.
BROKEN = (
    *(pickle.UnpicklingError, RuntimeError, ValueError, LookupError, EOFError, AttributeError, TypeError),
    *(AssertionError, ArithmeticError, MemoryError, ImportError, struct.error, OSError),
)


class CheckpointRefusedError(ModelRefusedError):
    """A checkpoint that is broken, foreign, or was made for other crops."""


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a dictionary of tensors and plain values so that a kill leaves the old file or the new, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read(path: Path) -> dict[str, Any]:
    """Read what `write` wrote, as data alone. Raises CheckpointRefusedError where the file is broken or foreign."""
    if not path.is_file():
        raise CheckpointRefusedError(f"no checkpoint {path}: make one with train-digits")
    _refuse_foreign(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except BROKEN as error:
        # Of a file that is none, torch writes how to load it unsafely: no advice to give.
        if isinstance(error, pickle.UnpicklingError) and "weights_only" in str(error):
            raise CheckpointRefusedError(
                f"{path} holds more than tensors and plain values, perhaps a whole network, and might run code when "
                "loaded: where it was made, torch.save(model.state_dict(), 'weights.pth'), and name that"
            ) from None
        foreign = isinstance(error, pickle.UnpicklingError)
        reason = "no weights" if foreign else (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        raise CheckpointRefusedError(
            f"{path} is not a checkpoint that can be read ({reason}): train it again"
        ) from None
    if not isinstance(content, dict):
        raise CheckpointRefusedError(f"{path} holds a {type(content).__name__}, not a checkpoint of train-digits")
    return content


def _refuse_foreign(path: Path) -> None:
    """Say what a file is that is no checkpoint, before anything is unpacked. Raises CheckpointRefusedError."""
    try:
        kind, advice = kind_of(path)
        size = unpacked_size(path)
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise CheckpointRefusedError(f"{path} is not a checkpoint that can be read ({error})") from None
    if kind == ONNX:
        advice = "it need not be exported; --model takes it if export-onnx made it"
    if kind and kind != TORCH:
        raise CheckpointRefusedError(f"{path} is {kind}, no checkpoint: {advice}")
    if size > MAX_BYTES:
        raise CheckpointRefusedError(f"{path} is too large for a network of digits: {size} bytes unpacked")


def unpacked_size(path: Path) -> int:
    """Return how many bytes a file has, unpacked where it is a zip archive, as torch's are."""
    if not zipfile.is_zipfile(path):
        return path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        return sum(member.file_size for member in archive.infolist())


def save(path: Path, model: nn.Module, metadata: dict[str, Any]) -> None:
    """Write weights and metadata (arch, classes, crop_version, temperature and more, plain values only)."""
    missing = [name for name in REQUIRED if name not in metadata]
    if missing:
        raise ValueError(f"metadata lacks {', '.join(missing)}")
    state = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in model.state_dict().items()}
    write(path, {"state": state, "metadata": metadata})


def load(path: Path) -> tuple[nn.Module, dict[str, Any]]:
    """Return the network, in evaluation mode, and its metadata. Raises CheckpointRefusedError."""
    content = read(path)
    metadata, state = content.get("metadata"), content.get("state")
    if not isinstance(metadata, dict) or not isinstance(state, dict) or any(name not in metadata for name in REQUIRED):
        raise CheckpointRefusedError(f"{path} is not a checkpoint of train-digits: train one, or name another file")
    if metadata["crop_version"] != crops.VERSION:
        raise CheckpointRefusedError(
            f"{path} was trained on crops {metadata['crop_version']!r}, this version cuts {crops.VERSION!r}: "
            "train it again"
        )
    if metadata["arch"] not in ARCHITECTURES:
        raise CheckpointRefusedError(f"{path} is a {metadata['arch']!r}, not one of {', '.join(ARCHITECTURES)}")
    if metadata["classes"] not in (list(DIGITS), list(CLASSES)):
        raise CheckpointRefusedError(f"{path} names classes {metadata['classes']!r}, not {', '.join(CLASSES)}")
    temperature_of(path, metadata)
    model = build(metadata["arch"], len(metadata["classes"]))
    load_weights(path, model, state)
    return model.eval(), metadata


def load_weights(path: Path, model: nn.Module, state: object) -> None:
    """Put the weights of a checkpoint into a network. Raises CheckpointRefusedError where they do not fit or count."""
    try:
        model.load_state_dict(state)  # type: ignore[arg-type]
        finite = all(bool(tensor.isfinite().all()) for tensor in model.state_dict().values())
    except BROKEN as error:
        raise CheckpointRefusedError(f"{path} does not fit its network: {str(error).splitlines()[0]}") from None
    if not finite:
        raise CheckpointRefusedError(f"{path} holds weights that are no numbers: its training failed, name another")


def temperature_of(path: Path, metadata: dict[str, Any]) -> float:
    """Return the temperature that a checkpoint was calibrated to. Raises CheckpointRefusedError for a wrong one."""
    told = metadata.get("temperature")
    if (
        isinstance(told, bool)
        or not isinstance(told, int | float)
        or not math.isfinite(told)
        or not 0.01 <= told <= 100
    ):
        raise CheckpointRefusedError(f"{path} tells a temperature of {told!r}, not a number near 1: train it again")
    return float(told)
