import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from realtime.live.loop import promotion as promoted
from realtime.live.promotion import ModelWatcher
from realtime.reading.classifier import Classifier
from realtime.reading.ensemble import Ensemble
from realtime.reading.model_files import default_model


def test_a_model_moved_into_place_is_taken_up_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_model: Callable[..., Path]
) -> None:
    monkeypatch.setattr(promoted, "LOOK", 0.0)
    place, base = tmp_path / "finetuned.onnx", Classifier(default_model(), "cpu")

    def open_networks() -> Classifier | Ensemble:
        return Ensemble(Classifier(place, "cpu"), base) if place.is_file() else base

    in_use = ModelWatcher(open_networks, lambda: place if place.is_file() else None)
    assert in_use.current is base and in_use.renew() == ""
    blank = np.zeros(10, np.float32)
    assert in_use.who(blank) == ""

    def promote(source: Path) -> None:
        shutil.copy(source, tmp_path / "new")
        (tmp_path / "new").replace(place)

    promote(make_model())
    assert in_use.renew() == "took up the new finetuned.onnx" and in_use.renew() == ""
    first = in_use.current
    assert isinstance(first, Ensemble)
    said = first(np.zeros((1, 1, 28, 28), np.uint8))
    assert in_use.who(said[0, :10]) in ("fine-tuned", "base")
    promote(default_model())
    assert in_use.renew().startswith("took up") and in_use.current is not first
    second = in_use.current
    (tmp_path / "broken").write_bytes(b"half a model")
    promote(tmp_path / "broken")
    assert "error: the new model is not taken up" in in_use.renew() and in_use.current is second
    assert in_use.renew() == ""
    place.unlink()
    assert in_use.renew() == "" and in_use.current is second
