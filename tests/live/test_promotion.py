"""A model that is promoted while the window is open is taken up between two frames."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from realtime.live import promotion
from realtime.live.promotion import ModelWatcher
from realtime.reading.classifier import Classifier
from realtime.reading.ensemble import Ensemble
from realtime.reading.model_files import default_model


def test_a_model_moved_into_path_is_taken_up_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_model: Callable[..., Path]
) -> None:
    monkeypatch.setattr(promotion, "CHECK_INTERVAL", 0.0)
    path, base = tmp_path / "finetuned.onnx", Classifier(default_model(), "cpu")

    def open_networks() -> Classifier | Ensemble:
        return Ensemble(Classifier(path, "cpu"), base) if path.is_file() else base

    watcher = ModelWatcher(open_networks, lambda: path if path.is_file() else None)
    assert watcher.current is base and watcher.renew() == ""

    def promote(source: Path) -> None:
        shutil.copy(source, tmp_path / "new")
        (tmp_path / "new").replace(path)

    promote(make_model())
    assert watcher.renew() == "took up the new finetuned.onnx" and watcher.renew() == ""
    first = watcher.current
    assert isinstance(first, Ensemble)
    assert first.classify(np.zeros((1, 1, 28, 28), np.uint8))[1].tolist()[0] in ("fine-tuned", "base")
    promote(default_model())
    assert watcher.renew().startswith("took up") and watcher.current is not first
    second = watcher.current
    (tmp_path / "broken").write_bytes(b"half a model")
    promote(tmp_path / "broken")
    assert "error: the new model is not taken up" in watcher.renew() and watcher.current is second
    assert watcher.renew() == ""
    path.unlink()
    assert watcher.renew() == "" and watcher.current is second
