"""Drawn scenes and their truth, the finder's scores, and that training goes on where it was left."""

import gzip
import json
import shutil
import struct
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest
import torch
from click.testing import CliRunner

from training import checkpoint, finder_training, train_finder
from training.finder_network import FinderNetwork
from training.finder_scenes import recoloured, stack
from training.finder_scores import cheapest, count, scores
from training.scenes.canvas import Canvas
from training.scenes.draw import Source, draw
from training.scenes.glyphs import placed
from training.scenes.shapes import DIGITS, SIGNS
from training.scenes.truth import NONE, Scene, tell


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like that of the sources, with authored strokes, no fonts, and a paper and a room of noise."""
    data, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for name in ("strokes", "fonts", "backgrounds", "clutter", "mnist", "digits"):
        (data / name).mkdir()
    shapes = {digit: next(iter(forms.values())) for digit, forms in DIGITS.items()} | SIGNS
    for name in ("digits", "numbers", "lower", "upper", "signs"):
        with gzip.open(data / "strokes" / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
            for label, shape in shapes.items() if name == "digits" else ():
                strokes = [(1000 * points).tolist() for points, _ in shape]
                for writer in ("a", "f"):  # the one is trained on, the other held out
                    file.write(json.dumps({"label": label, "writer": writer, "strokes": strokes}) + "\n")
    pictures, labels = np.zeros((160, 28, 28), np.uint8), np.arange(160) % 10
    for picture, label in zip(pictures, labels.tolist(), strict=True):
        strokes = [np.rint(points * 20 + 4).astype(np.int32) for points, _ in shapes[str(label)]]
        cv2.polylines(picture, strokes, False, 255, 2, cv2.LINE_AA)
    (data / "mnist" / "train-images-idx3-ubyte").write_bytes(
        struct.pack(">4i", 0x803, 160, 28, 28) + pictures.tobytes()
    )
    (data / "mnist" / "train-labels-idx1-ubyte").write_bytes(
        struct.pack(">2i", 0x801, 160) + labels.astype(np.uint8).tobytes()
    )
    np.savez(data / "digits" / "bhmsds_digits.npz", images=255 - pictures, labels=labels)
    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    shutil.copy(font, data / "fonts")
    (data / "fonts" / "fonts.csv").write_text("file,digits,handwriting_like\n")
    lines = ["file,kind"]
    for k in range(8):
        cv2.imwrite(str(data / "backgrounds" / f"{k}.png"), rng.integers(150, 250, (260, 300, 3), np.uint8))
        lines += [f"{k}.png,{kind}" for kind in ("tile", "scene", "handwritten words")]
    (data / "backgrounds" / "backgrounds.csv").write_text("\n".join(lines) + "\n")
    return data


@pytest.fixture(scope="module")
def scenes(source: Source) -> list[Scene]:
    """Two dozen scenes."""
    return [draw(source, np.random.default_rng([1, k])) for k in range(24)]


@pytest.fixture(scope="module")
def source(folder: Path) -> Source:
    """What the scenes are drawn from."""
    return Source.of(folder)


def test_a_seed_fixes_a_scene(source: Source, scenes: list[Scene]) -> None:
    again = draw(source, np.random.default_rng([1, 5]))
    assert (again.image == scenes[5].image).all() and (again.maps == scenes[5].maps).all()


def test_every_digit_has_one_core_and_ink_about_it(scenes: list[Scene]) -> None:
    assert sum(len(scene.digits) for scene in scenes) > 100
    for scene in scenes:
        assert scene.image.shape == (320, 320, 3) and scene.maps.shape == (3, 160, 160)
        assert (scene.weight[scene.cores > 0] > 0).all()
        assert set(np.unique(scene.classes)) <= {*range(10), NONE}
        for k, digit in enumerate(scene.digits):
            core = (scene.cores == k + 1).astype(np.uint8)
            if core.sum() > 20:
                box = cv2.boundingRect((digit.hull / 2).astype(np.float32))
                x, y, w, h = (int(v) for v in box)
                assert scene.maps[1][max(y, 0) : y + h, max(x, 0) : x + w].max() > 60


def test_cores_of_neighbours_do_not_touch(scenes: list[Scene]) -> None:
    for scene in scenes:
        labels = cv2.connectedComponents((scene.cores > 0).astype(np.uint8), connectivity=4)[1]
        for blob in range(1, labels.max() + 1):
            assert len(np.unique(scene.cores[labels == blob])) == 1


@pytest.mark.parametrize(("ink", "x", "found"), [(0, 100, 1), (196, 100, 0), (0, 300, 0)])
def test_what_is_faint_or_cut_is_nobody_s_to_find(ink: int, x: int, found: int) -> None:
    canvas = Canvas(320)
    glyph = placed("3", tuple(points.astype(np.float32) for points, _ in DIGITS["3"]["round"]))
    pen = canvas.pen(np.full(3, ink, np.float32), 0.1)
    canvas.put(glyph, np.array([[80.0, 0, x], [0, 80.0, 100]]), pen, "digit", np.random.default_rng(0))
    alpha = pen.alpha[..., None] / 255
    image = np.rint(200 * (1 - alpha) + pen.colour * alpha).astype(np.uint8)
    scene = tell(canvas, image, 0.0, None, known=True)
    assert len(scene.digits) == found
    assert (scene.weight == 0).any() == (not found)


def test_scores_tell_found_missed_merged_and_false(scenes: list[Scene]) -> None:
    scene = max(scenes, key=lambda s: len(s.digits))
    digits = len(scene.digits)
    true = (scene.cores > 0).astype(np.float32)
    names = np.stack([(scene.classes == digit).astype(np.float32) for digit in range(10)])
    perfect = count(scene, true, names, 0.5)
    # A core that another digit's stroke parts counts as split, even where the map is perfect.
    assert perfect.found + perfect.split == digits == perfect.digits and perfect.split < 0.1 * digits
    assert not perfect.false + perfect.missed + perfect.merged and perfect.named > 0.8 * digits
    assert count(scene, np.zeros_like(true), names, 0.5).missed == digits
    assert count(scene, np.ones_like(true), names, 0.5).merged == digits
    assert all(is_digit for _, is_digit in scores(scene, true, 0.5))
    assert cheapest([(0.5, False), (0.6, False), (0.8, True), (0.9, True)]) == pytest.approx(0.61)


def test_the_network_learns_a_scene(scenes: list[Scene]) -> None:
    torch.manual_seed(0)
    model, batch = FinderNetwork(), stack(scenes[:4])
    maps, classes = model(finder_training.planes(batch[0]))
    assert maps.shape == (4, 3, 160, 160) and classes.shape == (4, 10, 80, 80)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = [finder_training.step(model, optimizer, batch) for _ in range(12)]
    assert losses[-1] < 0.75 * losses[0]
    changed = recoloured(batch[0], torch.Generator().manual_seed(0))
    assert changed.shape == batch[0].shape and changed.dtype == torch.uint8


def test_a_run_goes_on_where_it_was_left(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder_training, "HELD", 2)
    words = ["--data", str(folder), "--out", str(tmp_path), "--minutes"]
    for minutes, more in (("0.01", []), ("0.1", ["--resume"])):
        result = CliRunner().invoke(train_finder.main, [*words, minutes, *more])
        assert result.exit_code == 0, result.output
    progress = checkpoint.read(tmp_path / "last.pth")["progress"]
    assert len(progress["history"]) == 2 and progress["step"] >= 2
    metadata = checkpoint.read(tmp_path / "best.pth")["metadata"]
    assert 0.4 <= metadata["threshold"] <= 0.95 and metadata["maps"] == ["core", "digit", "other"]
    assert (tmp_path / "errors.png").is_file()
