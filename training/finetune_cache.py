"""Keep from one fine-tuning to the next what depends on the base network and its data alone."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from realtime.commands.console import note
from realtime.reading.model_files import sha256
from training.checkpoint import BROKEN, write
from training.fetch import cache_folder

NAME = "finetune-base.pth"  # beside the folder of MNIST; 91 MB
Tensors = dict[str, Tensor]


def key_of(checkpoint: Path, mnist: Path, *settings: object) -> str:
    """Return a key of all that the tensors follow from: checkpoint, data, settings, torch, the code of training."""
    files = [checkpoint, *sorted(mnist.glob("*-ubyte*")), *sorted(Path(__file__).parent.glob("*.py"))]
    told = [sha256(path) for path in files] + [repr(settings), torch.__version__]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def kept(key: str, make: Callable[[], Tensors]) -> Tensors:
    """Return tensors as an earlier run made them under this key; else make them, and keep them in place of others."""
    path = cache_folder().with_name(NAME)
    try:
        found = torch.load(path, weights_only=True)
        if found["key"] == key:
            tensors: Tensors = found["tensors"]
            return tensors
    except (OSError, *BROKEN):
        pass  # not there, cut short, or of another kind: it is made anew
    made = make()
    try:
        write(path, {"key": key, "tensors": made})
    except OSError as error:
        note(f"cannot keep {path}, so the next fine-tuning computes it again: {error.strerror or error}")
    return made
