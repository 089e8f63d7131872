"""Take the graph of a fine-tuned network from the ONNX file of its base, where only weights differ.

Exporting anew takes 4 s, most of them the import of torch's compiler.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from export import graph
from realtime.reading.model_files import sha256
from training import checkpoint


def convert(network: graph.CalibratedNetwork, base: Path, metadata: dict[str, str]) -> onnx.ModelProto | None:
    """Return the ONNX model of a network with the graph of the one that lies beside the checkpoint `base`.

    None where there is none of that checkpoint, or where something differs that is no weight of the graph as it stands,
    such as a convolution, into which normalisation is folded. Raises ValueError where the graph is not sound.
    """
    file = base.with_suffix(".onnx")
    if not file.is_file():
        return None
    model = onnx.load(str(file))
    told = {entry.key: entry.value for entry in model.metadata_props}
    if told.get("checkpoint_sha256") != sha256(base):
        return None
    before, described = checkpoint.load(base)
    old = _weights(graph.CalibratedNetwork(before, float(described["temperature"])), model)
    new = _weights(network, model)
    if old.keys() != new.keys():
        return None
    held = {tensor.name: tensor for tensor in model.graph.initializer}
    for name, weights in new.items():
        if np.array_equal(weights, old[name]):
            continue
        if name not in held or not np.array_equal(numpy_helper.to_array(held[name]), old[name]):
            return None
        held[name].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(weights), name))
    graph.label(model, metadata)
    graph.check(model)
    return model


def _weights(network: graph.CalibratedNetwork, model: onnx.ModelProto) -> dict[str, NDArray[Any]]:
    """Return a network's weights and its temperature by the names that they have in a graph."""
    named = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    return named | {_divisor(model): np.array(network.temperature, np.float32)}


def _divisor(model: onnx.ModelProto) -> str:
    """Return the name of the number by which logits are divided before the softmax, empty where there is none."""
    makers = {node.output[0]: node for node in model.graph.node}
    ends = [makers.get(node.input[0]) for node in model.graph.node if node.op_type == "Softmax"]
    return next((node.input[1] for node in ends if node is not None and node.op_type == "Div"), "")
