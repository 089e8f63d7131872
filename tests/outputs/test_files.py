"""Pictures and other files: written whole or not at all, and refused early where they cannot be written."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.outputs.files import of_page, output_paths, save_json
from realtime.outputs.pictures import check_picture, save_picture
from realtime.outputs.sink import OutputError
from tests.tracked_frames import make_frame


def test_a_picture_is_written_under_a_name_of_any_script(tmp_path: Path) -> None:
    path = tmp_path / "out é.jpg"
    check_picture(path)
    save_picture(path, make_frame().image)
    assert cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR).shape == (90, 160, 3)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        (["a.tif", "a-page2.png"], ["a.png", "a-page2-2.png"]),
        (["a-page2.tif", "a.tif"], ["a-page2.png", "a-2.png"]),
        (["a-page1.png", "a-page2.png"], ["a-page1.png", "a-page2.png"]),
    ],
)
def test_no_page_of_one_source_is_called_as_another_source(
    sources: list[str], names: list[str], tmp_path: Path
) -> None:
    named = output_paths(tmp_path, map(Path, sources), ".png")
    assert [path.name for path in named] == names
    assert of_page(tmp_path / "a.png", 0).name == "a.png" and of_page(tmp_path / "a.png", 1).name == "a-page2.png"


def test_several_pictures_go_to_a_folder_none_over_another(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    named = output_paths(folder, map(Path, ("x/a.png", "y/a.jpg", "b.png", "z/a.png", "a-2.png")), ".png")
    assert [path.name for path in named] == ["a.png", "a-2.png", "b.png", "a-3.png", "a-2-2.png"]
    assert folder.is_dir() and {path.parent for path in named} == {folder}


@pytest.mark.parametrize("name", ["a.xyz", "a.mp4", "a"])
def test_a_picture_of_an_unknown_kind_is_an_error_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="unknown ending"):
        save_picture(tmp_path / name, make_frame().image)
    assert not any(tmp_path.iterdir())


def test_a_picture_of_an_unknown_kind_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="unknown ending"):
        check_picture(tmp_path / "a.xyz")


def test_a_picture_without_its_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no folder"):
        check_picture(tmp_path / "none" / "a.png")
    with pytest.raises(OutputError, match="cannot save"):
        save_picture(tmp_path / "none" / "a.png", make_frame().image)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot make folder"):
        output_paths(tmp_path / "file", [], ".png")
    (tmp_path / "b.png").mkdir()
    with pytest.raises(OutputError, match="it is a folder"):
        check_picture(tmp_path / "b.png")


def test_a_picture_that_fails_halfway_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:20])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left"):
        save_picture(path, make_frame().image)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_figures_are_a_json_file(tmp_path: Path) -> None:
    save_json(tmp_path / "a.json", {"numbers": 3, "ratio": 0.5})
    assert json.loads((tmp_path / "a.json").read_text()) == {"numbers": 3, "ratio": 0.5}
    with pytest.raises(OutputError, match="cannot save"):
        save_json(tmp_path / "none" / "a.json", {})
