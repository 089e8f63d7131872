"""Take the graph of a fine-tuned network from the ONNX file of its base, where only weights differ.

Exporting anew takes 4 s, most of them the import of torch's compiler.
"""

from pathlib import Path

import numpy as np
import onnx
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
    old = {f"model.{name}": tensor.numpy() for name, tensor in before.state_dict().items()}
    new = {f"model.{name}": tensor.detach().numpy() for name, tensor in network.model.state_dict().items()}
    if old.keys() != new.keys():
        return None
    temperature = np.array(float(described["temperature"]), np.float32)
    name = _divisor(model)
    old[name], new[name] = temperature, np.array(network.temperature, np.float32)
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


def _divisor(model: onnx.ModelProto) -> str:
    """Return the name of the number by which logits are divided before the softmax, empty where there is none."""
    makers = {node.output[0]: node for node in model.graph.node}
    ends = [makers.get(node.input[0]) for node in model.graph.node if node.op_type == "Softmax"]
    return next((node.input[1] for node in ends if node is not None and node.op_type == "Div"), "")
