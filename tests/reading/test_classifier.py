"""The classifier: the file's contract, the device that really runs, and every way a model file can be wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.reading import runtime
from realtime.reading.classifier import MAX_BATCH, Classifier
from realtime.reading.model_files import default_model, sha256
from realtime.reading.runtime import DeviceError, ModelRefusedError
from tests.conftest import DIGITS, has_cuda

Maker = Callable[..., Path]


def ink(count: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, 1, 28, 28), np.uint8)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 64])
def test_crops_become_probabilities(classifier: Classifier, count: int) -> None:
    probabilities = classifier(ink(count))
    assert probabilities.dtype == np.float32
    assert probabilities.shape == (count, len(classifier.classes))
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_a_crop_is_read_alike_alone_and_in_any_batch(classifier: Classifier) -> None:
    batch = ink(40)
    together = classifier(batch)
    alone = np.concatenate([classifier(batch[i : i + 1]) for i in range(40)])
    assert np.abs(together - alone).max() < 1e-5


def test_the_bundled_model_tells_what_it_is(classifier: Classifier) -> None:
    assert classifier.path == default_model()
    assert classifier.classes[:10] == DIGITS
    assert {"crop_version", "classes", "temperature", "accuracy", "checkpoint_sha256"} <= classifier.metadata.keys()
    assert float(classifier.metadata["accuracy"]) >= 0.993
    assert classifier.device == "cpu" and classifier.cpu_reason is None


def test_the_bundled_model_was_exported_from_the_bundled_checkpoint(classifier: Classifier) -> None:
    assert classifier.metadata["checkpoint_sha256"] == sha256(default_model().with_suffix(".pth"))


def test_the_classes_name_the_columns(make_model: Maker) -> None:
    assert Classifier(make_model(), "cpu").classes == (*DIGITS, "not-a-digit")
    ten = make_model(outputs=10, classes=json.dumps(DIGITS))
    assert Classifier(ten, "cpu").classes == DIGITS


def test_more_than_is_given_to_the_cpu_at_once_is_read_alike(classifier: Classifier) -> None:
    batch = ink(2 * MAX_BATCH + 3)
    given = classifier(batch)
    assert given.shape == (len(batch), 11) and given.dtype == np.float32
    assert np.allclose(given, np.concatenate([classifier(crop[None]) for crop in batch]), atol=1e-6)


@pytest.mark.parametrize(
    "crops",
    [
        np.zeros((2, 28, 28), np.uint8),
        np.zeros((2, 1, 28, 27), np.uint8),
        np.zeros((2, 3, 28, 28), np.uint8),
        np.zeros((2, 1, 28, 28), np.float32),
    ],
)
def test_other_arrays_are_refused(classifier: Classifier, crops: NDArray) -> None:
    with pytest.raises(ValueError, match="crops must be"):
        classifier(crops)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"crop_version": "mnist-0"}, "mnist-0.*mnist-1.*export-onnx"),
        ({"crop_version": None}, "no livedigits metadata.*export"),
        ({"classes": None}, "no livedigits metadata.*export"),
        ({"classes": "not json"}, "no readable classes"),
        ({"classes": "7"}, "no readable classes"),
        ({"classes": json.dumps(["a"] * 11)}, "classes"),
        ({"classes": json.dumps(DIGITS)}, "outputs"),
        ({"outputs": 12}, "outputs"),
        ({"classes": json.dumps([*DIGITS, "letter"])}, "letter.*not-a-digit"),
        ({"classes": "[" * 50_000}, "no readable classes"),
        ({"kind": "FLOAT"}, "uint8"),
    ],
)
def test_a_model_that_breaks_the_contract_is_refused(make_model: Maker, changes: dict, says: str) -> None:
    with pytest.raises(ModelRefusedError, match=says):
        Classifier(make_model(**changes), "cpu")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty.*make it again"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:2f\nsize 26454\n", "Git LFS pointer.*git lfs pull"),
        (b"\x89HDF\r\n\x1a\n" + bytes(90), "Keras"),
        (b"<!DOCTYPE html><html>", "web page.*fetch it again"),
        (bytes(4) + b"TFL3" + bytes(90), "TFLite"),
        (b"\x10\0\0\0\0\0\0\0" + b'{"a":1}', "safetensors"),
        (b"\x80\x02}q\x00.", "checkpoint of PyTorch.*export-onnx it first"),
        (default_model().with_suffix(".pth").read_bytes(), "checkpoint of PyTorch.*export-onnx it first"),
    ],
)
def test_files_of_other_programs_are_told_with_what_to_do(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "best.pth"
    path.write_bytes(content)
    with pytest.raises(ModelRefusedError, match=f"best.pth is .*{says.removeprefix('is ')}"):
        Classifier(path, "cpu")


def test_a_model_without_probabilities_of_any_number_of_crops_is_refused(make_model: Maker) -> None:
    import onnx
    from onnx import numpy_helper

    model = onnx.load(make_model())
    weights = numpy_helper.to_array(model.graph.initializer[0]).copy()
    weights[0] = np.nan
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(weights, "weights"))
    path = make_model("nan.onnx")
    onnx.save(model, path)
    with pytest.raises(ModelRefusedError, match="no probabilities"):
        Classifier(path, "cpu")
    model = onnx.load(make_model("fixed.onnx"))
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(model, path)
    with pytest.raises(ModelRefusedError, match="any number of 28x28"):
        Classifier(path, "cpu")


def test_a_model_that_may_never_end_is_refused_before_it_runs(make_model: Maker) -> None:
    import onnx
    from onnx import TensorProto, helper

    path = make_model()
    model = onnx.load(path)
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Identity", ["x"], ["y"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
        ],
    )
    model.graph.node[-1].output[0] = "once"
    model.graph.node.append(helper.make_node("Loop", ["", "", "once"], ["probabilities"], body=body))
    onnx.save(model, path)
    with pytest.raises(ModelRefusedError, match="Loop, which may never end"):
        Classifier(path, "cpu")


@pytest.mark.parametrize("content", [b"GIF89a", b"\x00" * 4096, "nächste".encode() * 100])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelRefusedError, match=r"model\.onnx"):
        Classifier(path, "cpu")


def test_a_truncated_model_is_refused_wherever_it_breaks_off(tmp_path: Path) -> None:
    whole = default_model().read_bytes()
    path = tmp_path / "cut.onnx"
    for share in np.linspace(0.02, 0.999, 25):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(ModelRefusedError, match=r"cut\.onnx"):
            Classifier(path, "cpu")


def test_a_damaged_model_is_refused_or_runs_but_never_fails_otherwise(make_model: Maker, tmp_path: Path) -> None:
    whole = make_model().read_bytes()
    rng = np.random.default_rng(5)
    header = whole[-1500:]  # the graph's words stand after the weights
    for _ in range(150):
        damaged = bytearray(header)
        for place in rng.integers(0, len(header), 3):
            damaged[place] = rng.integers(256)
        path = tmp_path / "damaged.onnx"
        path.write_bytes(whole[:-1500] + bytes(damaged))
        try:
            Classifier(path, "cpu")
        except ModelRefusedError as error:
            assert "damaged.onnx" in str(error)


@pytest.mark.parametrize("name", ["missing.onnx", "."])
def test_a_path_without_a_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelRefusedError, match="no model file"):
        Classifier(tmp_path / name, "cpu")


def test_a_name_in_any_script_is_opened(make_model: Maker) -> None:
    assert Classifier(make_model("数字 é.onnx"), "cpu").path.name == "数字 é.onnx"


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "cuda:-1", "CPU", ""])
def test_an_unknown_device_is_named(device: str) -> None:
    with pytest.raises(DeviceError, match="use auto, cpu, cuda"):
        Classifier(default_model(), device)


@pytest.mark.skipif(has_cuda(), reason="this machine has an NVIDIA driver")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_cuda_asked_for_by_name_is_an_error_without_a_gpu(device: str) -> None:
    with pytest.raises(DeviceError, match=f"--device {device} cannot be had"):
        Classifier(default_model(), device)


@pytest.mark.skipif(has_cuda(), reason="this machine has an NVIDIA driver")
def test_auto_falls_back_without_a_gpu_and_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    opened = Classifier(default_model(), "auto")
    assert opened.device == "cpu" and opened.cpu_reason
    assert capfd.readouterr() == ("", "")


def test_a_session_that_came_up_without_cuda_is_not_reported_as_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    # ONNX Runtime gives a CPU session, without an error, where CUDA's libraries are missing.
    monkeypatch.setattr(runtime, "_no_cuda", lambda: None)
    monkeypatch.setattr(runtime.onnxruntime, "preload_dlls", lambda: None)
    real = runtime._session
    monkeypatch.setattr(runtime, "_session", lambda path, options, _: real(path, options, ["CPUExecutionProvider"]))
    with pytest.raises(DeviceError, match=r"livedigits\[cuda\]"):
        Classifier(default_model(), "cuda")
    opened = Classifier(default_model(), "auto")
    assert opened.device == "cpu" and "without CUDA" in str(opened.cpu_reason)
