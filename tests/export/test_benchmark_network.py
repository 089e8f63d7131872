"""The benchmark of ONNX Runtime's settings: all of them say the same, those for CUDA run here on the CPU."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from export import network_settings
from export.benchmark_network import main
from realtime.reading.classifier import Classifier
from realtime.reading.model_files import default_model
from tests.conftest import has_cuda

ALL = {setting.name: setting for device in ("cpu", "cuda:0") for setting in network_settings.settings(device)}


@pytest.mark.parametrize("name", ALL)
def test_no_setting_changes_what_is_read(name: str, classifier: Classifier) -> None:
    run = network_settings.runner(network_settings.open_session(default_model(), ALL[name], "cpu"), ALL[name])
    for count in (1, 7, 70):
        batch = np.random.default_rng(count).integers(0, 256, (count, 1, 28, 28), np.uint8)
        assert np.allclose(run(batch), classifier(batch), atol=1e-5)


def test_a_session_on_cuda_is_asked_for_as_the_classifier_asks() -> None:
    (name, options), last = network_settings.providers(network_settings.WHOLE, "cuda:1")
    assert (name, last) == ("CUDAExecutionProvider", "CPUExecutionProvider")
    assert (options["device_id"], options["cudnn_conv_algo_search"]) == (1, "HEURISTIC")
    searched = {
        network_settings.providers(s, "cuda:0")[0][1]["cudnn_conv_algo_search"]
        for s in network_settings.settings("cuda:0")
    }
    assert searched == {"HEURISTIC", "EXHAUSTIVE", "DEFAULT"}


def test_the_command_measures_all_settings(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    words = [str(default_model()), "--beside", str(default_model()), "--device", "cpu", "--rounds", "1", "--most", "8"]
    done = CliRunner().invoke(main, [*words, "--json", str(path)])
    assert done.exit_code == 0, done.output
    figures = json.loads(path.read_text(encoding="utf-8"))
    assert figures["providers"] == ["CPUExecutionProvider"] and "CUDA was not run" in done.stderr
    assert set(figures["ratios"]) == {s.name for s in network_settings.settings("cpu")} | {"best.onnx"}
    for ratios in (figures["us_a_crop"], *figures["ratios"].values()):
        for of_batch in ratios.values():
            assert list(of_batch) == ["1", "2", "8"]
            assert all(0 < low <= middle <= high for middle, low, high in of_batch.values())
    assert all(ratios["worst_ms"] > 0 and ratios["first"] > 0 for ratios in figures["changing"].values())
    assert all(0 < of["random_median_ms"] <= of["random_p99_ms"] for of in figures["changing"].values())
    assert figures["idle_ms"].keys() == figures["ratios"].keys()
    assert "padded to powers of two" in done.stdout


@pytest.mark.skipif(has_cuda(), reason="this machine has an NVIDIA driver")
def test_cuda_without_a_gpu_and_a_model_that_is_none_are_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, [str(default_model()), "--device", "cuda"])
    assert done.exit_code == 1 and "--device cuda cannot be had" in done.stderr
    done = CliRunner().invoke(main, [str(tmp_path / "none.onnx")])
    assert done.exit_code == 4 and "none.onnx" in done.stderr
