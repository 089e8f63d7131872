"""Options from a file: the same as on the command line, which comes before them; what is wrong is named."""

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from realtime.commands import profile, recognize_camera, recognize_image
from realtime.live.state import Controls
from realtime.reading.wanted import Region, Wanted
from tests.run_commands import REPOSITORY

SHEET = str(REPOSITORY / "tests" / "data" / "sheet.jpg")
PROFILE = """
device = "cpu"
conf = 0.7
region = ["top=0%,0%,100%,30%"]
expect = ["d{5}"]
csv = "-"
overwrite = true
"""


@pytest.fixture
def sheet_profile(tmp_path: Path) -> str:
    (tmp_path / "sheet.toml").write_text(PROFILE)
    return str(tmp_path / "sheet.toml")


def image(*words: str) -> Result:
    return CliRunner().invoke(recognize_image.main, words)


def camera(*words: str) -> Result:
    return CliRunner().invoke(recognize_camera.main, words)


def test_a_profile_says_what_options_say(sheet_profile: str) -> None:
    done = image(SHEET, "--profile", sheet_profile)
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("source,frame,time") and ",12012," in lines[1] and ",True,top," in lines[1]


def test_the_command_line_comes_before_a_profile(sheet_profile: str) -> None:
    done = image(SHEET, "--profile", sheet_profile, "--expect", "d{4}", "--json", "-", "--csv", "/dev/null")
    assert '"fits": false' in done.stdout and '"region": "top"' in done.stdout


def test_what_is_printed_is_a_profile_that_says_the_same(sheet_profile: str, tmp_path: Path) -> None:
    printed = image("--profile", sheet_profile, "--conf", "0.5", "--print-profile").stdout
    assert 'region = ["top=0%,0%,100%,30%"]' in printed and "conf = 0.5" in printed and "overwrite = true" in printed
    (tmp_path / "again.toml").write_text(printed)
    assert image("--profile", str(tmp_path / "again.toml"), "--print-profile").stdout == printed


def test_secrets_are_not_printed() -> None:
    printed = camera("rtsp://me:word@host/live", "--no-show", "--give-up", "inf", "--print-profile").stdout
    assert "word" not in printed and "show = false" in printed and 'give-up = "inf"' in printed


def test_a_source_may_stand_in_a_profile(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(f'source = "{tmp_path / "none.mp4"}"\nshow = false\n')
    done = camera("--profile", str(tmp_path / "a.toml"))
    assert done.exit_code == 3 and "none.mp4" in done.stderr


def test_the_window_keeps_its_settings_as_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--fps", "15", "--region", "a=1,2,3,4", "--expect", "dd"]
    region = Region("b", (10, 20, 30, 40))
    controls = Controls(0.75, "dark", wanted=Wanted(regions=(region,)))
    with recognize_camera.main.make_context("recognize-camera", words) as context:
        kept = [profile.keep_profile(context, recognize_camera.told_of(controls)) for _ in range(2)]
    assert [path.name for path in kept] == ["livedigits.toml", "livedigits-2.toml"]
    told = tomllib.loads(kept[0].read_text())
    assert told == {
        "fps": 15,
        "region": ["b=10,20,30,40"],
        "expect": ["dd"],
        "conf": 0.75,
        "polarity": "dark",
        "mirror": False,
    }
    assert camera("--profile", "livedigits.toml", "--print-profile").stdout == kept[1].read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("expct = ['dd']", "has 'expct', which main does not know; it knows anchor, base-model, between"),
        ("expect = 'dd'", "write a list of texts"),
        ("overwrite = 'yes'", "write true or false"),
        ("json = true", "write a number or a text"),
        ("conf = [1]", "write a number or a text"),
        ("conf = 5", "5"),
        ("conf = ", "is no TOML"),
        ("photos = ['a.jpg']", "has 'photos'"),
        ("profile = 'b.toml'", "has 'profile'"),
    ],
)
def test_what_is_wrong_in_a_profile_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    done = image(SHEET, "--profile", str(tmp_path / "a.toml"))
    assert done.exit_code == 2 and said in done.stderr, done.stderr


def test_a_profile_that_is_not_there_is_named() -> None:
    done = image(SHEET, "--profile", "none.toml")
    assert done.exit_code == 2 and "none.toml cannot be read" in done.stderr
