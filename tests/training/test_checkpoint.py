import zipfile
from pathlib import Path

import pytest
import torch

from realtime.reading import crops
from training import checkpoint
from training.checkpoint import CheckpointRefusedError
from training.model import build
from training.recipe import DIGITS, Recipe
from training.run import resume_run, save_run, start_run


def metadata(**changes: object) -> dict[str, object]:
    """Return the least that a checkpoint says of itself."""
    plain = {"arch": "digitcnn", "classes": list(DIGITS), "crop_version": crops.VERSION, "temperature": 1.0}
    return plain | changes


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    model = build("digitcnn", 10)
    path = tmp_path / "new" / "best.pth"
    checkpoint.save(path, model, metadata(accuracy=0.99))
    loaded, saved = checkpoint.load(path)
    assert saved["accuracy"] == 0.99 and not loaded.training
    assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), model.parameters(), strict=True))
    assert [p.name for p in path.parent.iterdir()] == ["best.pth"]
    assert "state" in torch.load(path, weights_only=True)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "best.pth"
    checkpoint.write(path, {"a": 1})

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.write(path, {"a": 2})
    assert checkpoint.read(path) == {"a": 1}


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04" + b"\0" * 80, b"\x80\x02}q\x00."])
def test_broken_and_foreign_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.pth"
    path.write_bytes(content)
    with pytest.raises(CheckpointRefusedError, match="bad.pth"):
        checkpoint.load(path)


def test_a_truncated_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "best.pth"
    checkpoint.save(path, build("mlp", 10), metadata(arch="mlp"))
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(CheckpointRefusedError):
        checkpoint.load(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crop_version": "other-9"}, "other-9.*mnist"),
        ({"arch": "resnet"}, "resnet"),
        ({"arch": "mlp"}, "does not fit"),
        ({"classes": ["0", "1"]}, "names classes"),
        ({"classes": [*"0123456789", "letter"]}, "names classes"),
        ({"classes": 10}, "names classes"),
        ({"arch": ["digitcnn"]}, "digitcnn, mlp"),
        ({"temperature": None}, "temperature of None"),
        ({"temperature": "1"}, "temperature of '1'"),
        ({"temperature": True}, "temperature of True"),
        ({"temperature": float("nan")}, "temperature of nan"),
        ({"temperature": -1}, "temperature of -1"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, changes: dict, message: str) -> None:
    path = tmp_path / "best.pth"
    checkpoint.save(path, build("digitcnn", 10), metadata(**changes))
    with pytest.raises(CheckpointRefusedError, match=message):
        checkpoint.load(path)


def test_other_files_of_torch_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save(build("mlp", 10).state_dict(), path)
    with pytest.raises(CheckpointRefusedError, match="not a checkpoint of train-digits"):
        checkpoint.load(path)
    with pytest.raises(CheckpointRefusedError, match="no checkpoint"):
        checkpoint.load(tmp_path / "none.pth")


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    model = build("digitcnn", 10)
    with torch.no_grad():
        next(model.parameters())[0, 0, 0, 0] = float("nan")
    checkpoint.save(tmp_path / "nan.pth", model, metadata())
    with pytest.raises(CheckpointRefusedError, match="no numbers"):
        checkpoint.load(tmp_path / "nan.pth")


def test_what_unpacks_to_more_than_any_network_is_refused_unread(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"")
        with archive.open("archive/data/0", "w", force_zip64=True) as member:
            for _ in range(300):
                member.write(bytes(1 << 20))
    with pytest.raises(CheckpointRefusedError, match="too large"):
        checkpoint.read(tmp_path / "bomb.pth")


def test_a_run_that_is_damaged_is_not_gone_on_with(tmp_path: Path) -> None:
    recipe = Recipe(classes=DIGITS)
    run = start_run(recipe, torch.device("cpu"))
    save_run(run, recipe, tmp_path)
    content = checkpoint.read(tmp_path / "last.pth")
    for wrong in ({"model": {}}, {"optimizer": 7}, {"progress": {"epochs": 3}}, {"averaged": None}):
        checkpoint.write(tmp_path / "wrong.pth", content | wrong)
        with pytest.raises(CheckpointRefusedError, match=r"wrong\.pth"):
            resume_run(tmp_path / "wrong.pth", recipe, torch.device("cpu"))


def test_metadata_must_be_whole(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="temperature"):
        checkpoint.save(tmp_path / "a.pth", build("mlp", 10), {"arch": "mlp", "classes": [], "crop_version": "1"})
