import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner

from export import graph, parity
from export.export_onnx import main
from realtime.reading.classifier import Classifier
from realtime.reading.model_files import sha256
from tests.training.test_checkpoint import metadata
from training import checkpoint
from training.model import build
from training.recipe import CLASSES


@pytest.fixture(scope="module")
def checkpoint_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "best.pth"
    torch.manual_seed(3)
    model = build("digitcnn", 11)
    for buffer in model.buffers():  # statistics that are not the identity
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 1.5)
    checkpoint.save(path, model, metadata(classes=list(CLASSES), temperature=1.7, accuracy=0.5))
    return path


@pytest.fixture(scope="module")
def onnx_file(checkpoint_file: Path) -> Path:
    result = CliRunner().invoke(main, [str(checkpoint_file)])
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    return checkpoint_file.with_suffix(".onnx")


def test_the_graph_keeps_its_contract(onnx_file: Path, checkpoint_file: Path) -> None:
    model = onnx.load(onnx_file)
    graph.check(model)
    assert "Dropout" not in {node.op_type for node in model.graph.node}
    assert not any(node.metadata_props or node.doc_string for node in model.graph.node)
    saved = {p.key: p.value for p in model.metadata_props}
    assert json.loads(saved["classes"]) == list(CLASSES)
    assert saved["checkpoint_sha256"] == sha256(checkpoint_file)
    assert (saved["temperature"], saved["accuracy"], saved["arch"]) == ("1.7", "0.5", "digitcnn")
    content = onnx_file.read_bytes()
    assert b".py" not in content and str(Path.cwd()).encode() not in content


@pytest.mark.parametrize("count", [0, 1, 2, 7, 64])
def test_the_classifier_of_users_says_what_the_checkpoint_says(
    onnx_file: Path, checkpoint_file: Path, count: int
) -> None:
    model, saved = checkpoint.load(checkpoint_file)
    batch = np.random.default_rng(count).integers(0, 256, (count, 1, 28, 28), np.uint8)
    difference = parity.compare(
        Classifier(onnx_file, "cpu"), graph.CalibratedNetwork(model, saved["temperature"]).eval(), batch
    )
    assert difference <= 1e-5


def test_the_same_bytes_each_time(onnx_file: Path, checkpoint_file: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.onnx"
    assert CliRunner().invoke(main, [str(checkpoint_file), "-o", str(again)]).exit_code == 0
    assert again.read_bytes() == onnx_file.read_bytes()


def test_no_file_where_parity_fails(checkpoint_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parity, "LARGEST_DIFFERENCE", -1.0)
    target = tmp_path / "bad.onnx"
    target.write_bytes(b"the old one")
    result = CliRunner().invoke(main, [str(checkpoint_file), "-o", str(target)])
    assert result.exit_code == 1 and "parity failed" in result.stderr
    assert target.read_bytes() == b"the old one" and len(list(tmp_path.iterdir())) == 1


def test_a_dropout_in_the_graph_is_noticed(onnx_file: Path) -> None:
    proto = onnx.load(onnx_file)
    proto.graph.node.append(onnx.helper.make_node("Dropout", ["probabilities"], ["nothing"]))
    with pytest.raises(ValueError, match="Dropout"):
        graph.check(proto)


@pytest.mark.parametrize("content", [None, b"no checkpoint"])
def test_a_broken_checkpoint_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.pth"
    if content is not None:
        path.write_bytes(content)
    result = CliRunner().invoke(main, [str(path)])
    assert result.exit_code == 4 and "broken.pth" in result.stderr and len(result.stderr.splitlines()) == 1


def test_a_folder_that_cannot_be_written(checkpoint_file: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(main, [str(checkpoint_file), "-o", str(tmp_path / "file" / "x.onnx")])
    assert result.exit_code == 1 and "error:" in result.stderr
