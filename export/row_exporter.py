"""Write the ONNX file of a row network, once it is proved equal to its checkpoint."""

import contextlib
import io
import json
import logging
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from export import graph, precision
from export.parity import LARGEST_DIFFERENCE, ParityError
from realtime.reading import strips
from realtime.reading.model_files import sha256
from realtime.reading.row_reader import ROUND, RowReader, pad
from training import row_network
from training.drawn import Drawn, held_out
from training.row_scoring import plain

DRAWN = 600  # lines that an 8-bit graph is calibrated and proved on, half each
BATCH = 8  # strips that calibration runs at once
LOST = 0.02  # share of the lines that may be read exactly by fp32 alone: two deviations of such a share of 300
WIDTHS = ((64,), (160, 150), (33, 480, 200, 61, 61, 8, 100))  # columns of the strips that both are held against


class RowGraph(nn.Module):
    """The graph that ships: strips (N, 1, 32, W) uint8 in, calibrated probabilities (N, W / 2, C) float32 out."""

    def __init__(self, network: nn.Module, temperature: float) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f"temperature must be above 0, got {temperature}: train again")
        self.network, self.temperature = network, temperature

    def forward(self, strips: Tensor) -> Tensor:
        """Return probabilities (N, W / 2, C), blank first, of strips (N, 1, 32, W) uint8."""
        return torch.softmax(self.network(row_network.scaled(strips)) / self.temperature, dim=2)


def export(source: Path, target: Path) -> float:
    """Write `target` from the checkpoint `source` and return the largest difference found.

    Raises CheckpointRefusedError for the checkpoint, ParityError or ValueError for the graph, OSError where the file
    cannot be written. Whatever is raised, `target` stays as it was.
    """
    network, metadata = row_network.load(source)
    model = RowGraph(network, float(metadata["temperature"])).eval()
    told = {
        "classes": json.dumps(list(metadata["classes"])),
        "strip_version": str(metadata["strip_version"]),
        "temperature": str(metadata["temperature"]),
        "threshold": str(metadata.get("threshold", 1.0)),
        "validation": json.dumps(metadata["validation"]),
        "checkpoint_sha256": sha256(source),
    }
    proto = _convert(model, told)
    with graph.unproved(target) as temporary:
        graph.write(proto, temporary)
        difference = check(temporary, model)
        temporary.replace(target)
    return difference


def export_int8(source: Path, target: Path, data: Path) -> tuple[float, float]:
    """Write `target` in 8 bits; return the share of drawn lines that fp32 and it read exactly.

    data: the folder that `train-rows` takes; half of the lines drawn from it, in hands held out, calibrate, the other
    half prove. Raises as `export` does.
    """
    lines = held_out(data, DRAWN)
    calibrating, proving = lines[::2], lines[1::2]
    strips_ = sorted((strip for strip, _ in calibrating), key=lambda strip: strip.shape[1])
    batches = [pad(strips_[start : start + BATCH]) for start in range(0, len(strips_), BATCH)]
    with graph.unproved(target.with_name(f"{target.name}.fp32")) as whole, graph.unproved(target) as temporary:
        export(source, whole)
        graph.write(precision.quantize_rows(onnx.load(whole), batches), temporary)
        before, after = (_exact(RowReader(path, "cpu"), proving) for path in (whole, temporary))
        if after < before - LOST:
            raise ParityError(
                f"int8 reads {100 * after:.1f} % of {len(proving)} lines exactly, fp32 {100 * before:.1f}"
            )
        temporary.replace(target)
    return before, after


def _exact(reader: RowReader, lines: list[Drawn]) -> float:
    """Return the share of lines that are read as they are written."""
    read = reader([strip for strip, _ in lines], sure=0.0)
    return sum(reading.text == plain(text) for reading, (_, text) in zip(read, lines, strict=True)) / len(lines)


def _convert(model: RowGraph, metadata: dict[str, str]) -> onnx.ModelProto:
    """Return the ONNX model of a graph, the same bytes each time."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    example = torch.zeros((2, 1, strips.HEIGHT, 4 * ROUND), dtype=torch.uint8)
    batch, width = torch.export.Dim("batch"), 4 * torch.export.Dim("quarter")
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            model,
            (example,),
            input_names=["strips"],
            output_names=["probabilities"],
            dynamic_shapes=({0: batch, 3: width},),
            opset_version=graph.OPSET,
            external_data=False,
            dynamo=True,
            verbose=False,
        )
    proto = graph.finish(program, metadata)
    onnx.checker.check_model(proto)
    return proto


def check(path: Path, model: RowGraph) -> float:
    """Compare the file, read as users read it, with the network; return the largest difference. Raises ParityError."""
    reader = RowReader(path, "cpu")
    rng = np.random.default_rng(0)
    largest = 0.0
    for widths in WIDTHS:
        lines = [_strip(rng, width) for width in widths]
        for line, given in zip(lines, reader.probabilities(lines), strict=True):
            alone = reader.probabilities([line])[0]
            if given.shape != alone.shape or not np.isfinite(given).all():
                raise ParityError(f"strip of {line.shape[1]} columns: {given.shape}, or values that are not finite")
            with torch.no_grad():
                expected = model(torch.from_numpy(pad([line])))[0].numpy()[: len(alone)]
            largest = max(largest, float(np.abs(alone - expected).max()))
    if largest > LARGEST_DIFFERENCE:
        raise ParityError(f"probabilities differ by {largest:.2g}, at most {LARGEST_DIFFERENCE:g}")
    return largest


def _strip(rng: np.random.Generator, width: int) -> strips.Strip:
    """Draw a thick random walk along a strip, on noise."""
    strip = rng.integers(0, 60, (strips.HEIGHT, width), np.uint8)
    y = np.clip(16 + np.cumsum(rng.integers(-3, 4, width)), 2, strips.HEIGHT - 3)
    for x in range(width):
        strip[y[x] - 2 : y[x] + 2, x] = 255
    return strip
