"""Clips: every frame in order, and each way in which a file can fail."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.sources.clip import Clip
from realtime.sources.display_matrix import read_mirror
from realtime.sources.frame import Frame, SourceError, rotate, stated_rate
from tests.conftest import CLIP


def save_clip(path: Path, count: int = 12, fps: float = 10, codec: str = "MJPG") -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, (64, 48))
    for i in range(count):
        writer.write(np.full((48, 64, 3), 20 * i % 256, np.uint8))
    writer.release()
    return path


def damage(path: Path, *frames: int) -> None:
    """Overwrite some frames of a clip."""
    data = bytearray(path.read_bytes())
    starts = [i for i in range(len(data)) if data[i : i + 4] == b"00dc" and data[i + 8 : i + 10] == b"\xff\xd8"]
    for frame in frames:
        (size,) = struct.unpack_from("<I", data, starts[frame] + 4)
        data[starts[frame] + 8 : starts[frame] + 8 + size] = bytes(size)
    path.write_bytes(bytes(data))


def test_a_clip_hands_out_every_frame_in_order() -> None:
    with Clip(CLIP) as clip:
        frames = [(f.index, f.time, f.image.shape, f.source) for f in clip.frames()]
    assert clip.fps == 25 and clip.count == len(frames) == 200
    assert [index for index, *_ in frames] == list(range(200))
    assert [time for _, time, *_ in frames] == pytest.approx([i / 25 for i in range(200)], abs=1e-3)
    assert {shape for _, _, shape, _ in frames} == {(720, 1280, 3)}
    assert {source for *_, source in frames} == {str(CLIP)}


def test_each_nth_frame_keeps_its_index_and_time(tmp_path: Path) -> None:
    path = save_clip(tmp_path / "a.avi")
    with Clip(path) as clip:
        frames = list(clip.frames(every=5, limit=2))
    assert [(f.index, round(f.time, 3)) for f in frames] == [(0, 0), (5, 0.5)]
    assert [round(float(f.image.mean()) / 20) for f in frames] == [0, 5]


@pytest.mark.parametrize(("limit", "count"), [(1, 1), (12, 12), (100, 12)])
def test_a_limit_on_frames_holds(tmp_path: Path, limit: int, count: int) -> None:
    with Clip(save_clip(tmp_path / "a.avi")) as clip:
        assert len(list(clip.frames(limit=limit))) == count


def test_a_clip_in_any_script_is_opened(tmp_path: Path) -> None:
    with Clip(save_clip(tmp_path / "Zähler 数字.avi")) as clip:
        assert len(list(clip.frames())) == 12


def test_a_truncated_clip_ends_early_or_is_refused_never_hangs(tmp_path: Path) -> None:
    whole = CLIP.read_bytes()
    path = tmp_path / "cut.mp4"
    for share in (0.01, 0.3, 0.7):
        path.write_bytes(whole[: int(share * len(whole))])
        try:
            with Clip(path) as clip:
                assert 0 < len(list(clip.frames())) < 200
        except SourceError as error:
            assert "cut.mp4" in str(error)


@pytest.mark.parametrize("content", [b"", b"no video at all", b"\x00\x00\x00\x18ftypisom" + bytes(2000)])
def test_a_file_that_is_no_clip_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "no.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"no\.mp4"), Clip(path) as clip:
        list(clip.frames())


def test_a_missing_clip_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no clip .*none\.mp4$"):
        Clip(tmp_path / "none.mp4")
    with pytest.raises(SourceError, match="it is a folder"):
        Clip(tmp_path)


@pytest.mark.parametrize(("degrees", "corner"), [(0, (0, 0)), (90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))])
def test_a_frame_is_rotated_clockwise(degrees: int, corner: tuple[int, int]) -> None:
    image = np.zeros((4, 6, 3), np.uint8)
    image[0, 0] = 255
    rotated = rotate(Frame(image, 3, 0.5, "a"), degrees)
    assert rotated.image[corner].all()
    assert (rotated.index, rotated.time, rotated.source) == (3, 0.5, "a")


@pytest.mark.parametrize(("stated", "rate"), [(30.0, 30), (240.0, 240), (0.0, 25), (float("nan"), 25), (90000.0, 25)])
def test_a_rate_that_cannot_be_true_is_taken_for_25(stated: float, rate: float) -> None:
    class Capture:
        def get(self, _: int) -> float:
            return stated

    assert stated_rate(Capture(), limit=240) == rate


def test_a_damaged_frame_is_left_out_and_counted(tmp_path: Path) -> None:
    path = save_clip(tmp_path / "a.avi")
    damage(path, 4, 5, 8)
    with Clip(path) as clip:
        frames = list(clip.frames())
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 6, 7, 9, 10, 11]
    assert [round(float(frame.image.mean()) / 20) for frame in frames] == [frame.index for frame in frames]
    assert [round(frame.time, 3) for frame in frames] == [frame.index / 10 for frame in frames]
    assert clip.damaged == 3 and clip.notes == [f"{path}: 3 damaged frames left out"]


def test_a_whole_clip_has_nothing_to_say_and_a_cut_one_says_so(tmp_path: Path) -> None:
    path = save_clip(tmp_path / "a.avi", count=60)
    with Clip(path) as clip:
        assert len(list(clip.frames())) == 60 and clip.notes == []
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with Clip(path) as clip:
        assert 0 < len(list(clip.frames())) < 40
        assert clip.notes[-1].startswith(f"{path} is cut short: it ends after ")


@pytest.mark.parametrize(
    ("matrix", "corner"),
    [((1, 0, 0, 1), (0, 0)), ((-1, 0, 0, 1), (0, -1)), ((1, 0, 0, -1), (-1, 0))]
    + [((-1, 0, 0, -1), (-1, -1)), ((0, 1, 1, 0), (0, 0)), ((0, -1, -1, 0), (-1, -1)), ((0, 1, -1, 0), (0, -1))],
)
def test_a_clip_is_turned_and_mirrored_as_it_says(
    tmp_path: Path, matrix: tuple[int, ...], corner: tuple[int, int]
) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[:16, :16] = 255
    writer = cv2.VideoWriter(str(tmp_path / "a.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for _ in range(3):
        writer.write(image)
    writer.release()
    data = bytearray((tmp_path / "a.mp4").read_bytes())
    place = data.index(b"tkhd") + 44
    a, b, c, d = (value * 65536 for value in matrix)
    struct.pack_into(">iiiii", data, place, a, b, 0, c, d)
    (tmp_path / "a.mp4").write_bytes(bytes(data))
    with Clip(tmp_path / "a.mp4") as clip:
        frames = [frame.image for frame in clip.frames()]
    assert len(frames) == 3 and frames[0].shape == ((48, 64, 3) if matrix[0] else (64, 48, 3))
    bright = frames[0].mean(axis=2) > 128
    assert bright[corner] and bright.mean() < 0.15


@pytest.mark.parametrize(
    "data", [b"", b"\0\0\0\x01moov", b"\0\0\0\x10moov\0\0\0\x08trak" * 50, b"\0\0\0\x08free" * 20_000]
)
def test_a_damaged_header_has_no_mirror(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(data)
    assert read_mirror(tmp_path / "a.mp4") is None


@pytest.mark.skipif(os.name == "nt", reason="names are text there, without colons")
@pytest.mark.parametrize("name", [b"12:30.avi", b"\xff\xfe.avi", b"-a.avi", b"rtsp:x.avi", b"a\n\x1b[2J.avi"])
def test_a_clip_of_any_name_is_opened(tmp_path: Path, name: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(os.fsdecode(name))
    monkeypatch.chdir(tmp_path)
    save_clip(tmp_path / "a.avi").rename(path)
    for named in (path, tmp_path / path):
        with Clip(named) as clip:
            assert [frame.source for frame in clip.frames()] == [str(named)] * 12


def test_decoders_say_nothing_of_damaged_clips(tmp_path: Path) -> None:
    path = save_clip(tmp_path / "a.avi")
    damage(path, 4)
    program = (
        "import sys; from realtime.sources.clip import Clip, Path; print(len([*Clip(Path(sys.argv[1])).frames()]))"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("11\n", "")
