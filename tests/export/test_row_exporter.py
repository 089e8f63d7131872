"""The row network in 8 bits reads as in full precision, and what reads worse is not written."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest

from export import precision, row_exporter
from export.parity import ParityError
from realtime.reading import strips
from realtime.reading.model_files import row_model
from realtime.reading.row_reader import RowReader
from tests.conftest import draw_sheet
from training.drawn import Drawn

CHECKPOINT = row_model().with_suffix(".pth")


def lines(count: int, seed: int) -> list[Drawn]:
    """Return strips of five digits and their texts."""
    texts = ["".join(map(str, row)) for row in np.random.default_rng(seed).integers(0, 10, (count, 5)).tolist()]
    images = [draw_sheet([text], (400, 100), seed=seed + k) for k, text in enumerate(texts)]
    return [(strips.cut(image, strips.whole(image)).pixels, text) for image, text in zip(images, texts, strict=True)]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lines of the tests' own, for the data of strokes is not in the repository."""
    monkeypatch.setattr(row_exporter, "held_out", lambda _, count: lines(200, 100))
    yield


@pytest.mark.usefixtures("drawn")
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of torch about itself
def test_a_file_in_eight_bits_is_smaller_and_reads_the_same(tmp_path: Path) -> None:
    target = tmp_path / "rows-int8.onnx"
    before, after = row_exporter.export_int8(CHECKPOINT, target, tmp_path)
    assert after >= before - row_exporter.LOST and {path.name for path in tmp_path.iterdir()} == {target.name}
    assert target.stat().st_size < row_model().stat().st_size / 3
    whole, reduced = (RowReader(path, "cpu") for path in (row_model(), target))
    assert reduced.metadata == {**whole.metadata, "precision": "int8", "calibration": "100 drawn strips"}
    shown = [strip for strip, _ in lines(20, 7)]
    pairs = zip(whole.probabilities(shown), reduced.probabilities(shown), strict=True)
    assert np.mean(np.concatenate([a.argmax(axis=1) == b.argmax(axis=1) for a, b in pairs])) > 0.98


@pytest.mark.usefixtures("drawn")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_what_reads_worse_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoilt(model: onnx.ModelProto, _: object) -> onnx.ModelProto:
        bias = next(tensor for tensor in model.graph.initializer if "name.bias" in tensor.name)
        bias.CopyFrom(onnx.numpy_helper.from_array(-20 * np.arange(bias.dims[0], dtype=np.float32), bias.name))
        return model

    monkeypatch.setattr(precision, "quantize_rows", spoilt)
    with pytest.raises(ParityError, match="int8 reads"):
        row_exporter.export_int8(CHECKPOINT, tmp_path / "rows-int8.onnx", tmp_path)
    assert not list(tmp_path.iterdir())
