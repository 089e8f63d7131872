"""The scene maker: same seed same picture, truth that fits, and the bundled clip as the script draws it."""

import csv
from pathlib import Path

import click
import cv2
import numpy as np
import pytest
from click.testing import CliRunner

import training.scenes.__main__
from training import blend, scene_crops
from training.scenes import bench, clip, draw
from training.scenes.__main__ import main as scenes
from training.scenes.pen import DIGITS, SIGNS, Hand, stain, write
from training.scenes.pictures import draw_picture
from training.scenes.sheet import Layout, lay, truth
from training.scenes.troubles import KINDS

DATA = Path(__file__).parents[1] / "data"


def decoded(path: Path) -> list[np.ndarray]:
    video = cv2.VideoCapture(str(path))
    frames = []
    while (got := video.read())[0]:
        frames.append(got[1])
    video.release()
    return frames


@pytest.mark.parametrize(
    ("words", "destroyed"),
    [
        ((scenes, "pictures", "."), "truth.csv"),
        ((scenes, "bench", "."), "truth.csv"),
        ((scenes, "clip", "none/../new.mp4"), "truth.csv"),
        ((scenes, "clip", "c.mp4", "--overwrite"), ""),
        ((draw.main, "--data", ".", "truth.csv"), "truth.csv"),
        ((scene_crops.main, "--data", ".", "a.npz"), "a.npz"),
        ((blend.main, "a.pth", "b.pth", "0.5", "link.pth", "--overwrite"), "a.pth, which is read"),
        ((blend.main, "a.pth", "b.pth", "nan", "c.pth"), "'nan' is not a number"),
        ((scenes, "pictures", "new", "--strength", "nan"), "'nan' is not a number"),
        ((scenes, "pictures", "new", "--seed", "-1"), "-1"),
        ((scenes, "pictures", ""), "an argument is empty"),
    ],
)
def test_drawing_and_blending_destroy_nothing_unasked(
    words: tuple[click.Command, str], destroyed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "none").mkdir()
    (tmp_path / "truth.csv").write_text("file,rows\nmine.png,42\n")
    for name in ("a.npz", "a.pth", "b.pth"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 of the user's own")
    (tmp_path / "link.pth").symlink_to("a.pth")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    monkeypatch.setattr(training.scenes.__main__, "save_clip", lambda path, seed: path.write_bytes(b"drawn"))
    done = CliRunner().invoke(words[0], words[1:])
    assert done.exit_code == (2 if destroyed else 0) and destroyed in done.output, done.output
    assert {path: path.read_bytes() for path in before} == before


def test_every_digit_has_three_shapes_or_more() -> None:
    assert "".join(DIGITS) == "0123456789"
    assert min(len(shapes) for shapes in DIGITS.values()) >= 3


@pytest.mark.parametrize("sign", [*DIGITS, *SIGNS])
def test_every_shape_leaves_ink(sign: str) -> None:
    for name in DIGITS.get(sign, {"": ()}):
        ink = np.zeros((160, 140), np.uint8)
        stain(ink, write(sign, Hand(shapes=((sign, name),)), np.random.default_rng(0)), (60, 30), 90)
        assert 90 < np.count_nonzero(ink > 127) < 5000
        assert not ink[:, [0, -1]].any() and not ink[[0, -1]].any()


def test_an_unknown_sign_is_named() -> None:
    with pytest.raises(ValueError, match="'%'"):
        write("%", Hand(), np.random.default_rng(0))


def test_truth_holds_the_rows_drawn_without_signs() -> None:
    rows = ["0742", "51  36", "8 + 07", "WAM"]
    sheet = lay(rows, (800, 600), Hand(), Layout(), np.random.default_rng(3))
    assert sheet.rows == ("0742", "51 36", "8 07")
    assert [len(number) for number in sheet.boxes] == [4, 2, 2, 1, 1, 2, 3]
    assert truth("( 12 )") == "12"


def test_all_ink_is_whole_and_every_digit_stands_alone() -> None:
    sheet = lay(["0742", "5613 98"], (800, 600), Hand(), Layout(), np.random.default_rng(1))
    assert not sheet.ink[:, [0, -1]].any() and not sheet.ink[[0, -1]].any()
    blobs = cv2.connectedComponents((sheet.ink > 60).astype(np.uint8))[0] - 1
    assert 10 <= blobs <= 13  # a roof or a bar may stand off its digit


def test_touching_joins_digits() -> None:
    apart, joined = (
        lay(["888888"] * 3, (900, 600), Hand(), Layout(touching=share), np.random.default_rng(2)) for share in (0, 1)
    )
    count = [cv2.connectedComponents((sheet.ink > 60).astype(np.uint8))[0] - 1 for sheet in (apart, joined)]
    assert count[0] == 18 and count[1] <= 6


@pytest.mark.parametrize("kind", KINDS)
def test_strength_changes_the_picture_and_nothing_else(kind: str) -> None:
    calm, sheet, dark = draw_picture(kind, 0.0, seed=10, index=0)
    wild, troubled, darker = draw_picture(kind, 1.0, seed=10, index=0)
    assert wild.dtype == np.uint8 and wild.shape == calm.shape and wild.flags.c_contiguous
    assert np.array_equal(calm, wild) == (kind == "none")
    assert (troubled.rows, darker) == (sheet.rows, dark)


def test_no_strength_but_from_0_to_1_and_no_unknown_trouble() -> None:
    with pytest.raises(ValueError, match="0..1"):
        draw_picture("blur", 1.5, 1, 0)
    with pytest.raises(ValueError, match="rain"):
        draw_picture("blur+rain", 0.5, 1, 0)


def test_the_command_writes_the_same_bytes_twice(tmp_path: Path) -> None:
    for name in ("a", "b"):
        out = str(tmp_path / name)
        words = ["pictures", out, "--trouble", "ruled+shadow", "--trouble", "none", "--count", "1", "--seed", "10"]
        result = CliRunner().invoke(scenes, words)
        assert result.exit_code == 0, result.output
    first, second = (sorted((tmp_path / name).iterdir()) for name in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    with (tmp_path / "a" / "truth.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [line["file"] for line in lines] == ["ruled+shadow-0.50-000.png", "none-0.50-000.png"]
    assert all(set(line["rows"]) <= set("0123456789 |") for line in lines)
    assert CliRunner().invoke(scenes, ["pictures", str(tmp_path), "--trouble", "rain"]).exit_code == 2


def test_the_bundled_clip_is_what_the_script_draws() -> None:
    path = DATA / "numbers.mp4"
    assert path.stat().st_size < 2_000_000
    frames = decoded(path)
    assert len(frames) == 200 and {frame.shape for frame in frames} == {(720, 1280, 3)}
    for half in clip.HALVES:
        frame, drawn = frames[round(half.start * clip.FPS)], clip.draw_half(half, count=1)[0]
        assert cv2.PSNR(frame, drawn) > 32


def test_the_truth_of_the_clip_is_what_it_shows() -> None:
    with (DATA / "truth.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    for line, half in zip(lines, clip.HALVES, strict=True):
        assert line["file"] == "numbers.mp4"
        assert line["rows"].split("|") == [truth(row) for row in half.rows]
        assert (float(line["start"]), float(line["end"])) == (half.start, half.end)
        assert sum(map(str.isdigit, line["rows"])) >= 24
    numbers = [number for line in lines for number in line["rows"].replace("|", " ").split()]
    assert len(set(numbers)) == len(numbers)


def test_the_curve_is_a_table_of_rows_exact() -> None:
    done = CliRunner().invoke(
        scenes, ["curve", "--seed", "1", "--trouble", "none", "--trouble", "noise", "--count", "1"]
    )
    assert done.exit_code == 0, done.output
    head, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines()]
    assert head == ["trouble", "0.25", "0.5", "0.75", "1"]
    assert rows[0] == ["none", "100", "100", "100", "100"] and rows[1][0] == "noise"
    assert CliRunner().invoke(scenes, ["curve", "--trouble", "rain"]).exit_code == 2


def test_the_clips_to_measure_show_what_their_names_say(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="needs PyAV, which writes H.264: pip install av")
    still = bench.Scene("small", (320, 180), 4)
    specks = bench.Scene("specks", (320, 180), 4, specks=True)
    frames, rows = bench.film(still, False, seed=1, count=3)
    lying = list(frames)
    assert sum(map(len, rows)) == 4 and {frame.shape for frame in lying} == {(180, 320, 3)}
    moved = list(bench.film(still, True, seed=1, count=3)[0])
    assert all(0.5 < cv2.absdiff(a, b).mean() < 5 for a, b in zip(lying, lying[1:], strict=False))  # noise alone
    assert cv2.absdiff(moved[0], moved[2]).mean() > cv2.absdiff(lying[0], lying[2]).mean()
    dark = [np.count_nonzero(next(bench.film(scene, False, 1, 1)[0]).max(axis=2) < 120) for scene in (still, specks)]
    assert dark[1] > dark[0] + 10_000
    assert bench.pack(tmp_path / "a.mp4", lying, (320, 180), "veryfast", bench.CRF) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"] and len(decoded(tmp_path / "a.mp4")) == 3


@pytest.mark.parametrize("count", [0, 1, 24, 100, 500])
def test_rows_hold_just_as_many_digits(count: int) -> None:
    rows = bench.rows_of(count, np.random.default_rng(0))
    assert sum(map(str.isdigit, "".join(rows))) == count
