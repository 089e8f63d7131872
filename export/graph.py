"""Turn a trained network into one ONNX file that takes bytes and gives probabilities."""

import glob
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from realtime.outputs.lock import only_writer
from realtime.reading.classifier import OUTPUTS
from realtime.reading.crops import SIDE
from training.model import scaled, split_last

GRAPH_VERSION = "2"  # 1 gave probabilities alone
OPSET = 18  # of ONNX: the one that the exporter writes without converting; every runtime that we allow knows it


class CalibratedNetwork(nn.Module):
    """The graph that ships: uint8 crops (N, 1, 28, 28) in, calibrated probabilities (N, C) and features (N, F) out."""

    def __init__(self, model: nn.Module, temperature: float) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f"temperature must be above 0, got {temperature}: train again")
        self.body, self.last = split_last(model)
        self.temperature = temperature

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities (N, C) of crops (N, 1, 28, 28) uint8, and what the last layer gets (N, F), float32."""
        features = self.body(scaled(crops))
        return torch.softmax(self.last(features) / self.temperature, dim=1), features


def convert(network: CalibratedNetwork, metadata: dict[str, str]) -> onnx.ModelProto:
    """Return the ONNX model of a network, the same bytes each time. Raises ValueError where the graph is not sound."""
    example = torch.zeros((2, 1, SIDE, SIDE), dtype=torch.uint8)
    program = torch.onnx.export(
        network.eval(),
        (example,),
        input_names=["crops"],
        output_names=[*OUTPUTS],
        dynamic_shapes=({0: torch.export.Dim("batch", min=0)},),
        opset_version=OPSET,
        external_data=False,
        dynamo=True,
        verbose=False,
    )
    model = finish(program, metadata)
    check(model)
    return model


def finish(program: torch.onnx.ONNXProgram | None, metadata: dict[str, str]) -> onnx.ModelProto:
    """Return what torch exported without traces of its build, labelled. Raises ValueError where it exported nothing."""
    if program is None:
        raise ValueError("the exporter gave no program")
    model = program.model_proto
    clear_build_traces(model)
    label(model, metadata)
    return model


def label(model: onnx.ModelProto, metadata: dict[str, str]) -> None:
    """Let a model carry this metadata and no other, in place."""
    del model.metadata_props[:]
    for key in sorted(metadata):
        model.metadata_props.add(key=key, value=metadata[key])


def check(model: onnx.ModelProto) -> None:
    """Check a model against the contract of all that ship. Raises ValueError, which names what differs."""
    onnx.checker.check_model(model)
    if (opsets := {o.domain: o.version for o in model.opset_import}) != {"": OPSET}:
        raise ValueError(f"opset is {opsets}, not {OPSET}")
    if "Dropout" in {node.op_type for node in model.graph.node}:
        raise ValueError("a Dropout is in the graph: the network was exported in training mode")
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer):
        raise ValueError("weights went to a side file")
    found = [(v.name, v.type.tensor_type.elem_type) for v in (*model.graph.input, *model.graph.output)]
    outputs = [(name, onnx.TensorProto.FLOAT) for name in OUTPUTS]
    if found not in ([("crops", onnx.TensorProto.UINT8), *outputs[:n]] for n in (1, 2)):
        raise ValueError(f"inputs and outputs are {found}")
    batch = model.graph.input[0].type.tensor_type.shape.dim[0]
    if batch.WhichOneof("value") != "dim_param":
        raise ValueError(f"the batch is frozen at {batch.dim_value}")


def drop_features(model: onnx.ModelProto) -> None:
    """Let a model give probabilities alone, in place."""
    del model.graph.output[1:]


def describe(metadata: dict[str, Any], checkpoint_sha256: str) -> dict[str, str]:
    """Return what travels inside the ONNX file, as text, of a checkpoint's metadata."""
    names = ("crop_version", "temperature", "accuracy", "arch", "threshold")
    texts = {name: str(metadata[name]) for name in names if name in metadata}
    texts["graph_version"] = GRAPH_VERSION
    return texts | {"classes": json.dumps(list(metadata["classes"])), "checkpoint_sha256": checkpoint_sha256}


def write(model: onnx.ModelProto, path: Path) -> None:
    """Write a model to one file and see it on the disk."""
    with path.open("wb") as file:
        file.write(model.SerializeToString(deterministic=True))
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def unproved(target: Path) -> Iterator[Path]:
    """Give a name beside `target` for a file that is not yet proved; whatever is left of it goes, a killed run's too.

    Raises OutputError where another process exports to the same file.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with only_writer(target.with_name(f".{target.name}.lock")):
        for left in target.parent.glob(f".{glob.escape(target.name)}.*tmp"):
            left.unlink(missing_ok=True)
        temporary = target.with_name(f".{target.name}.tmp")
        try:
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)


def clear_build_traces(model: onnx.ModelProto) -> None:
    """Drop stack traces and names with the paths of the machine that exported; they differ from one to the next."""
    model.doc_string = model.graph.doc_string = ""
    for item in (*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        item.doc_string = ""
        del item.metadata_props[:]
    for initializer in model.graph.initializer:
        initializer.doc_string = ""
        del initializer.metadata_props[:]
    del model.graph.metadata_props[:]
    for function in model.functions:
        for node in function.node:
            del node.metadata_props[:]
