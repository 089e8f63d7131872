"""Put a fine-tuned network into its place, so that the one in use loads at any moment, and keep the one before."""

import shutil
from pathlib import Path
from typing import Any

from torch import nn

from export.exporter import export_checkpoint
from realtime.reading.classifier import Classifier
from realtime.reading.model_files import sha256
from realtime.reading.runtime import ModelRefusedError
from training import checkpoint

NAME, BEFORE, NEW = "finetuned", "finetuned-before", "finetuned-new"


def promote(model: nn.Module, metadata: dict[str, Any], folder: Path, base: Path | None = None) -> float:
    """Write `finetuned.pth` and `finetuned.onnx`, proved equal; return the largest difference between the two.

    What lay there becomes finetuned-before. The ONNX file, which is what reads, is put into place last and at once: a
    kill leaves the old one or the new. base: the checkpoint that it was fine-tuned from. Raises ParityError, ValueError
    or OSError, and then the old one stays.
    """
    checkpoint.save(folder / f"{NEW}.pth", model, metadata)
    difference = export_checkpoint(folder / f"{NEW}.pth", folder / f"{NEW}.onnx", base=base)
    before = in_use(folder)
    if before is not None:
        for source, kind in ((before, ".pth"), (folder / f"{NAME}.onnx", ".onnx")):
            copy = folder / f"{BEFORE}{kind}.tmp"
            shutil.copyfile(source, copy)
            copy.replace(folder / f"{BEFORE}{kind}")
    for kind in (".pth", ".onnx"):
        (folder / f"{NEW}{kind}").replace(folder / f"{NAME}{kind}")
    return difference


def in_use(folder: Path) -> Path | None:
    """Return the checkpoint of the fine-tuned network in use, None where there is none that can be read."""
    place = folder / f"{NAME}.onnx"
    if not place.is_file():
        return None
    try:
        sha = Classifier(place, "cpu").metadata.get("checkpoint_sha256")
    except ModelRefusedError:
        return None
    # After a kill between the two files, the one in use is still that before.
    found = [path for name in (NAME, BEFORE) if (path := folder / f"{name}.pth").is_file() and sha256(path) == sha]
    return found[0] if found else None
