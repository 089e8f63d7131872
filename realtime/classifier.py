"""Run the exported digit network on crops: ONNX Runtime on CUDA, or on the CPU where there is none."""

import ctypes
import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from realtime import crops

NOT_A_DIGIT = "not-a-digit"
# Crops that the CPU is given at once. More at once are no faster (`python -m export.benchmark_network`), but the memory
# that a batch took stays taken: 71 MB for one of 512, in parts of 64 20 MB.
PART = 64
_state = onnxruntime.capi.onnxruntime_pybind11_state
_BROKEN = (
    *(_state.Fail, _state.InvalidArgument, _state.InvalidGraph, _state.InvalidProtobuf, _state.NoSuchFile),
    *(_state.NotImplemented, _state.RuntimeException, _state.EPFail, UnicodeError),
)  # what ONNX Runtime raises for a file, or a device, that does not work; they share no base but Exception


class ModelRefusedError(ValueError):
    """A model file that cannot be read, was made for other crops, or does not hold our graph."""


class DeviceError(ValueError):
    """A device that was asked for by name and cannot be had."""


class Classifier:
    """The digit network behind ONNX Runtime: `classifier(crops)` gives probabilities.

    path: an ONNX file by `export-onnx`. device: "auto" (CUDA where it works, else the CPU), "cpu", "cuda", "cuda:N".
    `classes` names the columns, `device` the device that really runs ("cpu" or "cuda:N"), `fallback` why "auto" took
    the CPU (None where it did not), `metadata` what the exporter wrote. Raises ModelRefusedError for an unusable file
    and DeviceError for a named device that cannot be had.
    """

    def __init__(self, path: Path | str, device: str = "auto") -> None:
        self.path = Path(path)
        index = gpu_index(device)
        self._session, self.fallback = _open(self.path, device, index)
        ran_on_cuda = self._session.get_providers()[0] == "CUDAExecutionProvider"
        self.device = f"cuda:{index}" if ran_on_cuda else "cpu"
        with _refusing(self.path):
            self.metadata = dict(self._session.get_modelmeta().custom_metadata_map)
            self.classes = self._check()
            self(np.zeros((1, 1, crops.SIDE, crops.SIDE), np.uint8))  # warm up, and prove that the graph runs

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classify crops (N, 1, 28, 28) uint8 as (N, C) float32, rows sum to 1. Raises ValueError for other arrays."""
        if batch.dtype != np.uint8 or batch.ndim != 4 or batch.shape[1:] != (1, crops.SIDE, crops.SIDE):
            raise ValueError(f"crops must be (N, 1, 28, 28) uint8, got {batch.shape} {batch.dtype}")
        if len(batch) <= PART or self.device != "cpu":
            return self._session.run(None, {"crops": batch})[0]
        parts = (batch[start : start + PART] for start in range(0, len(batch), PART))
        return np.concatenate([self._session.run(None, {"crops": part})[0] for part in parts])

    def _check(self) -> tuple[str, ...]:
        """Return the class names after holding the file against the contract."""
        remedy = "export it again with this version's export-onnx"
        version = self.metadata.get("crop_version")
        if version is None or "classes" not in self.metadata:
            raise ModelRefusedError(f"{self.path} carries no livedigits metadata: {remedy}")
        if version != crops.VERSION:
            raise ModelRefusedError(
                f"{self.path} was made for crops {version!r}, this program cuts {crops.VERSION!r}: train and {remedy}"
            )
        try:
            classes = tuple(str(name) for name in json.loads(self.metadata["classes"]))
        except (json.JSONDecodeError, TypeError) as error:
            raise ModelRefusedError(f"{self.path} names no readable classes ({error}): {remedy}") from None
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if [(i.name, i.type) for i in inputs] != [("crops", "tensor(uint8)")] or len(outputs) != 1:
            raise ModelRefusedError(f"{self.path} does not take uint8 'crops' alone: {remedy}")
        if outputs[0].shape[-1] != len(classes) or classes[:10] != tuple("0123456789"):
            raise ModelRefusedError(f"{self.path} has outputs {outputs[0].shape} for classes {classes}: {remedy}")
        return classes


def default_model() -> Path:
    """Return the model that ships with the package: a wheel holds models/ inside `realtime`, a checkout beside it."""
    package = Path(str(resources.files("realtime")))
    installed = package / "models" / "best.onnx"
    return installed if installed.is_file() else package.parent / "models" / "best.onnx"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def gpu_index(device: str) -> int:
    """Return the GPU that a device name asks for (0 for auto and cpu). Raises DeviceError for a name unknown here."""
    if device in ("auto", "cpu", "cuda"):
        return 0
    kind, _, index = device.partition(":")
    if kind != "cuda" or not index.isdecimal():
        raise DeviceError(f"unknown device {device!r}: use auto, cpu, cuda or cuda:N")
    return int(index)


def session_options() -> onnxruntime.SessionOptions:
    """Return the options of the sessions in use; `python -m export.benchmark_network` measures them beside others."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # Two threads gain nothing below batches of 64, and take 1.1 to 1.5 times the processor's time from what else runs.
    # Two that spin gain a third at any size, but keep a core from OpenCV for 40 ms after each call. All else stays as
    # ONNX Runtime sets it: lower graph levels cost 1.6 times, no arena 1.5 times at 512; the rest changes nothing.
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def cuda_options(index: int) -> dict[str, object]:
    """Return the options of the CUDA provider on a GPU."""
    # HEURISTIC: the default searches the fastest convolution again for every new number of digits in a frame.
    return {"device_id": index, "cudnn_conv_algo_search": "HEURISTIC"}


