"""Open networks with ONNX Runtime, on CUDA or on the CPU where there is none, and say which of them really runs."""

import ctypes
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from realtime.reading.fixed_shapes import Feed, FixedShapes, Paper
from realtime.reading.model_files import MAX_BYTES, ONNX, kind_of

_state = onnxruntime.capi.onnxruntime_pybind11_state
_BROKEN = (
    *(_state.Fail, _state.InvalidArgument, _state.InvalidGraph, _state.InvalidProtobuf, _state.NoSuchFile),
    *(_state.NotImplemented, _state.RuntimeException, _state.EPFail, UnicodeError),
)  # what ONNX Runtime raises for a file, or a device, that does not work; they share no base but Exception


# Bytes that a session may take on a GPU for what lies between layers; the largest look of the finder takes 110 MB on a
# CPU, and cuDNN wants some for its own. Not measured on a GPU.
GPU_MEMORY = 1 << 30

_ENDLESS = ("Loop", "Scan", "If")  # operators with graphs of their own


class ModelRefusedError(ValueError):
    """A model file that cannot be read, was made for other crops, or does not hold our graph."""


class DeviceError(ValueError):
    """A device that was asked for by name and cannot be had."""


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
    # HEURISTIC: the default searches the fastest convolution, at each start. A session sees one shape (FixedShapes), so
    # what it asks for first is what it needs, and doubling that, as is the default, would be for nothing.
    return {
        "device_id": index,
        "cudnn_conv_algo_search": "HEURISTIC",
        "arena_extend_strategy": "kSameAsRequested",
        "gpu_mem_limit": GPU_MEMORY,
    }


def _open_session(path: Path, device: str, index: int) -> tuple[onnxruntime.InferenceSession, str | None]:
    """Open a session on the device asked for; return it with the reason why "auto" fell back to the CPU, if it did."""
    if not path.is_file():
        raise ModelRefusedError(f"no model file {path}: name one with --model, or make it with export-onnx")
    _refuse_foreign(path)
    options = session_options()
    reason = "" if device == "cpu" else _no_cuda()
    if reason is None:
        try:
            return _open_cuda(path, options, index), None
        except (RuntimeError, *_BROKEN) as error:
            reason = _first_line(error)
    with refusing(path):  # also where CUDA failed: a broken file is then named as such
        session = _session(path, options, ["CPUExecutionProvider"])
    if device.startswith("cuda"):
        raise DeviceError(f"--device {device} cannot be had: {reason}")
    return session, reason or None


Run = Callable[[NDArray[np.uint8], Paper], list[NDArray[Any]]]


class Opened(NamedTuple):
    """A network that was opened: `run(array)` gives its outputs, `session` tells of the graph.

    Where an array is filled up, as on CUDA, `run(array, paper)` fills it with that, and outputs are as large as it then
    was along all axes but the first. device: that really runs, "cpu" or "cuda:N". cpu_reason: why "auto" took the CPU,
    None where it did not. metadata: what the exporter wrote.
    """

    session: onnxruntime.InferenceSession
    run: Run
    device: str
    cpu_reason: str | None
    metadata: dict[str, str]


def open_network(path: Path, device: str, feed: Feed) -> Opened:
    """Open a network. Raises ModelRefusedError for an unusable file, DeviceError for a device that cannot be had."""
    index = gpu_index(device)
    session, cpu_reason = _open_session(path, device, index)
    with refusing(path):
        metadata = dict(session.get_modelmeta().custom_metadata_map)
    if session.get_providers()[0] != "CUDAExecutionProvider":
        return Opened(session, lambda array, _: session.run(None, {feed.name: array}), "cpu", cpu_reason, metadata)
    more = (_open_cuda(path, session_options(), index) for _ in count())
    return Opened(session, FixedShapes(feed, chain([session], more)), f"cuda:{index}", cpu_reason, metadata)


def _refuse_foreign(path: Path) -> None:
    """Say what a file is that is no ONNX file, or holds what never ends. Raises ModelRefusedError."""
    try:
        kind, advice = kind_of(path)
        size = path.stat().st_size
        data = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as error:
        raise ModelRefusedError(f"cannot read model {path}: {error.strerror or error}") from None
    if kind and kind != ONNX:
        raise ModelRefusedError(f"{path} is {kind}, no ONNX file: {advice}")
    if size > MAX_BYTES:
        raise ModelRefusedError(f"{path} is too large for a network of digits: {size} bytes, {MAX_BYTES} at most")
    control = next((name for name in _ENDLESS if _operator(name) in data), None)
    if control is not None:
        raise ModelRefusedError(f"{path} holds a {control}, which may never end and none of our networks has")


def _operator(name: str) -> bytes:
    """Return how a node of this operator is told in an ONNX file: field 4, its length, its name."""
    return bytes((4 << 3 | 2, len(name))) + name.encode()


def _open_cuda(path: Path, options: onnxruntime.SessionOptions, index: int) -> onnxruntime.InferenceSession:
    """Open a CUDA session. Raises RuntimeError where the session came up without CUDA."""
    onnxruntime.set_default_logger_severity(4)  # else it writes a line of its own about plugins that are not there
    onnxruntime.preload_dlls()
    cuda = ("CUDAExecutionProvider", cuda_options(index))
    session = _session(path, options, [cuda, "CPUExecutionProvider"])
    if session.get_providers()[0] != "CUDAExecutionProvider":
        raise RuntimeError("ONNX Runtime came up without CUDA; install its libraries: pip install livedigits[cuda]")
    return session


def _session(path: Path, options: onnxruntime.SessionOptions, providers: list[Any]) -> onnxruntime.InferenceSession:
    """Load the file, without the fallback of ONNX Runtime: that prints to standard output and changes the device."""
    return onnxruntime.InferenceSession(str(path), options, providers=providers, enable_fallback=0)


@contextmanager
def refusing(path: Path) -> Iterator[None]:
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
