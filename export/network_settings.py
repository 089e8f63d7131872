"""Ways to run the digit network, which `export.benchmark_network` measures: settings of ONNX Runtime and of batches."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from realtime.reading.runtime import cuda_options, gpu_index, session_options

PADDED_SIZES = tuple(2**k for k in range(10))  # the few batch sizes that a frame's digits are filled up to
SPIN = {"session.intra_op.allow_spinning": "1"}
SPIN_IN_CALLS = SPIN | {"session.force_spinning_stop": "1"}
LEVELS = onnxruntime.GraphOptimizationLevel
Run = Callable[[NDArray[np.uint8]], object]


@dataclass(frozen=True)
class Setting:
    """One way to run the network: what differs from the session in use.

    options: attributes of SessionOptions. entries: its config entries. cuda: options of the CUDA provider.
    bound: by I/O binding. padded: batches filled up to one of PADDED_SIZES. part: crops given to the session at once.
    """

    name: str
    options: dict[str, object] = field(default_factory=dict)
    entries: dict[str, str] = field(default_factory=dict)
    cuda: dict[str, object] = field(default_factory=dict)
    bound: bool = False
    padded: bool = False
    part: int | None = None

    @property
    def spins(self) -> bool:
        """Whether threads go on spinning after a call."""
        return self.entries == SPIN


WHOLE = Setting("whole batch at once")
PADDING = Setting("padded to powers of two", padded=True)
ON_ANY_DEVICE = (
    WHOLE,
    Setting("no memory pattern", {"enable_mem_pattern": False}),
    Setting("graph level: none", {"graph_optimization_level": LEVELS.ORT_DISABLE_ALL}),
    Setting("graph level: basic", {"graph_optimization_level": LEVELS.ORT_ENABLE_BASIC}),
    Setting("graph level: extended", {"graph_optimization_level": LEVELS.ORT_ENABLE_EXTENDED}),
    Setting("I/O binding", bound=True),
    PADDING,
)
ON_CPU = (
    Setting("2 threads", {"intra_op_num_threads": 2}),
    Setting("2 threads, spinning", {"intra_op_num_threads": 2}, SPIN),
    Setting("2 threads, spinning in calls", {"intra_op_num_threads": 2}, SPIN_IN_CALLS),
    Setting("1 thread, spinning", {}, SPIN),
    Setting("no memory arena", {"enable_cpu_mem_arena": False}),
    *(Setting(f"in parts of {part}", part=part) for part in (16, 32)),
)
ON_CUDA = (
    *(Setting(f"algorithms: {way}", cuda={"cudnn_conv_algo_search": way}) for way in ("EXHAUSTIVE", "DEFAULT")),
    Setting("algorithms: EXHAUSTIVE, padded", cuda={"cudnn_conv_algo_search": "EXHAUSTIVE"}, padded=True),
)


def settings(device: str) -> tuple[Setting, ...]:
    """Return what is measured on a device, "cpu" or "cuda:N"."""
    return ON_ANY_DEVICE + (ON_CPU if device == "cpu" else ON_CUDA)


def providers(setting: Setting, device: str) -> list[str | tuple[str, dict[str, object]]]:
    """Return the providers of a setting on a device, as ONNX Runtime takes them."""
    if device == "cpu":
        return ["CPUExecutionProvider"]
    return [("CUDAExecutionProvider", cuda_options(gpu_index(device)) | setting.cuda), "CPUExecutionProvider"]


def open_session(path: Path, setting: Setting, device: str) -> onnxruntime.InferenceSession:
    """Open a session with a setting. Raises ValueError where it came up on another device."""
    options = session_options()
    for name, value in setting.options.items():
        setattr(options, name, value)
    for name, text in setting.entries.items():
        options.add_session_config_entry(name, text)
    session = onnxruntime.InferenceSession(str(path), options, providers=providers(setting, device), enable_fallback=0)
    if (session.get_providers()[0] == "CPUExecutionProvider") != (device == "cpu"):
        raise ValueError(f"{setting.name!r} came up with {session.get_providers()}, not on {device}")
    return session


def runner(session: onnxruntime.InferenceSession, setting: Setting) -> Run:
    """Return what runs crops (N, 1, 28, 28) uint8 through a session in the way of a setting."""

    def plain(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        return session.run(None, {"crops": batch})[0]

    def bound(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        binding = session.io_binding()
        binding.bind_cpu_input("crops", batch)
        binding.bind_output(session.get_outputs()[0].name)
        session.run_with_iobinding(binding)
        return binding.copy_outputs_to_cpu()[0]

    def padded(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        size = next((size for size in PADDED_SIZES if size >= len(batch)), len(batch))
        filled = np.zeros((size, *batch.shape[1:]), np.uint8)
        filled[: len(batch)] = batch
        return plain(filled)[: len(batch)]

    def in_parts(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.concatenate([plain(part) for part in np.split(batch, range(size, len(batch), size))])

    size = setting.part or 0
    return bound if setting.bound else padded if setting.padded else in_parts if size else plain
