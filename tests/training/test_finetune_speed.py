"""What makes fine-tuning quick changes nothing: Adam without torch's compiler, the base kept, pictures read at once."""

import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import torch

from realtime.reading.ensemble import Networks
from realtime.reading.model_files import default_model
from tests.conftest import draw_digit, save_image
from tests.run_commands import REPOSITORY
from training import finetune_cache
from training.adam import Adam
from training.corrections import find_digit, read_corrections

CHECKPOINT = default_model().with_suffix(".pth")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(finetune_cache, "cache_folder", lambda: tmp_path / "cache" / "mnist")
    return tmp_path / "cache" / finetune_cache.NAME


def test_adam_moves_weights_as_torch_does() -> None:
    torch.manual_seed(0)
    ours, theirs = torch.nn.Linear(7, 3), torch.nn.Linear(7, 3)
    theirs.load_state_dict(ours.state_dict())
    groups = [{"params": [theirs.weight], "share": 1.0}, {"params": [theirs.bias], "share": 0.4}]
    reference = torch.optim.AdamW(groups, weight_decay=0.02)
    adam = Adam([([ours.weight], 1.0), ([ours.bias], 0.4)], decay=0.02)
    for step in range(50):
        rate = 1e-2 * (1 - step / 50)
        for group in reference.param_groups:
            group["lr"] = rate * group["share"]
        inputs = torch.randn(16, 7)
        for network in (ours, theirs):
            network(inputs).square().mean().backward()
        reference.step()
        reference.zero_grad()
        adam.step(rate)
        adam.forget_gradients()
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))


def test_tensors_are_kept_until_what_they_follow_from_changes(pen_mnist: Path, own_cache: Path) -> None:
    made = []

    def make() -> dict[str, torch.Tensor]:
        made.append(None)
        return {"a": torch.arange(5)}

    key = finetune_cache.key_of(CHECKPOINT, pen_mnist, 3, 0)
    for _ in range(3):
        assert torch.equal(finetune_cache.kept(key, make)["a"], torch.arange(5))
    assert len(made) == 1
    others = [finetune_cache.key_of(CHECKPOINT, pen_mnist, 2, 0), finetune_cache.key_of(CHECKPOINT, own_cache, 3, 0)]
    assert len({key, *others}) == 3
    finetune_cache.kept(others[0], make)
    finetune_cache.kept(key, make)
    assert len(made) == 3 and len(list(own_cache.parent.iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"not a checkpoint at all"])
def test_a_broken_cache_is_made_anew(own_cache: Path, content: bytes) -> None:
    own_cache.parent.mkdir(parents=True)
    own_cache.write_bytes(content)
    for _ in range(2):
        assert finetune_cache.kept("key", lambda: {"a": torch.ones(2)})["a"].sum() == 2
    assert torch.load(own_cache, weights_only=True)["key"] == "key"


def test_a_folder_that_cannot_be_written_is_said(own_cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own_cache.parent.write_text("a file stands where the folder belongs")
    assert finetune_cache.kept("key", lambda: {"a": torch.ones(2)})["a"].sum() == 2
    assert "cannot keep" in capsys.readouterr().err


def test_pictures_read_at_once_come_in_order(tmp_path: Path, networks: Networks) -> None:
    for k in range(6):
        picture = 225 - cv2.cvtColor(draw_digit(str(k % 3), seed=k), cv2.COLOR_GRAY2BGR) // 255 * 180
        save_image(tmp_path / "mine" / str(k % 3) / f"{k}.png", picture)
    (tmp_path / "mine" / "1" / "broken.png").write_bytes(b"no picture")
    found, left_out = read_corrections(tmp_path / "mine", networks)
    assert [(c.label, c.path.name) for c in found] == [(k % 3, f"{k}.png") for k in (0, 3, 1, 4, 2, 5)]
    for correction in found:
        assert (correction.crop == find_digit(cv2.imread(str(correction.path)), networks)[0][0, 0]).all()
    assert [path.name for path, _ in left_out] == ["broken.png"]


def test_fine_tuning_loads_neither_the_compiler_of_torch_nor_what_draws_figures() -> None:
    program = (
        "import sys, torch; from export import finetuning; from training.adam import Adam; "
        "Adam([([torch.ones(1, requires_grad=True)], 1.0)]).step(0.1); "
        "print([name for name in ('torch._dynamo', 'matplotlib', 'onnxscript') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
