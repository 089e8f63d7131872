import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from export import finetuning
from export import promote as promotion
from export.finetune_digits import main
from export.promote import in_use, promote
from realtime.reading import crops
from realtime.reading.classifier import Classifier
from realtime.reading.model_files import default_model, sha256
from tests.conftest import draw_digit, draw_glyph, save_image
from tests.run_commands import REPOSITORY
from training import checkpoint
from training.data import DataError
from training.recipe import CLASSES, FinetuneRecipe

PICTURES = ["confusion.png", "history.png", "report.md", "samples.png"]


def digit(sign: str, seed: int) -> np.ndarray:
    return 225 - cv2.cvtColor(draw_digit(sign, seed=seed), cv2.COLOR_GRAY2BGR) // 255 * 180


def run(folder: Path, mnist: Path, *options: str) -> Result:
    return CliRunner().invoke(main, [str(folder), "--data", str(mnist), "--out", "models", *options])


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what is cached for drawn digits out of the user's cache; fonts are still taken from there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLCONFIGDIR", matplotlib.get_cachedir())
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def corrected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of corrections: ten fours of an unusual shape, and some common digits."""
    monkeypatch.chdir(tmp_path)
    for i in range(10):
        save_image(tmp_path / "mine" / "4" / f"{i}.png", draw_glyph(i))
    for i in range(8):
        save_image(tmp_path / "mine" / "7" / f"{i}.png", digit("7", i))
    save_image(tmp_path / "mine" / "8" / "0.png", digit("8", 0))
    return tmp_path / "mine"


def test_a_new_glyph_is_learned_and_promoted_with_a_report(corrected: Path, pen_mnist: Path) -> None:
    result = run(corrected, pen_mnist)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "" and "promoted to models/finetuned.onnx" in result.stderr
    assert (
        "not measured: too few different pictures to hold any out, so nothing is known of new ones: 8 (1)"
        in result.stderr
    )
    assert sorted(path.name for path in Path("runs/finetune").iterdir()) == PICTURES
    report = Path("runs/finetune/report.md").read_text()
    assert "Fixed, trained on: " in report and "`4/" in report
    # Of some glyphs the finder finds a piece alone.
    assert re.search(r"\| 4 \| (?:[7-9]|10) \| 0 \| (?:[7-9]|10) \|", report)
    assert sorted(path.name for path in Path("models").iterdir()) == ["finetuned.onnx", "finetuned.pth"]
    tuned = Classifier("models/finetuned.onnx", "cpu")
    unseen = crops.stack([255 - cv2.cvtColor(draw_glyph(i), cv2.COLOR_BGR2GRAY) - 30 for i in range(100, 140)])
    assert (Classifier(default_model(), "cpu")(unseen).argmax(axis=1) != 4).all()
    assert (tuned(unseen).argmax(axis=1) == 4).mean() >= 0.8  # fewer examples, where pieces alone were found


def test_wrong_labels_are_named_and_a_worse_network_is_not_promoted(
    tmp_path: Path, pen_mnist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for sign in "0123456789":
        for i in range(6):
            save_image(tmp_path / "mine" / sign / f"{i}.png", digit(sign, 50 + i))
    swapped = [("2", "5"), ("7", "3"), ("0", "6")]
    for is_, named in swapped:
        (tmp_path / "mine" / is_ / "5.png").rename(tmp_path / "mine" / named / "x.png")
    result = run(tmp_path / "mine", pen_mnist)
    assert result.exit_code in (0, 1)
    for is_, named in swapped:
        assert f"{Path(named) / 'x.png'}: labelled {named}, but looks like {is_}" in result.stderr
    assert result.stderr.count("but looks like") == len(swapped)
    wrong = tmp_path / "wrong"
    for i in range(10):
        save_image(wrong / "3" / f"{i}.png", digit("8", i))
        save_image(wrong / "8" / f"{i}.png", digit("3", i))
    Path("models").mkdir(exist_ok=True)
    before = sorted((p.name, sha256(p)) for p in Path("models").iterdir())
    result = run(wrong, pen_mnist, "--trust")
    assert result.exit_code == 1, result.stderr
    assert "not promoted" in result.stderr and "forgets other hands" in result.stderr
    assert sorted((p.name, sha256(p)) for p in Path("models").iterdir()) == before


def test_missing_folders_are_made_and_errors_are_one_line(
    tmp_path: Path, pen_mnist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(Path("new"), pen_mnist)
    assert result.exit_code == 3 and "put pictures of single digits into its folders 0 to 9" in result.stderr
    assert sorted(path.name for path in Path("new").iterdir()) == sorted(CLASSES)
    save_image(Path("new/4/a.png"), np.full((90, 90, 3), 200, np.uint8))
    result = run(Path("new"), pen_mnist)
    assert result.exit_code == 3 and "holds no digit" in result.stderr
    result = run(Path("new"), tmp_path / "nowhere")
    assert result.exit_code == 3 and "name a folder with the four MNIST files" in result.stderr
    result = run(Path("new"), pen_mnist, "--init", "none.pth")
    assert result.exit_code == 4 and "none.pth" in result.stderr and "Traceback" not in result.stderr


def test_a_kill_at_any_step_leaves_a_model_that_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, saved = checkpoint.load(default_model().with_suffix(".pth"))
    made = {}
    for name in ("old", "new"):
        promote(model, saved, tmp_path / name)
        made[sha256(tmp_path / name / "finetuned.pth")] = (tmp_path / name / "finetuned.onnx").read_bytes()
        model.head[1].weight.data *= 1.01
    # What was exported above is copied into place: exporting anew at each step would take a minute.
    monkeypatch.setattr(
        promotion, "export_checkpoint", lambda source, target, base=None: target.write_bytes(made[sha256(source)])
    )
    old, _ = checkpoint.load(tmp_path / "old" / "finetuned.pth")
    new, _ = checkpoint.load(tmp_path / "new" / "finetuned.pth")
    replace, steps = Path.replace, 0
    for step in range(7):
        folder, done = tmp_path / str(step), []
        promote(old, saved, folder)
        promote(old, saved, folder)
        before = sha256(folder / "finetuned.onnx")

        def stop(self: Path, target: Path, step: int = step, done: list[Path] = done) -> Path:
            if len(done) == step:
                raise KeyboardInterrupt  # as a kill, it is caught by nobody
            done.append(target)
            return replace(self, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", stop)
            try:
                promote(new, saved, folder)
                killed = False
            except KeyboardInterrupt:
                killed = True
                assert sha256(folder / "finetuned.onnx") == before
        used = Classifier(folder / "finetuned.onnx", "cpu")
        found = in_use(folder)
        assert found is not None and sha256(found) == used.metadata["checkpoint_sha256"]
        promote(new, saved, folder)  # and the next one goes through
        assert in_use(folder) == folder / "finetuned.pth"
        assert Classifier(folder / "finetuned-before.onnx", "cpu").classes == CLASSES
        steps += killed
    assert steps == 5  # the new checkpoint, two kept, two into place


def test_watching_learns_what_lies_still_and_learns_anew_when_that_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, told = tmp_path / "mine", []

    def learn(settings: finetuning.Settings, *_: object) -> None:
        told.append(sorted(path.name for path in settings.folder.glob("4/*.png")))
        if len(told) == 1:
            save_image(mine / "4" / "b.png", draw_glyph(1))
            raise DataError("too few")  # is said, and waited on
        raise KeyboardInterrupt

    monkeypatch.setattr(finetuning, "load_base", lambda *_: None)
    monkeypatch.setattr(finetuning, "finetune_and_report", learn)
    monkeypatch.setattr(finetuning, "QUIET_TIME", 0.2)
    monkeypatch.setattr(finetuning, "WATCH_INTERVAL", 0.01)
    save_image(mine / "4" / "a.png", draw_glyph(0))
    settings = finetuning.Settings(mine, tmp_path, tmp_path, FinetuneRecipe(3), 0.1, False)
    with pytest.raises(KeyboardInterrupt):
        finetuning.watch(settings, None, None, os.getppid())
    assert told == [["a.png"], ["a.png", "b.png"]]
    finetuning.watch(settings, None, None, os.getppid() + 1)  # what started it has gone: it ends at once
    assert len(told) == 2


@pytest.mark.soak
def test_watch_takes_up_corrections_as_they_come(tmp_path: Path, pen_mnist: Path) -> None:
    command = [sys.executable, "-m", "export.finetune_digits", "mine", "--watch", "--data", str(pen_mnist)]
    command += ["--out", "models"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])}
    running = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    lines = iter(running.stderr.readline, "")
    assert any(line.startswith("watching mine") for line in lines)
    promoted = []
    for count in (6, 8):
        for i in range(count):
            save_image(tmp_path / "mine" / "4" / f"{i}.png", draw_glyph(i))
        assert "to models/finetuned.onnx" in next(line for line in lines if "promoted" in line)
        promoted.append(sha256(tmp_path / "models" / "finetuned.onnx"))
    running.send_signal(signal.SIGINT)
    assert running.communicate(timeout=60)[1].endswith("interrupted\n") and running.returncode == 130
    assert sha256(tmp_path / "models" / "finetuned-before.onnx") == promoted[0] != promoted[1]
    assert "finetuned.pth reads them" in (tmp_path / "runs" / "finetune" / "report.md").read_text()


@pytest.mark.soak
def test_a_process_killed_while_it_promotes_leaves_a_model_that_loads(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from export.promote import promote; from training import checkpoint\n"
        "from realtime.reading.model_files import default_model\n"
        "model, saved = checkpoint.load(default_model().with_suffix('.pth'))\n"
        "while True:\n"
        "    promote(model, saved, Path(sys.argv[1])); print('one', flush=True)\n"
        "    model.head[1].weight.data *= 1.001\n"
    )
    rng = np.random.default_rng(0)
    for _ in range(10):
        running = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
        )
        assert running.stdout is not None and running.stdout.readline() == "one\n"
        try:
            running.wait(rng.uniform(0, 5))
        except subprocess.TimeoutExpired:
            running.kill()
        running.communicate()
        used = Classifier(tmp_path / "finetuned.onnx", "cpu")
        found = in_use(tmp_path)
        assert found is not None and sha256(found) == used.metadata["checkpoint_sha256"]
        assert promotion.NAME in found.name and torch.load(found, weights_only=True)


def test_suspects_are_named_and_nothing_is_trained(
    tmp_path: Path, pen_mnist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for i in range(24):
        save_image(tmp_path / "mine" / str(i % 4) / f"{i}.png", 225 - draw_digit(str(i % 4), seed=i) // 2)
    save_image(tmp_path / "mine" / "3" / "wrong.png", 225 - draw_digit("0", seed=99) // 2)
    result = run(Path("mine"), pen_mnist, "--suspects")
    assert result.exit_code == 0 and result.stdout == "mine/3/wrong.png: labelled 3, looks like 0\n"
    assert "1 of 25 labels look wrong" in result.stderr and not Path("models").exists() and not Path("runs").exists()
