"""What export-onnx keeps beside a network to guard what a memory learns."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from export import kept
from export.export_onnx import main
from realtime.reading.classifier import Classifier
from realtime.reading.memory import load_kept
from realtime.reading.model_files import default_model


@pytest.fixture
def checkpoint_file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.pth"
    shutil.copy(default_model().with_suffix(".pth"), path)
    return path


def test_features_of_what_is_read_right_are_kept(
    checkpoint_file: Path, pen_mnist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "DRAWN", 9)
    monkeypatch.setattr(kept, "UNSURE", 6)
    result = CliRunner().invoke(main, [str(checkpoint_file), "--keep", str(pen_mnist)])
    assert result.exit_code == 0 and "mine-kept.npz  features of 15 digits" in result.stderr, result.stderr
    found, network = (
        load_kept(checkpoint_file.with_name("mine-kept.npz")),
        Classifier(checkpoint_file.with_suffix(".onnx")),
    )
    assert (
        found is not None
        and found.features.shape == (15, 256)
        and found.network == network.metadata["checkpoint_sha256"]
    )
    assert np.allclose(np.linalg.norm(found.features, axis=1), 1, atol=1e-5)


def test_only_the_fp32_graph_has_features_to_keep(checkpoint_file: Path, pen_mnist: Path) -> None:
    result = CliRunner().invoke(main, [str(checkpoint_file), "--fp16", "--keep", str(pen_mnist)])
    assert result.exit_code == 2 and "--keep goes with the fp32 graph alone" in result.stderr
