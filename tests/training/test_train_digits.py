import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from tests.training.test_data import write_mnist
from training import checkpoint, train
from training.datasets import Dataset
from training.recipe import Recipe
from training.run import start_run
from training.train_digits import main

QUICK = ("--epochs", "2", "--batch", "32", "--arch", "mlp", "--augment", "none", "--digits-only", "--device", "cpu")


@pytest.fixture(scope="module")
def mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mnist(tmp_path_factory.mktemp("mnist"), train=400, test=50)


def run(mnist: Path, out: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(mnist), "--out", str(out), *QUICK, *options])


def weights(path: Path) -> torch.Tensor:
    model, _ = checkpoint.load(path)
    return torch.cat([p.flatten() for p in model.parameters()])


def dataset(count: int, name: str = "a", weight: float = 1.0) -> Dataset:
    return Dataset(name, torch.zeros((count, 1, 28, 28), dtype=torch.uint8), torch.arange(count) % 10, weight)


def test_a_run_leaves_all_it_promises(mnist: Path, tmp_path: Path) -> None:
    result = run(mnist, tmp_path)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best.pth", "curves.png", "last.pth", "metrics.jsonl"]
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    assert {"loss", "validation_loss", "validation_accuracy", "seconds"} <= set(lines[0])
    _, saved = checkpoint.load(tmp_path / "best.pth")
    assert saved["classes"] == list("0123456789") and 0 <= saved["accuracy"] <= 1 and saved["temperature"] > 0
    assert saved["seed"] == 0 and saved["recipe"]["epochs"] == 2 and "MNIST" in saved["data"][0]
    assert "on CPU" in result.stderr and "test" in result.stderr


def test_the_same_seed_gives_the_same_weights(mnist: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert run(mnist, tmp_path / name, "--augment", "camera").exit_code == 0
    assert run(mnist, tmp_path / "c", "--augment", "camera", "--seed", "1").exit_code == 0
    a, b, c = (weights(tmp_path / name / "best.pth") for name in "abc")
    assert torch.equal(a, b) and not torch.equal(a, c)
    assert run(mnist, tmp_path / "d", "--augment", "hand").exit_code == 0
    assert not torch.equal(a, weights(tmp_path / "d" / "best.pth"))


def test_a_resumed_run_ends_as_an_unbroken_one(mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(mnist, tmp_path / "whole", "--augment", "camera").exit_code == 0
    save_run = train.save_run

    def interrupt(*arguments: object) -> None:
        save_run(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(train, "save_run", interrupt)
        broken = run(mnist, tmp_path / "broken", "--augment", "camera")
    assert broken.exit_code == 130 and "--resume" in broken.stderr
    assert not (tmp_path / "broken" / "best.pth").exists()
    assert run(mnist, tmp_path / "broken", "--augment", "camera", "--resume").exit_code == 0
    assert torch.equal(weights(tmp_path / "whole" / "best.pth"), weights(tmp_path / "broken" / "best.pth"))
    other = run(mnist, tmp_path / "broken", "--resume", "--seed", "9")
    assert other.exit_code == 4 and "another recipe" in other.stderr


def test_eleven_classes_with_extra_data(mnist: Path, tmp_path: Path) -> None:
    images = np.full((40, 28, 28), 255, np.uint8)
    images[:, 13:15, 4:24] = 0
    np.savez(tmp_path / "signs.npz", images=images, labels=np.array(["minus"] * 30 + ["z"] * 10))
    arguments = [
        "--data",
        str(mnist),
        "--out",
        str(tmp_path / "out"),
        "--negatives",
        "60",
        "--forms",
        "60",
        "--epochs",
        "1",
        "--arch",
        "mlp",
        "--batch",
        "64",
    ]
    result = CliRunner().invoke(main, [*arguments, "--extra", str(tmp_path / "signs.npz"), "2"])
    assert result.exit_code == 0, result.stderr
    _, saved = checkpoint.load(tmp_path / "out" / "best.pth")
    assert saved["classes"][-1] == "not-a-digit" and saved["data"][1] == "signs: 27 crops x 2"
    assert 0 <= saved["threshold"] <= 1


def test_early_stop_and_target(mnist: Path, tmp_path: Path) -> None:
    stopped = run(mnist, tmp_path, "--epochs", "30", "--rate", "1e-9", "--patience", "1")
    assert stopped.exit_code == 0
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) < 30
    missed = run(mnist, tmp_path, "--rate", "1e-9", "--target", "99")
    assert missed.exit_code == 1 and "misses the target of 99 %" in missed.stderr
    assert (tmp_path / "best.pth").is_file()


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--data", "nowhere"), 3, "nowhere"),
        (("--extra", "nowhere.npz", "1"), 3, "nowhere.npz"),
        (("--arch", "resnet"), 2, "resnet"),
        (("--epochs", "0"), 2, "epochs"),
        (("--device", "tpu"), 2, "tpu"),
    ],
)
def test_errors_are_one_line_with_their_code(
    mnist: Path, tmp_path: Path, options: tuple[str, ...], code: int, message: str
) -> None:
    result = run(mnist, tmp_path, *options)
    assert result.exit_code == code and message in result.stderr
    assert "Traceback" not in result.stderr


