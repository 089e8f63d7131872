"""Weights of other programs: taken up where they are of this very architecture, by whatever names, and told."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from export import adopt
from export.exporter import export_checkpoint
from realtime.reading.classifier import Classifier
from realtime.reading.model_files import default_model
from training import checkpoint
from training.checkpoint import CheckpointRefusedError


class Tutorial(nn.Module):
    """The network as tutorials write it, on pixels less the mean: 390,858 parameters."""

    def __init__(self, units: int = 256) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3, padding=1), nn.Conv2d(32, 64, 3, padding=1)
        self.conv3 = nn.Conv2d(64, 128, 3, padding=1)
        self.bn1, self.bn2, self.bn3 = nn.BatchNorm2d(32), nn.BatchNorm2d(64), nn.BatchNorm2d(128)
        self.fc1, self.fc2 = nn.Linear(128 * 9, units), nn.Linear(units, 10)

    def forward(self, x: Tensor) -> Tensor:
        for convolution, norm in ((self.conv1, self.bn1), (self.conv2, self.bn2), (self.conv3, self.bn3)):
            x = functional.max_pool2d(functional.relu(norm(convolution(x))), 2)
        return functional.log_softmax(self.fc2(functional.relu(self.fc1(x.flatten(1)))), 1)


@pytest.fixture(scope="module")
def tutorial() -> Tutorial:
    """The shipped network's weights, but for the class that is no digit, under a tutorial's names."""
    content = torch.load(default_model().with_suffix(".pth"), weights_only=True)["state"]
    names = ("conv1", "bn1", "conv2", "bn2", "conv3", "bn3", "fc1", "fc2")
    own = ("features.0", "features.1", "features.4", "features.5", "features.8", "features.9", "head.1", "head.4")
    layer = dict(zip(own, names, strict=True))
    state = {f"{layer[key.rpartition('.')[0]]}.{key.rpartition('.')[2]}": value for key, value in content.items()}
    state |= {"fc2.weight": state["fc2.weight"][:10], "fc2.bias": state["fc2.bias"][:10]}
    model = Tutorial()
    model.load_state_dict(state)
    assert sum(p.numel() for p in model.parameters()) == 390_858
    return model.eval()


@pytest.mark.parametrize("kept", ["bare", "train_ckpt", "dataparallel", "legacy"])
def test_a_tutorials_weights_are_exported_however_they_were_kept(
    tutorial: Tutorial, kept: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tutorial.state_dict()
    contents = {
        "train_ckpt": {"epoch": 3, "model_state_dict": state, "optimizer_state_dict": {}, "loss": 0.1},
        "dataparallel": {f"module.{name}": value for name, value in state.items()},
    }
    path = tmp_path / "theirs.pth"
    torch.save(contents.get(kept, state), path, _use_new_zipfile_serialization=kept != "legacy")
    model, metadata = adopt.load(path, None)
    crops, labels = adopt.typed_digits()
    with torch.no_grad():
        assert torch.allclose(model(crops / 255).log_softmax(dim=1), tutorial(crops / 255), atol=1e-4)
    assert metadata["classes"] == list("0123456789") and metadata["temperature"] == 1
    told = capsys.readouterr().err
    assert "another program's, taken for a digitcnn of 10 classes" in told and "pixels from 0 to 1" in told
    assert f"of {len(labels)} typed digits" in told and "too few" not in told
    if kept == "bare":
        (tmp_path / ".theirs.onnx.123.tmp").write_text("left by a run that was killed")
        assert export_checkpoint(path, tmp_path / "theirs.onnx") < 1e-5
        assert sorted(p.name for p in tmp_path.iterdir()) == ["theirs.onnx", "theirs.pth"]
        given = Classifier(tmp_path / "theirs.onnx", "cpu")(crops.numpy()).argmax(axis=1)
        assert np.mean(given == labels.numpy()) > 0.8


def test_pixels_less_their_mean_are_found_out(tutorial: Tutorial) -> None:
    crops, labels = adopt.typed_digits()

    class Shifted(nn.Module):
        def forward(self, pictures: Tensor) -> Tensor:
            return tutorial(pictures * adopt.DEVIATION + adopt.MEAN)

    network, right = adopt.choose_scaling(Shifted(), crops, labels)
    assert isinstance(network, adopt.Normalized) and right > 0.8


def test_untrained_weights_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    torch.save(Tutorial().state_dict(), tmp_path / "new.pth")
    adopt.load(tmp_path / "new.pth", None)
    assert "too few, was it trained" in capsys.readouterr().err


def test_other_networks_and_weights_that_are_no_numbers_are_refused(tutorial: Tutorial, tmp_path: Path) -> None:
    path = tmp_path / "theirs.pth"
    torch.save(Tutorial(128).state_dict(), path)
    with pytest.raises(CheckpointRefusedError, match="another network .*parameters, conv1.weight 32x1x3x3"):
        adopt.load(path, None)
    torch.save({**tutorial.state_dict(), "fc3.weight": torch.zeros(3, 3)}, path)
    with pytest.raises(CheckpointRefusedError, match="another network"):
        adopt.load(path, None)
    torch.save({**tutorial.state_dict(), "bn1.weight": torch.full((32,), float("nan"))}, path)
    with pytest.raises(CheckpointRefusedError, match="no numbers"):
        adopt.load(path, None)
    torch.save(tutorial, path)
    with pytest.raises(CheckpointRefusedError, match="state_dict"):
        adopt.load(path, None)
    checkpoint.write(path, {"epoch": 3})
    with pytest.raises(CheckpointRefusedError, match="not a checkpoint of train-digits"):
        adopt.load(path, None)
