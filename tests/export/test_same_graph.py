"""A fine-tuned network with the graph of its base: it says what the checkpoint says, and the same as exported anew."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from export import graph, same_graph
from export.exporter import export_checkpoint
from realtime.reading.classifier import Classifier
from realtime.reading.model_files import default_model, sha256
from training import checkpoint

BASE = default_model().with_suffix(".pth")


def tuned(path: Path, layer: str = "head.4.weight") -> Path:
    """Write the shipped checkpoint with another temperature and one layer moved a little."""
    model, metadata = checkpoint.load(BASE)
    with torch.no_grad():
        moved = dict(model.named_parameters())[layer]
        moved += 0.01 * torch.randn(moved.shape, generator=torch.Generator().manual_seed(0))
    checkpoint.save(path, model, metadata | {"temperature": 1.5})
    return path


def test_weights_and_temperature_are_laid_into_the_graph_of_the_base(tmp_path: Path) -> None:
    source = tuned(tmp_path / "tuned.pth")
    difference = export_checkpoint(source, tmp_path / "quick.onnx", base=BASE)  # proves it against torch
    export_checkpoint(source, tmp_path / "anew.onnx")
    assert difference <= 1e-5
    crops = np.random.default_rng(0).integers(0, 256, (64, 1, 28, 28), np.uint8)
    quick, anew, base = (
        Classifier(path, "cpu") for path in (tmp_path / "quick.onnx", tmp_path / "anew.onnx", default_model())
    )
    assert np.allclose(quick(crops), anew(crops), atol=1e-5) and not np.allclose(quick(crops), base(crops), atol=1e-3)
    assert quick.metadata == anew.metadata and quick.metadata["checkpoint_sha256"] == sha256(source)


@pytest.mark.parametrize("layer", ["features.8.weight", "features.1.bias"])
def test_convolutions_that_learned_are_exported_anew(tmp_path: Path, layer: str) -> None:
    model, _ = checkpoint.load(tuned(tmp_path / "tuned.pth", layer))
    assert same_graph.convert(graph.CalibratedNetwork(model, 1.5), BASE, {}) is None


def test_a_base_without_its_own_file_gives_no_graph(tmp_path: Path) -> None:
    model, metadata = checkpoint.load(BASE)
    network = graph.CalibratedNetwork(model, 1.5)
    other = tmp_path / "base.pth"
    checkpoint.save(other, model, metadata | {"seed": 12345})
    assert same_graph.convert(network, other, {}) is None
    shutil.copyfile(default_model(), tmp_path / "base.onnx")
    assert same_graph.convert(network, other, {}) is None  # the file was exported from another checkpoint
    given = same_graph.convert(network, BASE, {"a": "b"})
    assert isinstance(given, onnx.ModelProto) and [(p.key, p.value) for p in given.metadata_props] == [("a", "b")]