def test_an_epoch_is_a_permutation_with_weights() -> None:
    generator = torch.Generator().manual_seed(0)
    datasets = [dataset(10), dataset(8, "b", 2.5), dataset(6, "c", 0.5), dataset(4, "d", 0)]
    counts = train.shuffle_weighted(datasets, generator).bincount(minlength=28)
    assert counts[:10].tolist() == [1] * 10
    assert counts[10:18].sum() == 20 and set(counts[10:18].tolist()) == {2, 3}
    assert counts[18:24].sum() == 3 and counts[24:].sum() == 0


def test_the_rate_rises_and_falls_once() -> None:
    rates = [train.one_cycle(step, 100) for step in range(101)]
    top = rates.index(max(rates))
    assert rates[top] == pytest.approx(1) and 15 <= top <= 25
    assert rates[:top] == sorted(rates[:top]) and rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[100] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("able", [{"avx512_bf16": True}, {"amx_bf16": True}, {}])
def test_half_the_bits_where_the_processor_has_instructions_for_them(
    able: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able, raising=False)
    seen = []
    recipe = Recipe(arch="mlp", augment="none", epochs=1, batch=32, negatives=0)
    run = start_run(recipe, torch.device("cpu"))
    run.model.layers[1].register_forward_hook(lambda *parts: seen.append(parts[2].dtype))
    train.fit(run, recipe, [dataset(64)], dataset(20), None)
    assert set(seen) == {torch.bfloat16 if able else torch.float32}
    assert all(p.dtype == torch.float32 for p in run.model.parameters())


@pytest.mark.soak
def test_two_processes_end_with_equal_weights(mnist: Path, tmp_path: Path) -> None:
    script = tmp_path / "both.py"
    script.write_text(
        "import sys, torch\n"
        "from torch import distributed\n"
        "from training import train\n"
        "from training.recipe import Recipe\n"
        "from training.run import start_run\n"
        "from tests.training.test_train_digits import dataset\n"
        "distributed.init_process_group('gloo')\n"
        "recipe = Recipe(epochs=1, batch=32, negatives=20)\n"
        "run = start_run(recipe, torch.device('cpu'))\n"
        "train.fit(run, recipe, [dataset(128)], dataset(20), None)\n"
        "state = {**run.model.state_dict(), **{'a.' + k: v for k, v in run.averaged.state_dict().items()}}\n"
        "torch.save(state, sys.argv[1] + str(distributed.get_rank()))\n"
        "distributed.destroy_process_group()\n",
        encoding="utf-8",
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    done = subprocess.run(
        [*command, str(script), str(tmp_path / "state")], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    first, second = (torch.load(tmp_path / f"state{rank}", weights_only=True) for rank in (0, 1))
    assert first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_training_further_starts_from_a_checkpoint(mnist: Path, tmp_path: Path) -> None:
    assert run(mnist, tmp_path / "first").exit_code == 0
    first = tmp_path / "first" / "best.pth"
    still = run(mnist, tmp_path / "second", "--from", str(first), "--rate", "1e-12")
    assert still.exit_code == 0, still.stderr
    assert torch.allclose(weights(first), weights(tmp_path / "second" / "best.pth"), atol=1e-6)
    other = run(mnist, tmp_path / "third", "--from", str(first), "--arch", "digitcnn")
    assert other.exit_code == 4 and "is a mlp of 10 classes" in other.stderr
