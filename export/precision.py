"""Reduce the precision of a network's graph: to 8 bits, calibrated on crops or strips, or to fp16 for GPUs."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from realtime.reading.crops import SIDE
from training import data, datasets
from training.data import DataError

LAYERS = ("Conv", "Gemm")  # the operators with weights
MAX_CROPS = 2000  # taken of each source
MIN_CROPS = 40  # needed in all; half of them calibrate, half prove
CALIBRATION_BATCH = 128  # crops that calibration runs at once; more need more memory only


def load_crops(paths: tuple[Path, ...]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return crops (N, 1, 28, 28) uint8 and labels (N,) in random order, at most MAX_CROPS of each source.

    A source is a folder with MNIST's training files, or what `training.datasets` reads. Raises DataError.
    """
    if not paths:
        return np.zeros((0, 1, SIDE, SIDE), np.uint8), np.zeros(0, np.int64)
    generator = torch.Generator().manual_seed(0)
    crops, labels = [], []
    for path in paths:
        if path.is_dir() and any(path.glob("train-images*")):
            of_source = data.read_mnist(path, "train")
        else:
            dataset = datasets.load_dataset(path)
            of_source = dataset.crops, dataset.labels
        drawn = torch.randperm(len(of_source[1]), generator=generator)[:MAX_CROPS]
        crops.append(of_source[0][drawn])
        labels.append(of_source[1][drawn])
    order = torch.randperm(sum(map(len, labels)), generator=generator)
    if len(order) < MIN_CROPS:
        raise DataError(f"only {len(order)} crops to calibrate on: name folders with at least {MIN_CROPS} pictures")
    return torch.cat(crops)[order].numpy(), torch.cat(labels)[order].numpy()


def quantize_int8(model: onnx.ModelProto, crops: NDArray[np.uint8]) -> onnx.ModelProto:
    """Return the graph with its inner layers in 8 bits, for the ranges seen on crops (N, 1, 28, 28) uint8.

    Weights have a scale for each output, and 7 bits: without VNNI, AVX2 adds two products of 8 by 8 bits in 16 bits,
    which can overflow without a word. With all layers in 8 bits that cost 0.08 points of MNIST's test digits; beside a
    first layer in fp32 the shipped network showed none of it, but another may. The first convolution stays in fp32,
    where its one channel takes a quarter of the time, and the last layer as temperature and softmax do: it decides how
    sure the network is, and costs nothing.
    """
    model = _keep_first_step_apart(model)
    nodes = model.graph.node
    places = [i for i, node in enumerate(nodes) if node.op_type in LAYERS]
    begin = places[1] if nodes[places[0]].op_type == "Conv" else 0
    whole = [node.name for node in (*nodes[:begin], nodes[places[-1]])]
    parts = np.array_split(crops, -(-len(crops) // CALIBRATION_BATCH))
    reduced = _quantize(model, parts, whole, [*LAYERS, "Relu", "MaxPool", "Reshape"])
    return _copy_metadata(reduced, model, {"precision": "int8", "calibration": f"{len(crops)} crops"})


def quantize_rows(model: onnx.ModelProto, batches: list[NDArray[np.uint8]]) -> onnx.ModelProto:
    """Return the graph of a row network with its inner layers in 8 bits, for the ranges seen on batches of strips.

    Weights and the outer layers are as in `quantize_int8`.
    """
    layers = [node.name for node in model.graph.node if node.op_type in LAYERS]
    reduced = _quantize(model, batches, [layers[0], layers[-1]], ["Conv", "Add", "Relu"])
    count = sum(map(len, batches))
    return _copy_metadata(reduced, model, {"precision": "int8", "calibration": f"{count} drawn strips"})


def _quantize(
    model: onnx.ModelProto, batches: list[NDArray[np.uint8]], whole: list[str], operators: list[str]
) -> onnx.ModelProto:
    """Return a graph with such operators in 8 bits, but for the nodes of the names `whole`; metadata is lost."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class BatchReader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.batches = iter(batches)

        def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
            batch = next(self.batches, None)
            return None if batch is None else {model.graph.input[0].name: batch}

    with tempfile.TemporaryDirectory() as folder, _without_log():
        given, path = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, given)  # of a model in memory, ONNX Runtime moves the weights out to a file
        quantize_static(
            given,
            path,
            BatchReader(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=operators,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=whole,
        )
        return onnx.load(path)


def _keep_first_step_apart(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the graph with its first convolution halved and what follows it doubled again, which is exact.

    Else ONNX Runtime draws the step to 8 bits before the pooling, whose bytes it pools so slowly that nothing is
    gained: 1.1 times the time of fp32, 0.66 with the doubling in between.
    """
    reduced = onnx.ModelProto()
    reduced.CopyFrom(model)
    nodes = reduced.graph.node
    places = [i for i, node in enumerate(nodes) if node.op_type in LAYERS]
    first, second = nodes[places[0]], nodes[places[1]]
    if first.op_type != "Conv":
        return reduced
    for tensor in reduced.graph.initializer:
        if tensor.name in first.input[1:]:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) / 2, tensor.name))
    reduced.graph.initializer.append(numpy_helper.from_array(np.array(2, np.float32), "two"))
    doubling = helper.make_node("Mul", [second.input[0], "two"], ["doubled"], name="double")
    second.input[0] = "doubled"
    nodes.insert(places[1], doubling)
    return reduced


def convert_fp16(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the graph with its layers in fp16; bytes in, scaling, temperature and softmax stay as they are."""
    reduced = onnx.ModelProto()
    reduced.CopyFrom(model)
    nodes = reduced.graph.node
    first, last = (next(i for i, n in order if n.op_type in LAYERS) for order in _from_both_ends(nodes))
    into, out = nodes[first].input[0], nodes[last].output[0]
    inner = list(nodes[first : last + 1])
    used = {name for node in inner for name in node.input}
    for tensor in reduced.graph.initializer:
        if tensor.name in used and tensor.data_type == TensorProto.FLOAT:
            half = numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(half, tensor.name))
    inner[0].input[0], inner[-1].output[0] = f"{into}_fp16", f"{out}_fp16"
    enter = helper.make_node("Cast", [into], [f"{into}_fp16"], name="to_fp16", to=TensorProto.FLOAT16)
    leave = helper.make_node("Cast", [f"{out}_fp16"], [out], name="to_fp32", to=TensorProto.FLOAT)
    ordered = [*nodes[:first], enter, *inner, leave, *nodes[last + 1 :]]
    del reduced.graph.node[:], reduced.graph.value_info[:]  # the types noted for what lies between no longer hold
    reduced.graph.node.extend(ordered)
    return _copy_metadata(reduced, model, {"precision": "fp16"})


def _from_both_ends(nodes: "list[onnx.NodeProto]") -> tuple[list[tuple[int, onnx.NodeProto]], ...]:
    numbered = list(enumerate(nodes))
    return numbered, numbered[::-1]


def _copy_metadata(reduced: onnx.ModelProto, model: onnx.ModelProto, more: dict[str, str]) -> onnx.ModelProto:
    """Give a graph the metadata of the one it was made from, and more."""
    metadata = {item.key: item.value for item in model.metadata_props} | more
    del reduced.metadata_props[:]
    for key in sorted(metadata):
        reduced.metadata_props.add(key=key, value=metadata[key])
    return reduced


@contextmanager
def _without_log() -> Iterator[None]:
    """Keep ONNX Runtime's advice to pre-process out of the log: the exporter has done that."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(before)
