"""Through the commands: no secret of an address leaves in any way, files of any name are read, none ends a batch."""

import json
import os
import sys
from pathlib import Path

import pytest

from tests.conftest import CLIP, draw_sheet, save_image
from tests.run_commands import run
from tests.streams import MjpegServer

SECRETS = ("s3cr3t", "t0k3n", "jane")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names are text there")


def test_no_secret_of_an_address_leaves_in_any_way(tmp_path: Path) -> None:
    frames = [draw_sheet(["0742", "518"], seed=seed) for seed in range(3)]
    files = ("--json", "a.jsonl", "--csv", "a.csv", "--events", "e.csv", "--record", "kept", "--collect", "mine")
    with MjpegServer(frames, marked=False) as server:
        address = f"http://jane:s3cr3t@127.0.0.1:{server.port}/video?token=t0k3n"
        read = run("recognize-camera", address, "--no-show", "--max-frames", 40, *files, folder=tmp_path)
    assert read.returncode == 0, read.stderr
    lost = run("recognize-camera", address, "--no-show", "--give-up", 0, folder=tmp_path)
    assert lost.returncode == 3
    size = run("recognize-camera", address, "--size", "640x480", folder=tmp_path)
    assert size.returncode == 2
    photo = run("recognize-image", address.replace("/video", "/a.png"), "--json", "p.jsonl", folder=tmp_path)
    assert photo.returncode == 3
    typo = run("recognize-video", address.replace("http", "rtsp"), folder=tmp_path)
    assert typo.returncode == 3
    told = [text for done in (read, lost, size, photo, typo) for text in (done.stdout, done.stderr)]
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"record.jsonl", "provenance.jsonl", "a.jsonl", "a.csv", "e.csv"} <= {path.name for path in written}
    told += [str(path) + path.read_bytes().decode("latin-1") for path in written]
    assert [secret for text in told for secret in SECRETS if secret in text] == []
    line = json.loads((tmp_path / "a.jsonl").read_text().splitlines()[0])
    assert line["source"] == f"http://***@127.0.0.1:{server.port}/video?token=***"


@linux
def test_photos_of_any_name_are_read_and_none_ends_the_batch(tmp_path: Path) -> None:
    names = [b"a.png", b"\xff\xfe.png", b"12:30.png", b"b\n\x1b[2J.png", b"=x.png", b"cut\xff.png"]
    paths = [tmp_path / os.fsdecode(name) for name in names]
    for i, path in enumerate(paths):
        save_image(path, draw_sheet([str(40 + i)], seed=i))
    paths[-1].write_bytes(paths[-1].read_bytes()[:500])
    files = ("--json", "a.jsonl", "--csv", "a.csv", "--save", "seen", "--explain", "why")
    done = run("recognize-image", *paths, *files, folder=tmp_path)
    assert (done.returncode, [line.split()[-1] for line in done.stdout.splitlines()]) == (
        3,
        ["40", "41", "42", "43", "44"],
    )
    assert r"\xff\xfe.png: 41" in done.stdout and r"b\n\x1b[2J.png: 43" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [os.fsencode(Path(line["source"]).name) for line in lines] == names[:-1]
    assert [os.fsencode(p.name) for p in sorted((tmp_path / "seen").iterdir())] == sorted(names[:-1])
    assert len(list((tmp_path / "why").iterdir())) == 5
    again = run("recognize-image", *paths, "--json", "a.jsonl", "--resume", folder=tmp_path)
    assert (again.returncode, again.stdout) == (3, "")
    assert run("evaluate-numbers", *paths[:4], folder=tmp_path).returncode == 0


@linux
def test_clips_of_any_name_are_read_and_none_ends_the_batch(tmp_path: Path) -> None:
    paths = [tmp_path / os.fsdecode(name) for name in (b"12:30.mp4", b"\xff.mp4", b"none\xff.mp4")]
    for path in paths[:2]:
        path.write_bytes(CLIP.read_bytes())
    done = run("recognize-video", *paths, "--max-frames", 8, "--save", "seen", "--json", "a.jsonl", folder=tmp_path)
    assert done.returncode == 3 and done.stdout.count("0742") == 2, done.stderr
    assert [path.stat().st_size > 10_000 for path in (tmp_path / "seen").iterdir()] == [True, True]
    sources = {json.loads(line)["source"] for line in (tmp_path / "a.jsonl").read_text().splitlines()}
    assert sources == set(map(str, paths[:2]))


def test_what_is_wrong_with_a_clip_or_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "cut.avi").write_bytes(b"")
    save_image(tmp_path / "photos" / "a.png", draw_sheet(["42"]))
    save_image(tmp_path / "photos" / "b.png", draw_sheet(["42"]))
    (tmp_path / "photos" / "bad.png").write_text("no picture")
    (tmp_path / "photos" / "._a.png").write_text("no picture")
    done = run("recognize-camera", "photos", "--no-show", "--fps", 1, folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "42\n"), done.stderr
    assert (
        "playing 3 pictures at 1 a second" in done.stderr
        and "left out: cannot read picture photos/bad.png" in done.stderr
    )
    done = run("recognize-video", "photos", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "2 of 2 frames show numbers" in done.stderr and "bad.png" in done.stderr and "._a" not in done.stderr
    done = run("recognize-video", "photos", "--settle", 0, folder=tmp_path)
    assert done.stdout == "42\n"
