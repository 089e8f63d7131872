"""Turn a trained finder into one ONNX file that takes bytes and gives bytes, for pictures of any size."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import Tensor, nn

from export.graph import OPSET, finish
from export.parity import ParityError
from realtime.reading.finder import MAPS, STRIDE, VERSION, Finder

Fitted = tuple[float, ...]
LARGEST_DIFFERENCE = 2  # of 255, between the file and the checkpoint
SIZES = ((1, 64, 96), (2, 96, 64), (1, 192, 320))  # batch, height, width that are compared


class Bytes(nn.Module):
    """The graph that ships: images (N, H, W, 3) uint8 BGR to maps and classes as uint8."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return maps (N, 3, H/2, W/2) and classes (N, 10, H/4, W/4), probabilities times 255."""
        maps, classes = self.model(images.permute(0, 3, 1, 2).float())
        # Softmax in its single steps: over channels, ONNX Runtime's own turns all the map twice, 2 of 14 ms.
        raised = torch.exp(classes - classes.amax(dim=1, keepdim=True))
        return _bytes(torch.sigmoid(maps) * 255), _bytes(raised * (255 / raised.sum(dim=1, keepdim=True)))


def _bytes(value: Tensor) -> Tensor:
    return (value + 0.5).to(torch.uint8)


def convert(graph: Bytes, metadata: dict[str, str]) -> onnx.ModelProto:
    """Return the ONNX model of a finder. Raises ValueError where the graph is not sound."""
    batch, height, width = (torch.export.Dim(name, min=1) for name in ("batch", "rows", "columns"))
    program = torch.onnx.export(
        graph.eval(),
        (torch.zeros((2, 2 * STRIDE, 3 * STRIDE, 3), dtype=torch.uint8),),
        input_names=["images"],
        output_names=["maps", "classes"],
        dynamic_shapes=({0: batch, 1: STRIDE * height, 2: STRIDE * width},),
        opset_version=OPSET,
        external_data=False,
        dynamo=True,
        verbose=False,
    )
    model = finish(program, metadata)
    _scale_in_one_step(model)
    onnx.checker.check_model(model)
    return model


def _scale_in_one_step(model: onnx.ModelProto) -> None:
    """Replace the first steps, cast, subtract and divide, by one that does all of it alike, in place.

    Raises ValueError where the graph begins with others.
    """
    graph = model.graph
    steps = list(graph.node[1:4])
    if [node.op_type for node in steps] != ["Cast", "Sub", "Div"]:
        raise ValueError(f"the graph begins with {[node.op_type for node in graph.node[:4]]}, not with its scaling")
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    zero, scale = np.uint8(values[steps[1].input[1]]), np.float32(1 / values[steps[2].input[1]])
    graph.initializer.extend(numpy_helper.from_array(np.array(v), k) for k, v in (("zero", zero), ("scale", scale)))
    inputs, outputs = [steps[0].input[0], "scale", "zero"], [steps[2].output[0]]
    for node in steps:
        graph.node.remove(node)
    graph.node.insert(1, helper.make_node("DequantizeLinear", inputs, outputs, name="scale_bytes"))
    used = {name for node in graph.node for name in node.input}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in used]:
        graph.initializer.remove(tensor)


def describe(metadata: dict[str, Any], checkpoint_sha256: str, odds: Fitted, shares: Fitted) -> dict[str, str]:
    """Return what travels inside the file, as text."""
    if metadata["finder_version"] != VERSION:
        raise ValueError(f"the checkpoint is {metadata['finder_version']}, this program reads {VERSION}: train again")
    return {
        "finder_version": VERSION,
        "maps": json.dumps(list(MAPS)),
        "threshold": f"{metadata['threshold']:.3f}",
        "odds": json.dumps([round(odd, 4) for odd in odds]),
        "shares": json.dumps([round(share, 4) for share in shares]),
        "checkpoint_sha256": checkpoint_sha256,
    }


def check(path: Path, graph: Bytes) -> int:
    """Compare the file with the network, by the class that users run; return the largest difference of 255."""
    finder, rng, largest = Finder(path, "cpu"), np.random.default_rng(0), 0
    for size in SIZES:
        images = _pictures(rng, size)
        with torch.no_grad():
            expected = [part.numpy() for part in graph(torch.from_numpy(images))]
        for name, want, given in zip(("maps", "classes"), expected, finder.run(images), strict=True):
            if want.shape != given.shape or given.dtype != np.uint8:
                raise ParityError(f"{name} are {given.shape} {given.dtype} in the file, {want.shape} in the checkpoint")
            largest = max(largest, int(np.abs(want.astype(int) - given).max(initial=0)))
    if largest > LARGEST_DIFFERENCE:
        raise ParityError(f"maps differ by {largest} of 255, at most {LARGEST_DIFFERENCE} are allowed")
    return largest


def _pictures(rng: np.random.Generator, size: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Return noise, light and strokes (N, H, W, 3) uint8: no data needed."""
    images = rng.integers(0, 256, (*size, 3), np.uint8)
    images[:, : size[1] // 2] = images[:, : size[1] // 2] // 8 + 200
    images[:, size[1] // 4 : size[1] // 4 + 5, 8:40] = 30
    return images
