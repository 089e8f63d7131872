"""Run the exported digit network on crops."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.reading import crops
from realtime.reading.fixed_shapes import Feed
from realtime.reading.runtime import ModelRefusedError, open_network, refusing

DIGITS = "0123456789"
NOT_A_DIGIT = "not-a-digit"  # the name of the reject class in model files, and of its folder of labelled pictures
# Crops that the CPU is given at once. More are no faster (`python -m export.benchmark_network`), but the memory that a
# batch took stays taken: 71 MB for one of 512, 20 MB in parts of 64.
MAX_BATCH = 64
# On a GPU a call of 128 takes 0.37 ms, one of 8 takes 0.35 (an H100); few frames hold more digits.
_GPU_BATCH = (128, 1, crops.SIDE, crops.SIDE)
FEED = Feed("crops", (_GPU_BATCH,), _GPU_BATCH, (_GPU_BATCH,))
OUTPUTS = ("probabilities", "features")  # of the graph; older files and those of less precision lack the second

_REMEDY = "export it again with this version's export-onnx"


class Classified(NamedTuple):
    """What networks say of N crops.

    probabilities: (N, C) float32, rows sum to 1. models: (N,), which of several was believed, empty where there is one.
    learned: (N,), whether it was learned from the user. features: (N, F) float32, what the last layer of the base
    network gets; F is 0 where its file does not tell.
    """

    probabilities: NDArray[np.float32]
    models: NDArray[np.str_]
    learned: NDArray[np.bool_]
    features: NDArray[np.float32]


class Classifier:
    """The digit network behind ONNX Runtime: `classifier(crops)` gives probabilities.

    path: an ONNX file by `export-onnx`. device: "auto" (CUDA where it works, else the CPU), "cpu", "cuda", "cuda:N".
    `classes` names the columns, `device` the device that really runs ("cpu" or "cuda:N"), `cpu_reason` why "auto" took
    the CPU (None where it did not), `metadata` what the exporter wrote. Raises ModelRefusedError for an unusable file
    and DeviceError for a named device that cannot be had.
    """

    def __init__(self, path: Path | str, device: str = "auto") -> None:
        self.path = Path(path)
        self._session, self._network, self.device, self.cpu_reason, self.metadata = open_network(
            self.path, device, FEED
        )
        with refusing(self.path):
            self.classes = self._check()
            blank = self(np.zeros((1, 1, crops.SIDE, crops.SIDE), np.uint8))  # warm up, and prove that the graph runs
        if not np.isclose(blank.sum(), 1, atol=0.01):
            raise ModelRefusedError(f"{self.path} gives no probabilities, but {blank[0, :3]} ...: train and {_REMEDY}")

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classify crops (N, 1, 28, 28) uint8 as (N, C) float32, rows sum to 1. Raises ValueError for other arrays."""
        return self.see(batch)[0]

    def see(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Classify crops as `__call__` does; return with it their features (N, F), F = 0 where the file has none."""
        if batch.dtype != np.uint8 or batch.ndim != 4 or batch.shape[1:] != (1, crops.SIDE, crops.SIDE):
            raise ValueError(f"crops must be (N, 1, 28, 28) uint8, got {batch.shape} {batch.dtype}")
        if len(batch) <= MAX_BATCH or self.device != "cpu":
            return self._run(batch)
        parts = (batch[start : start + MAX_BATCH] for start in range(0, len(batch), MAX_BATCH))
        told = [self._run(part) for part in parts]
        return np.concatenate([given for given, _ in told]), np.concatenate([features for _, features in told])

    def _run(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run the graph. Raises ModelRefusedError where it fails, or gives other than (N, C)."""
        with refusing(self.path):
            given, *more = self._network(batch, 0)
        if given.shape != (len(batch), len(self.classes)):
            raise ModelRefusedError(f"{self.path} gives {given.shape} for {len(batch)} crops: {_REMEDY}")
        return given, more[0] if more else np.zeros((len(batch), 0), np.float32)

    def classify(self, batch: NDArray[np.uint8]) -> Classified:
        """Classify crops as `__call__` does, and tell where it comes from."""
        given, features = self.see(batch)
        return Classified(given, np.full(len(batch), ""), np.zeros(len(batch), bool), features)

    def _check(self) -> tuple[str, ...]:
        """Return the class names after holding the file against the contract."""
        version = self.metadata.get("crop_version")
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if version is None or "classes" not in self.metadata:
            takes = ", ".join(f"{i.name} {i.type[7:-1]} {'x'.join(map(str, i.shape))}" for i in inputs)
            raise ModelRefusedError(
                f"{self.path} carries no livedigits metadata: it is another program's and takes {takes or 'nothing'}; "
                f"{_REMEDY} from its PyTorch weights, or train one with train-digits"
            )
        if version != crops.VERSION:
            raise ModelRefusedError(
                f"{self.path} was made for crops {version!r}, this program cuts {crops.VERSION!r}: train and {_REMEDY}"
            )
        try:
            classes = tuple(str(name) for name in json.loads(self.metadata["classes"]))
        except (ValueError, TypeError, RecursionError) as error:
            raise ModelRefusedError(f"{self.path} names no readable classes ({error}): {_REMEDY}") from None
        if [(i.name, i.type) for i in inputs] != [("crops", "tensor(uint8)")] or len(outputs) > 2:
            raise ModelRefusedError(f"{self.path} does not take uint8 'crops' alone: {_REMEDY}")
        if inputs[0].shape[1:] != [1, crops.SIDE, crops.SIDE] or isinstance(inputs[0].shape[0], int):
            raise ModelRefusedError(f"{self.path} takes crops {inputs[0].shape}, not any number of 28x28: {_REMEDY}")
        if classes not in ((*DIGITS,), (*DIGITS, NOT_A_DIGIT)):
            raise ModelRefusedError(f"{self.path} names classes {classes}, not 0 to 9 and {NOT_A_DIGIT}: {_REMEDY}")
        if len(outputs[0].shape) != 2 or outputs[0].shape[1] != len(classes):
            raise ModelRefusedError(f"{self.path} has outputs {outputs[0].shape} for {len(classes)} classes: {_REMEDY}")
        return classes
