"""The finder's file says what its checkpoint says, whatever the size of a picture, or is not written at all."""

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from export import export_finder, finder_exporter, finder_graph
from realtime.reading.finder import MAPS, VERSION, Finder
from training import checkpoint
from training.finder_network import FinderNetwork
from training.finder_odds import fit


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A checkpoint of an untrained finder."""
    torch.manual_seed(0)
    metadata = {"finder_version": VERSION, "maps": list(MAPS), "threshold": 0.6}
    checkpoint.write(tmp_path / "source.pth", {"state": FinderNetwork().state_dict(), "metadata": metadata})
    return tmp_path / "source.pth"


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of torch about itself
def test_a_checkpoint_becomes_a_file_that_takes_any_size(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "finder.onnx"
    result = CliRunner().invoke(export_finder.main, [str(source), str(target)])
    assert result.exit_code == 0, result.output
    finder = Finder(target, "cpu")
    assert finder.threshold == 0.6 and (finder.odds, finder.shares) == (finder_exporter.ALONE, finder_exporter.SHARES)
    for height, width in ((32, 32), (96, 160)):
        maps, classes = finder.run(np.full((2, height, width, 3), 90, np.uint8))
        assert maps.shape == (2, 3, height // 2, width // 2) and classes.shape == (2, 10, height // 4, width // 4)
    assert not any(path.name.endswith((".tmp", ".lock")) for path in target.parent.iterdir())
    other = finder_graph.Bytes(FinderNetwork().eval())
    torch.nn.init.constant_(other.model.maps.bias, 3.0)
    with pytest.raises(finder_graph.ParityError, match="maps differ by"):
        finder_graph.check(target, other)


def test_another_version_is_refused(source: Path, tmp_path: Path) -> None:
    content = checkpoint.read(source)
    content["metadata"]["finder_version"] = "finder-0"
    checkpoint.write(source, content)
    result = CliRunner().invoke(export_finder.main, [str(source), str(tmp_path / "finder.onnx")])
    assert result.exit_code == 1 and "finder-0" in result.output and not (tmp_path / "finder.onnx").exists()


def test_odds_follow_the_evidence() -> None:
    rng = np.random.default_rng(0)
    told = rng.normal(0, 2, (4000, 2))
    true = rng.random(4000) < 1 / (1 + np.exp(-(1.5 * told[:, 0] + 0.5 * told[:, 1] - 1)))
    assert fit(told, true) == pytest.approx((1.5, 0.5, -1), abs=0.2)
