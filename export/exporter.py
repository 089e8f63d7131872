"""Write ONNX files of checkpoints, each only once it is proved to say what it should."""

import contextlib
import io
import logging
import warnings
from pathlib import Path

import onnx

from export import adopt, graph, parity, precision, same_graph
from realtime.reading.classifier import Classifier
from realtime.reading.model_files import sha256


def export_checkpoint(source: Path, target: Path, mnist: Path | None = None, base: Path | None = None) -> float:
    """Write `target` from the checkpoint `source` and return the largest difference of a probability.

    mnist: a folder of its files, to look at the accuracy of another program's network. base: a checkpoint that lies
    beside its ONNX file, and was fine-tuned to `source`: the graph is taken from there where only weights differ.
    Raises CheckpointRefusedError for the checkpoint, ParityError or ValueError for the graph, OSError where the file
    cannot be written. Whatever is raised, `target` stays as it was.
    """
    network, proto = _convert_checkpoint(source, mnist, base)
    with graph.unproved(target) as temporary:
        graph.write(proto, temporary)
        difference = parity.check(temporary, network)
        temporary.replace(target)
    return difference


def export_reduced(source: Path, target: Path, kind: str, labelled: tuple[Path, ...]) -> parity.PrecisionReport:
    """Write `target` in "int8" or "fp16" and report how it fares beside fp32; int8 is calibrated on half of `labelled`.

    labelled: pictures as `precision.load_crops` takes them. Raises as `export_checkpoint` does, and DataError.
    """
    crops, labels = precision.load_crops(labelled)
    network, proto = _convert_checkpoint(source)
    graph.drop_features(proto)  # of another precision they would not be those that a memory was learned from
    half = len(crops) // 2
    reduced = precision.quantize_int8(proto, crops[:half]) if kind == "int8" else precision.convert_fp16(proto)
    graph.check(reduced)
    with graph.unproved(target) as temporary, graph.unproved(target.with_name(f"{target.name}.fp32")) as fp32:
        graph.write(proto, fp32)
        parity.check(fp32, network)
        graph.write(reduced, temporary)
        classifiers = (Classifier(fp32, "cpu"), Classifier(temporary, "cpu"))
        report = parity.check_reduced(*classifiers, crops[half:], labels[half:])
        temporary.replace(target)
    return report


def _convert_checkpoint(
    source: Path, mnist: Path | None = None, base: Path | None = None
) -> tuple[graph.CalibratedNetwork, onnx.ModelProto]:
    """Return the network of a checkpoint and its graph in fp32, without the exporter's own chatter."""
    model, metadata = adopt.load(source, mnist)
    network = graph.CalibratedNetwork(model, float(metadata["temperature"])).eval()
    described = graph.describe(metadata, sha256(source))
    if base is not None and (proto := same_graph.convert(network, base, described)) is not None:
        return network, proto
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return network, graph.convert(network, described)
