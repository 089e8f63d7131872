"""Measure all scenes anew, hold them against the last run, and renew its figures and their table: `make bench`.

Ratios to decoding the same frames by turns are compared, as milliseconds of a busy machine say nothing. Where one grew
by more than --worse percent, nothing is renewed, the figures stay in --clips/now.json, and the exit status is 1;
--accept takes them nevertheless.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from tests.run_commands import REPOSITORY

FIGURES = REPOSITORY / "tests" / "data" / "benchmark.json"
README = REPOSITORY / "realtime" / "README.md"
CLIP = REPOSITORY / "tests" / "data" / "numbers.mp4"
HEAD = (
    "| scene | standing still | moving | a frame that is read | frames a second, still | moving |",
    "|---|---:|---:|---:|---:|---:|",
)
SCENES = {
    "480p-24": "480p, 24 digits",
    "720p-24": "720p, 24",
    "720p-24-close": "720p, 24, sheet over the whole frame",
    "1080p-24": "1080p, 24",
    "4K-24": "4K, 24",
    "1080p-fine-0": "1080p, blank paper",
    "1080p-fine-1": "1080p, 1 small digit",
    "1080p-fine-24": "1080p, 24 small",
    "1080p-fine-100": "1080p, 100 small",
    "1080p-fine-500": "1080p, 500 small",
    "720p-24-specks": "720p, 24 and 20,000 specks",
    "720p-clutter": "720p, clutter, no digit",
}


def scene_table(figures: dict[str, Any]) -> list[str]:
    """Return the figures on one thread as the table of the README, a row for each scene."""
    clips = {clip["clip"]: clip for clip in figures["clips"] if clip["threads"] == 1}
    lines = [*HEAD]
    for name, title in SCENES.items():
        still, moving = (clips[f"{name}-{way}.mp4"] for way in ("still", "moving"))
        cells = [title]
        cells += [f"{c['reading']['times_decoding'][0]:.1f} ({100 * c['read_share']:.0f})" for c in (still, moving)]
        cells += [f"{moving['read_frame']['times_decoding'][0]:.1f}"]
        cells += [f"{c['frames_a_second'][0]:.0f}" for c in (still, moving)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def renew_table(text: str, figures: dict[str, Any]) -> str:
    """Return the README's text with its table of scenes made of the figures. Raises ValueError where it has none."""
    before, head, rest = text.partition("\n".join(HEAD))
    if not head:
        raise ValueError("the README has no table of scenes")
    after = rest.lstrip("\n").splitlines(keepends=True)
    while after and after[0].startswith("|"):
        after.pop(0)
    return before + "\n".join(scene_table(figures)) + "\n" + "".join(after)


@click.command()
@click.option("--clips", type=click.Path(path_type=Path), default=Path("bench-clips"), show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=2, show_default=True)
@click.option("--frames", type=click.IntRange(1), default=100, show_default=True)
@click.option("--worse", type=float, default=15.0, show_default=True, help="Fail where a ratio grew by more percent.")
@click.option("--accept", is_flag=True, help="Renew figures that are worse too.")
def main(clips: Path, rounds: int, frames: int, worse: float, accept: bool) -> None:
    """Draw the scenes into CLIPS where they are missing, measure them, and renew figures and table."""
    if not any(clips.glob("*.mp4")):
        _run("training.scenes", "bench", clips)
    lacking = [
        f"{name}-{way}" for name in SCENES for way in ("still", "moving") if not _clip(clips, name, way).is_file()
    ]
    if lacking:
        raise click.ClickException(f"{clips} lacks {', '.join(lacking)}: remove it, and it is drawn anew")
    now = clips / "now.json"
    words: list[object] = [CLIP, *sorted(clips.glob("*.mp4")), "--rounds", rounds, "--max-frames", frames]
    words += ["--json", now, "--against", FIGURES, "--worse", worse, "--overwrite"]
    program = "from realtime.commands.benchmark_recognizer import main; main()"
    status = subprocess.run([sys.executable, "-c", program, *map(str, words)], cwd=REPOSITORY, check=False).returncode
    if status and not (accept and now.is_file()):
        click.echo(f"nothing is renewed; if {now} is there it holds what was measured, and --accept takes it", err=True)
        sys.exit(status)
    text = renew_table(README.read_text(encoding="utf-8"), json.loads(now.read_text(encoding="utf-8")))
    FIGURES.write_bytes(now.read_bytes())
    README.write_text(text, encoding="utf-8")


def _clip(folder: Path, name: str, way: str) -> Path:
    return folder / f"{name}-{way}.mp4"


def _run(module: str, *words: object) -> None:
    subprocess.run([sys.executable, "-m", module, *map(str, words)], cwd=REPOSITORY, check=True)


if __name__ == "__main__":
    main()
