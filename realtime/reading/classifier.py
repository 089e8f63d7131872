"""Run the exported digit network on crops."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.reading import crops
from realtime.reading.runtime import ModelRefusedError, gpu_index, open_session, refusing

NOT_A_DIGIT = "not-a-digit"  # the name of the reject class in model files, and of its folder of labelled pictures
# Crops that the CPU is given at once. More are no faster (`python -m export.benchmark_network`), but the memory that a
# batch took stays taken: 71 MB for one of 512, 20 MB in parts of 64.
MAX_BATCH = 64


class Classifier:
    """The digit network behind ONNX Runtime: `classifier(crops)` gives probabilities.

    path: an ONNX file by `export-onnx`. device: "auto" (CUDA where it works, else the CPU), "cpu", "cuda", "cuda:N".
    `classes` names the columns, `device` the device that really runs ("cpu" or "cuda:N"), `cpu_reason` why "auto" took
    the CPU (None where it did not), `metadata` what the exporter wrote. Raises ModelRefusedError for an unusable file
    and DeviceError for a named device that cannot be had.
    """

    def __init__(self, path: Path | str, device: str = "auto") -> None:
        self.path = Path(path)
        index = gpu_index(device)
        self._session, self.cpu_reason = open_session(self.path, device, index)
        ran_on_cuda = self._session.get_providers()[0] == "CUDAExecutionProvider"
        self.device = f"cuda:{index}" if ran_on_cuda else "cpu"
        with refusing(self.path):
            self.metadata = dict(self._session.get_modelmeta().custom_metadata_map)
            self.classes = self._check()
            self(np.zeros((1, 1, crops.SIDE, crops.SIDE), np.uint8))  # warm up, and prove that the graph runs

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classify crops (N, 1, 28, 28) uint8 as (N, C) float32, rows sum to 1. Raises ValueError for other arrays."""
        if batch.dtype != np.uint8 or batch.ndim != 4 or batch.shape[1:] != (1, crops.SIDE, crops.SIDE):
            raise ValueError(f"crops must be (N, 1, 28, 28) uint8, got {batch.shape} {batch.dtype}")
        if len(batch) <= MAX_BATCH or self.device != "cpu":
            return self._session.run(None, {"crops": batch})[0]
        parts = (batch[start : start + MAX_BATCH] for start in range(0, len(batch), MAX_BATCH))
        return np.concatenate([self._session.run(None, {"crops": part})[0] for part in parts])

    def classify(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.str_], NDArray[np.bool_]]:
        """Classify crops as `__call__` does; return with it for each which network was believed, here the only one,
        and whether it was learned from the user, here none."""
        return self(batch), np.full(len(batch), ""), np.zeros(len(batch), bool)

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
