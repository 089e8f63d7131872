"""Keep a trained network with all that is needed to run it: weights and plain metadata in one file."""

import os
import pickle
from pathlib import Path
from typing import Any

import torch
from torch import nn

from realtime.reading import crops
from realtime.reading.runtime import ModelRefusedError
from training.model import build

REQUIRED = ("arch", "classes", "crop_version", "temperature")
BROKEN = (pickle.UnpicklingError, RuntimeError, ValueError, KeyError, EOFError, AttributeError, TypeError)


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
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except BROKEN as error:
        # Of a file that is none, torch writes how to load it unsafely: no advice to give.
        foreign = isinstance(error, pickle.UnpicklingError)
        reason = "no weights" if foreign else (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        raise CheckpointRefusedError(
            f"{path} is not a checkpoint that can be read ({reason}): train it again"
        ) from None
    if not isinstance(content, dict):
        raise CheckpointRefusedError(f"{path} holds a {type(content).__name__}, not a checkpoint of train-digits")
    return content


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
    try:
        model = build(metadata["arch"], len(metadata["classes"]))
        model.load_state_dict(state)
    except BROKEN as error:
        raise CheckpointRefusedError(f"{path} does not fit its own metadata: {str(error).splitlines()[0]}") from None
    return model.eval(), metadata
