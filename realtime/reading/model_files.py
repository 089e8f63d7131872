"""Where the networks lie: the one that ships, the one that was fine-tuned; and what tells one file from another."""

import hashlib
from importlib import resources
from pathlib import Path


def default_model() -> Path:
    """Return the model that ships with the package: a wheel holds models/ inside `realtime`, a checkout beside it."""
    package = Path(str(resources.files("realtime")))
    installed = package / "models" / "best.onnx"
    return installed if installed.is_file() else package.parent / "models" / "best.onnx"


def finder_model() -> Path:
    """Return the finder's network that ships with the package."""
    return default_model().with_name("finder.onnx")


def row_model() -> Path:
    """Return the row network that ships with the package."""
    return default_model().with_name("rows.onnx")


def finetuned_model() -> Path | None:
    """Return the fine-tuned model that lies in its place: models/ of this folder, or beside the default model."""
    places = (Path("models/finetuned.onnx"), default_model().with_name("finetuned.onnx"))
    return next((path for path in places if path.is_file()), None)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
