"""Cheaper graphs: what they keep, what they say, and that one which is far off is not written."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from onnx import numpy_helper

from export import graph, parity, precision
from export.export_onnx import main
from realtime.reading import crops
from realtime.reading.classifier import Classifier
from realtime.reading.model_files import default_model
from tests.conftest import draw_digit
from tests.training.test_checkpoint import metadata
from training import checkpoint
from training.model import build
from training.recipe import CLASSES

CHECKPOINT = default_model().with_suffix(".pth")


def drawn(count: int, seed: int = 0) -> NDArray[np.uint8]:
    """Return crops of digits drawn with a pen, 0 to 9 in turn, (N, 1, 28, 28) uint8."""
    return crops.stack([draw_digit(str(i % 10), seed=seed + i) for i in range(count)])


def save(path: Path, images: NDArray[np.uint8]) -> Path:
    """Write crops as labelled digits, 0 to 9 in turn."""
    np.savez(path, images=images[:, 0], labels=np.array([str(i % 10) for i in range(len(images))]))
    return path


def export(*words: object) -> Result:
    return CliRunner().invoke(main, [str(CHECKPOINT), *map(str, words)])


@pytest.fixture(scope="module", params=["int8", "fp16"])
def cheaper(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, str]:
    """The kind, the file and what the exporter said."""
    folder = tmp_path_factory.mktemp(request.param)
    shown = save(folder / "digits.npz", drawn(120))
    done = export(f"--{request.param}", "--calibrate", shown, "-o", folder / "made.onnx")
    assert done.exit_code == 0, done.output
    assert done.stdout == "" and {path.name for path in folder.iterdir()} == {"digits.npz", "made.onnx"}
    return request.param, folder / "made.onnx", done.stderr


def test_a_cheaper_graph_keeps_the_contract_and_all_metadata(cheaper: tuple[str, Path, str]) -> None:
    kind, path, notes = cheaper
    model, whole = onnx.load(path), onnx.load(default_model())
    graph.check(model)
    saved, before = ({item.key: item.value for item in m.metadata_props} for m in (model, whole))
    assert saved.pop("precision") == kind
    assert saved.pop("calibration", None) == ("60 crops" if kind == "int8" else None)
    assert saved == before
    assert path.stat().st_size < 0.6 * default_model().stat().st_size
    assert "the same class for" in notes and "fp32" in notes and "at batch 32" in notes


def test_the_classifier_of_users_reads_a_cheaper_graph_as_the_whole_one(cheaper: tuple[str, Path, str]) -> None:
    kind, path, _ = cheaper
    base, made = Classifier(default_model(), "cpu"), Classifier(path, "cpu")
    assert made.classes == base.classes
    for count in (0, 1, 7, 100):
        batch = drawn(count, seed=5000) if count else np.zeros((0, 1, 28, 28), np.uint8)
        given, expected = made(batch), base(batch)
        assert given.shape == expected.shape and given.dtype == np.float32
        assert np.allclose(given.sum(axis=1), 1, atol=1e-5)
        assert np.abs(given - expected).max(initial=0) <= parity.TOLERANCES[kind].difference
        assert (given.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.98 if count else True


def test_int8_weights_have_7_bits_but_the_first_and_the_last_layer_stay_in_fp32() -> None:
    made = precision.quantize_int8(onnx.load(default_model()), drawn(40))
    again = precision.quantize_int8(onnx.load(default_model()), drawn(40))
    assert made.SerializeToString(deterministic=True) == again.SerializeToString(deterministic=True)
    weights = {t.name: numpy_helper.to_array(t) for t in made.graph.initializer}
    quantised = {name: array for name, array in weights.items() if array.dtype == np.int8 and array.ndim > 1}
    assert len(quantised) == 3 and all(np.abs(array).max() <= 64 for array in quantised.values())
    scales = [array.size for name, array in weights.items() if name.endswith("weight_scale")]
    assert sorted(scales) == [64, 128, 256]  # one for each output
    layers = [node for node in made.graph.node if node.op_type in precision.LAYERS]
    assert weights[layers[0].input[1]].dtype == weights[layers[-1].input[1]].dtype == np.float32


def test_what_was_calibrated_on_blanks_is_not_written(tmp_path: Path) -> None:
    shown = save(tmp_path / "blank.npz", np.zeros((60, 1, 28, 28), np.uint8))
    target = tmp_path / "made.onnx"
    target.write_bytes(b"the old one")
    done = export("--int8", "--calibrate", shown, "-o", target)
    assert done.exit_code == 1 and "parity failed: int8 reads" in done.stderr and len(done.stderr.splitlines()) == 1
    assert target.read_bytes() == b"the old one" and len(list(tmp_path.iterdir())) == 2


def test_calibration_takes_mnist_and_folders_and_no_more_than_enough(
    pen_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "MAX_CROPS", 50)
    shown, labels = precision.load_crops((pen_mnist, save(tmp_path / "digits.npz", drawn(60))))
    assert shown.shape == (100, 1, 28, 28) and shown.dtype == np.uint8 and len(labels) == 100
    assert set(labels[:50]) == set(range(10))  # shuffled: both halves see all


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--int8",), 2, "--calibrate FOLDER"),
        (("--calibrate", "digits"), 2, "goes with --int8 or --fp16"),
        (("--int8", "--fp16", "--calibrate", "digits"), 2, "export twice"),
        (("--int8", "--calibrate", "nowhere"), 3, "nowhere"),
        (("--fp16", "--calibrate", "few.npz"), 3, "only 10 crops"),
    ],
)
def test_bad_input_is_named(
    words: tuple[str, ...], code: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "few.npz", drawn(10))
    done = export(*words, "-o", "made.onnx")
    assert done.exit_code == code and says in done.stderr
    assert not (tmp_path / "made.onnx").exists()


def test_a_network_without_convolutions_is_made_cheaper_too(tmp_path: Path) -> None:
    torch.manual_seed(0)
    checkpoint.save(tmp_path / "mlp.pth", build("mlp", 11), metadata(arch="mlp", classes=list(CLASSES)))
    assert CliRunner().invoke(main, [str(tmp_path / "mlp.pth")]).exit_code == 0
    whole = onnx.load(tmp_path / "mlp.onnx")
    made = precision.quantize_int8(whole, drawn(40))
    graph.check(made)
    weights = [t for t in made.graph.initializer if t.data_type == onnx.TensorProto.INT8 and len(t.dims) == 2]
    assert len(weights) == 2
    graph.check(precision.convert_fp16(whole))
