import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from export.export_onnx import main as export
from tests.training.test_checkpoint import metadata
from tests.training.test_data import write_mnist
from training import benchmark_training, checkpoint, measure_digits, network_comparison, report_training
from training.model import build
from training.recipe import CLASSES


@pytest.fixture(scope="module")
def mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mnist(tmp_path_factory.mktemp("mnist"), train=300, test=40)


def test_the_report_shows_both_networks_and_their_pictures(mnist: Path, tmp_path: Path) -> None:
    options = ["--data", str(mnist), "--epochs", "1", "--out", str(tmp_path), "--test", "20"]
    result = CliRunner().invoke(report_training.main, options)
    assert result.exit_code == 0, result.stderr
    table = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert table == result.stdout
    assert "| CNN | 390,858 |" in table and "| MLP, flattened | 386,770 |" in table
    assert "| shift, pixels | 0 | 1 | 2 | 3 | 4 | 5 | 6 |" in table and "turn, degrees" in table and "scale" in table
    for name in ("moved.png", "features.png", "augmented.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_moving_by_whole_pixels_moves_exactly() -> None:
    pictures = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    right = network_comparison.move(pictures, shift=(3, 0))
    assert torch.allclose(right[..., 3:], pictures[..., :-3], atol=1e-4) and right[..., :3].abs().max() < 1e-4
    down = network_comparison.move(pictures, shift=(0, 2))
    assert torch.allclose(down[..., 2:, :], pictures[..., :-2, :], atol=1e-4)
    assert torch.allclose(network_comparison.move(pictures), pictures, atol=1e-4)


def test_the_benchmark_makes_its_table(mnist: Path, tmp_path: Path) -> None:
    options = ["--data", str(mnist), "--seeds", "1", "--epochs", "1", "--most", "1", "--mark", "0"]
    result = CliRunner().invoke(benchmark_training.main, [*options, "--json", str(tmp_path / "times.json")])
    assert result.exit_code == 0, result.stderr
    assert "| 0 | ours |" in result.stdout and "| 0 | usual |" in result.stdout and "times as fast" in result.stdout
    assert set(json.loads((tmp_path / "times.json").read_text())["seconds"]) == {"usual", "ours"}


def test_measuring_counts_digits_and_what_is_none(mnist: Path, tmp_path: Path) -> None:
    path = tmp_path / "best.pth"
    torch.manual_seed(0)
    checkpoint.save(path, build("mlp", 11), metadata(arch="mlp", classes=list(CLASSES), threshold=0.25))
    assert CliRunner().invoke(export, [str(path)]).exit_code == 0
    images = np.zeros((20, 16, 16), np.uint8)
    images[:, 2:14, 5:9] = 255
    np.savez(tmp_path / "ones.npz", images=images, labels=np.ones(20, np.int64))
    np.savez(tmp_path / "signs.npz", images=images, labels=np.array(["plus"] * 20))
    options = ["--model", str(path.with_suffix(".onnx")), "--data", str(mnist), "--source", str(tmp_path / "ones.npz")]
    options += ["--reject", str(tmp_path / "signs.npz"), "--json", str(tmp_path / "figures.json")]
    result = CliRunner().invoke(measure_digits.main, options)
    assert result.exit_code == 0, result.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["threshold"] == 0.25
    assert [source["count"] for source in figures["sources"]] == [40, 20]
    assert figures["rejects"][0]["count"] == 20 and 0 <= figures["rejects"][0]["auroc"] <= 1
    assert np.sum(figures["sources"][1]["confusion"]) == 20
    missing = CliRunner().invoke(measure_digits.main, ["--data", str(mnist), "--source", "nowhere.npz"])
    assert missing.exit_code == 3 and "nowhere.npz" in missing.stderr
