"""Training rows: a run is kept, goes on where it was left, is calibrated, and its file reads what it learned."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from export.row_exporter import export
from realtime.reading.row_reader import RowReader
from training import checkpoint, row_network, row_scoring, row_training
from training.drawn import Batch, Drawn, pad


def bars(count: int, rng: np.random.Generator) -> Drawn:
    """Draw so many ones."""
    strip = np.zeros((32, 24 + 16 * count), np.uint8)
    for k in range(count):
        x = 16 + 16 * k + int(rng.integers(-2, 3))
        strip[4:28, x : x + 3] = 255
    return strip, "1" * count


def batches() -> Iterator[Batch]:
    """Draw batches of one to three ones."""
    rng = np.random.default_rng(0)
    while True:
        drawn = [bars(int(rng.integers(1, 4)), rng) for _ in range(16)]
        yield pad([strip for strip, _ in drawn]), [text for _, text in drawn]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of some seconds."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("rows")
    rng = np.random.default_rng(1)
    valid = [bars(1 + k % 3, rng) for k in range(12)]
    run = row_training.start(3e-3, seed=0)
    row_training.fit(run, batches(), valid, 4.0, 3e-3, folder)
    row_scoring.finish(folder / "best.pth", valid)
    return folder


def test_a_run_is_kept_and_goes_on_where_it_was_left(trained: Path) -> None:
    run = row_training.start(3e-3, seed=1)
    row_training.restore(run, trained / "last.pth")
    assert run.step > 5 and run.spent >= 4 and len(run.history) == 1
    before = run.step
    row_training.fit(run, batches(), [bars(1, np.random.default_rng(2))], run.spent + 0.2, 3e-3, trained / "more")
    assert run.step > before


def test_the_rate_falls_to_nothing(trained: Path) -> None:
    assert checkpoint.read(trained / "last.pth")["history"][-1]["rate"] < 3e-4


def test_the_file_says_what_the_checkpoint_says(trained: Path, tmp_path: Path) -> None:
    target = tmp_path / "rows.onnx"
    assert export(trained / "best.pth", target) < 1e-4
    reader = RowReader(target, "cpu")
    network, metadata = row_network.load(trained / "best.pth")
    strip, _ = bars(2, np.random.default_rng(3))
    with torch.no_grad():
        logits = network(row_network.scaled(torch.from_numpy(pad([strip]))))[0]
    expected = torch.softmax(logits / metadata["temperature"], dim=1).numpy()
    given = reader.probabilities([strip])[0]
    assert np.abs(given - expected[: len(given)]).max() < 1e-4
    assert float(reader.metadata["temperature"]) == metadata["temperature"]


def test_a_checkpoint_of_digits_is_refused(tmp_path: Path) -> None:
    checkpoint.write(tmp_path / "digits.pth", {"state": {}, "metadata": {"kind": "digits"}})
    with pytest.raises(checkpoint.CheckpointRefusedError, match="no checkpoint of train-rows"):
        row_network.load(tmp_path / "digits.pth")
    assert not list(tmp_path.glob("*.onnx"))
