"""Where the networks lie: the one that ships, the one that was fine-tuned; and what tells one file from another."""

import hashlib
import zipfile
from importlib import resources
from pathlib import Path

from platformdirs import user_data_path

# Bytes of a network's file, unpacked, at most. Set by hand: a hundred times what ours have.
MAX_BYTES = 1 << 28
TORCH, ONNX = "a checkpoint of PyTorch", "an ONNX file"
# What people have instead of our files, by its first bytes, and what to do then.
_FOREIGN = (
    (b"version https://git-lfs", "a Git LFS pointer and not the file itself", "fetch that by 'git lfs pull'"),
    (b"\x89HDF", "a Keras file", "networks of Keras cannot be read: train one here with train-digits"),
    (b"<", "a web page or other markup", "the download went wrong, fetch it again"),
)
_TORCHSCRIPT = (
    "TorchScript",
    "keep its weights alone, torch.save(torch.jit.load(NAME).state_dict(), 'weights.pth'), and export-onnx weights.pth",
)


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


def kept_features() -> Path:
    """Return the features that guard what a memory learns, of the network that ships with the package."""
    return default_model().with_name("best-kept.npz")


def user_folder() -> Path:
    """Return the folder of this user's for what was learned from them."""
    return user_data_path("livedigits", appauthor=False)


def finetuned_model() -> Path | None:
    """Return the fine-tuned model that lies in its place: beside the default model, or in the user's folder."""
    places = _places("finetuned.onnx")
    return next((path for path in places if path.is_file()), None)


def memory_file() -> Path:
    """Return where the memory of what the user named lies, or is to lie: as `finetuned_model`, else the user's."""
    places = _places("memory.npz")
    return next((path for path in places if path.is_file()), places[-1])


def _places(name: str) -> tuple[Path, Path]:
    return default_model().with_name(name), user_folder() / name


def kind_of(path: Path) -> tuple[str, str]:
    """Tell by its first bytes what a file is and what to do with it; both are empty where that is not known.

    TORCH and ONNX are told too, of which only one program reads each. Raises OSError where it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(64)
    for sign, kind, advice in _FOREIGN:
        if start.startswith(sign):
            return kind, advice
    if not start:
        return "empty", "it was not written to its end: make it again"
    if start[4:8] == b"TFL3":
        return "a TFLite file", "networks of TensorFlow cannot be read: train one here with train-digits"
    if start[8:10] == b'{"':
        return "a safetensors file", "load it where it was made, torch.save(model.state_dict(), 'weights.pth')"
    if start.startswith(b"PK") and zipfile.is_zipfile(path):
        names = _names(path)
        if any(name.endswith("constants.pkl") for name in names):
            return _TORCHSCRIPT
        return (TORCH, "export-onnx it first") if any(name.endswith("data.pkl") for name in names) else ("", "")
    if start.startswith(b"\x80") and start[1:2] in b"\x02\x03\x04\x05":
        return TORCH, "export-onnx it first"
    return (ONNX, "") if start[:1] == b"\x08" and b"\0" < start[1:2] < b" " else ("", "")


def _names(path: Path) -> list[str]:
    """Return what a zip archive holds, nothing where its list is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return []


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
