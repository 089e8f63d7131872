"""Many files: several processes, shares, going on after a kill; the order kept, a bad file named and passed over."""

import json
import os
from pathlib import Path

import cv2
import pytest

from realtime.commands.bulk import finished_sources, in_order
from realtime.outputs.sink import OutputError
from tests.conftest import draw_sheet, save_image
from tests.run_commands import assert_one_error, run


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Seven photos, 10 to 16, of which the third is none."""
    folder = tmp_path_factory.mktemp("photos")
    paths = [save_image(folder / f"{n}.png", draw_sheet([str(n)], seed=n)) for n in range(10, 17)]
    paths[2].write_text("no picture", encoding="utf-8")
    return paths


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three clips of twelve frames, 24 35 46, with one between them that is none."""
    folder = tmp_path_factory.mktemp("clips")
    paths = [folder / name for name in ("a.avi", "bad.avi", "b.avi", "c.avi")]
    for path, text in zip(paths, ("24", None, "35", "46"), strict=True):
        if text is None:
            path.write_text("no clip", encoding="utf-8")
            continue
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (640, 480))
        for seed in range(12):
            writer.write(draw_sheet([text], seed=seed))
        writer.release()
    return paths


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def readings(path: Path) -> list[tuple]:
    """What the lines say, without how long it took."""
    return [(line["source"], line["frame"], json.dumps(line["numbers"])) for line in lines(path)]


def test_several_processes_tell_what_one_tells_in_the_same_order(photos: list[Path], tmp_path: Path) -> None:
    done = {}
    for workers in (1, 2):
        files = ("--json", f"{workers}.jsonl", "--csv", f"{workers}.csv", "--save", f"seen{workers}")
        done[workers] = run("recognize-image", *photos, *files, "--workers", workers, folder=tmp_path)
    told = "".join(f"{photo}: {photo.stem}\n" for photo in photos if photo.stem != "12")
    assert done[1].stdout == done[2].stdout == told
    for result in done.values():
        assert result.returncode == 3
        assert result.stderr.count("error:") == 1 and "12.png" in result.stderr and "Traceback" not in result.stderr
    assert readings(tmp_path / "1.jsonl") == readings(tmp_path / "2.jsonl")
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    assert sorted(p.name for p in (tmp_path / "seen2").iterdir()) == [p.name for p in photos if p.stem != "12"]


def test_shares_add_up_to_the_whole(photos: list[Path], tmp_path: Path) -> None:
    good = [photo for photo in photos if photo.stem != "12"]
    read = []
    for share in ("1/3", "2/3", "3/3"):
        done = run("recognize-image", *good, "--shard", share, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        read.append(done.stdout.split()[1::2])
    assert read == [["10", "14"], ["11", "15"], ["13", "16"]]


def test_a_run_that_was_cut_off_goes_on_where_it_was(photos: list[Path], tmp_path: Path) -> None:
    good, path = [photo for photo in photos if photo.stem != "12"], tmp_path / "out.jsonl"
    assert run("recognize-image", *good[:3], "--json", path, folder=tmp_path).returncode == 0
    first = path.read_bytes()
    path.write_bytes(first[:-20])  # killed while it wrote the third
    done = run("recognize-image", *good, "--json", path, "--resume", folder=tmp_path)
    assert (done.returncode, done.stdout.split()[1::2]) == (0, ["13", "14", "15", "16"])
    assert [Path(line["source"]).stem for line in lines(path)] == ["10", "11", "13", "14", "15", "16"]
    assert path.read_bytes().startswith(b"".join(first.splitlines(keepends=True)[:2]))
    done = run("recognize-image", *good, "--json", path, "--resume", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")


def test_clips_are_read_by_several_processes_and_gone_on_with(clips: list[Path], tmp_path: Path) -> None:
    words = (*clips, "--json", "out.jsonl", "--save", "seen", "--workers", 2)
    done = run("recognize-video", *words, folder=tmp_path)
    assert (done.returncode, done.stdout) == (3, "24\n35\n46\n"), done.stderr
    assert done.stderr.count("error:") == 1 and "bad.avi" in done.stderr
    whole = readings(tmp_path / "out.jsonl")
    assert [Path(source).stem for source, _, _ in whole] == ["a"] * 12 + ["b"] * 12 + ["c"] * 12
    assert sorted(p.name for p in (tmp_path / "seen").iterdir()) == ["a.mp4", "b.mp4", "c.mp4"]
    cut = (tmp_path / "out.jsonl").read_bytes().splitlines(keepends=True)[:17]
    (tmp_path / "out.jsonl").write_bytes(b"".join(cut))  # killed within the second clip
    done = run("recognize-video", *clips, "--json", "out.jsonl", "--resume", folder=tmp_path)
    assert (done.returncode, done.stdout) == (3, "35\n46\n"), done.stderr
    assert readings(tmp_path / "out.jsonl") == whole


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--shard", "3/2"), "2/5"),
        (("--shard", "half"), "2/5"),
        (("--workers", "0"), "workers"),
        (("--workers", "2", "--show"), "--workers 1"),
        (("--resume",), "--json PATH"),
        (("--resume", "--json", "a.jsonl", "--csv", "a.csv"), "--csv"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    assert_one_error(run("recognize-image", "a.png", *words, folder=tmp_path), 2, says)
    assert not any(tmp_path.iterdir())


def test_a_file_that_is_not_ours_is_not_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("milk\neggs\n", encoding="utf-8")
    done = run("recognize-image", "a.png", "--json", "notes.txt", "--resume", folder=tmp_path)
    assert_one_error(done, 2, "--json notes.txt would overwrite a file that is no earlier output")
    done = run("recognize-image", "a.png", "--json", "notes.txt", "--resume", "--overwrite", folder=tmp_path)
    assert_one_error(done, 1, "cannot go on with notes.txt, line 1")
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "milk\neggs\n"
    assert finished_sources(str(tmp_path / "none.jsonl"), growing=True) == set()


def die(number: int) -> int:
    if number == 3:
        os._exit(1)
    return number


def test_a_process_that_dies_is_an_error_not_a_wait() -> None:
    with pytest.raises(OutputError, match="has died"):
        list(in_order(die, range(20), 2))
    assert list(in_order(abs, range(-9, 0), 2)) == list(range(9, 0, -1))
