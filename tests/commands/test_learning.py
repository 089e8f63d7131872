"""recognize-image --learn: what a photo's truth says is remembered, and read right from then on."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from realtime.commands.recognize_image import main
from tests.conftest import draw_flagged, draw_sheet, save_image


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A photo of 0511, whose 1s have such flags that they are read as 7, for a user of whom nothing is known."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    frame = draw_sheet(["05"], (640, 360))
    for left, seed in ((300, 1), (400, 2)):
        frame[120:240, left : left + 120] = np.minimum(frame[120:240, left : left + 120], draw_flagged(seed))
    save_image(tmp_path / "photo.png", frame)
    return "photo.png"


def run(*words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--device", "cpu"])


def test_a_photo_teaches_its_truth(photo: str) -> None:
    assert run(photo).stdout == "0577\n"
    learned = run("--learn", f"{photo}=0511")
    assert learned.exit_code == 0 and learned.stdout == "0511\n"
    assert learned.stderr.count("7 is 1, remembered") == 2 and "2 digits learned" in learned.stderr
    again = run(photo)
    assert again.stdout == "0511\n" and "2 digits remembered in" in again.stderr
    assert len(list(Path("finetune/1").glob("*.png"))) == 2
    assert "nothing to learn" in run("--learn", f"{photo}=05 11").stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--learn", "photo.png"], 2, "names no photo and its digits"),
        (["--learn", "photo.png=x"], 2, "names no photo and its digits"),
        (["--learn", "photo.png=0511", "photo.png"], 2, "name photos to read, or photos and their truth"),
        ([], 2, "name photos to read"),
        (["--learn", "nowhere.png=12"], 3, "nowhere.png"),
        (["--learn", "photo.png=93864"], 1, "too little in common with 93864"),
    ],
)
def test_what_teaches_nothing_is_refused(photo: str, words: list[str], code: int, said: str) -> None:
    result = run(*words)
    assert result.exit_code == code and said in result.stderr, result.stderr
    assert not Path("finetune").exists()