def _open(path: Path, device: str, index: int) -> tuple[onnxruntime.InferenceSession, str | None]:
    """Open a session on the device asked for; return it with the reason why "auto" fell back to the CPU, if it did."""
    if not path.is_file():
        raise ModelRefusedError(f"no model file {path}: name one with --model, or make it with export-onnx")
    options = session_options()
    reason = "" if device == "cpu" else _no_cuda()
    if reason is None:
        try:
            return _open_cuda(path, options, index), None
        except (RuntimeError, *_BROKEN) as error:
            reason = _first_line(error)
    with _refusing(path):  # also where CUDA failed: a broken file is then named as such
        session = _session(path, options, ["CPUExecutionProvider"])
    if device.startswith("cuda"):
        raise DeviceError(f"--device {device} cannot be had: {reason}")
    return session, reason or None


def _open_cuda(path: Path, options: onnxruntime.SessionOptions, index: int) -> onnxruntime.InferenceSession:
    """Open a CUDA session. Raises RuntimeError where the session came up without CUDA."""
    onnxruntime.preload_dlls()
    cuda = ("CUDAExecutionProvider", cuda_options(index))
    session = _session(path, options, [cuda, "CPUExecutionProvider"])
    if session.get_providers()[0] != "CUDAExecutionProvider":
        raise RuntimeError("ONNX Runtime came up without CUDA; install its libraries: pip install livedigits[cuda]")
    return session


def _session(path: Path, options: onnxruntime.SessionOptions, providers: list) -> onnxruntime.InferenceSession:
    """Load the file, without the fallback of ONNX Runtime: that prints to standard output and changes the device."""
    return onnxruntime.InferenceSession(str(path), options, providers=providers, enable_fallback=0)


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Turn every error of ONNX Runtime that a broken file can cause into ModelRefusedError."""
    try:
        yield
    except _BROKEN as error:
        raise ModelRefusedError(f"{path} is not a model that ONNX Runtime can run: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    """Return what an error says in its first line; the rest is C++."""
    return (str(error).strip().splitlines() or ["unreadable"])[0]


def _no_cuda() -> str | None:
    """Say why CUDA cannot be used, or None where it may work."""
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return "this onnxruntime was built without CUDA; install onnxruntime-gpu"
    if not _driver_loads():
        return "no NVIDIA driver on this machine"
    return None


def _driver_loads() -> bool:
    """Tell whether NVIDIA's driver library loads; asking ONNX Runtime without one writes 900 bytes of C++ to stderr."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True
