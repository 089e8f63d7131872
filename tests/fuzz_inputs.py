"""Make damaged, foreign and odd inputs of every kind for the fuzzer, each as words of a command."""

import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from realtime.outputs.recorder import Recorder
from realtime.reading.model_files import default_model
from tests.conftest import draw_sheet
from tests.tracked_frames import make_frame, track_frame

PICTURES = (".png", ".jpg", ".webp", ".tif", ".bmp", ".pgm", ".gif", ".avif")
CLIPS = {".avi": "MJPG", ".mp4": "mp4v", ".webm": "VP80", ".mkv": "mp4v"}
NUMBERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)  # that lengths and sizes are overwritten with
WORDS = (
    *("", "-", "nan", "inf", "-1", "0", "1", "1e9", "999999999999999999999", "a.png", "none", "none/none.png", "."),
    *("\udcff.png", "a\nb", "\x1b[2J", "cpu", "cuda:99", "auto", "dark", "1/3", "0-3", "=1+1", "123", "x" * 300),
    *(
        "d{999999999}",
        "(" * 300,
        "d" * 4000,
        "d+.dd",
        "a=1,1,9,9",
        "a=0%,0%,nan%,9%",
        "1:0",
        "nan:nan",
        "0:1e999999999",
    ),
    *("MINUTE=nan", "HOUR=1e9", "luhn", "a=", "/dev/zero", "/dev/null", "90", "10x10"),
)
NAMES = (b"\xff\xfe", "é写".encode(), b"12:30", b"a\nb", b"\x1b[2J", b"=1", b"-x", b" ", b"%s", b"[a]*", b"a" * 200)
OPTIONS = {
    "recognize-image": "--conf --polarity --device --model --base-model --fallback --save --json --csv --explain "
    "--region --expect --between --checksum --known --table --profile --rotate",
    "recognize-video": "--conf --every --max-frames --settle --json --csv --save --workers --resume --shard "
    "--region --expect --between --checksum --known --profile",
    "recognize-camera": "--settle --give-up --size --fps --rotate --mirror --events --json --csv --record --save "
    "--region --expect --rises --at-most-per --text-file --spool --secrets --mqtt-ca --webhook --influx --profile",
    "evaluate-numbers": "--frames --shows --target --save --json --invert --conf",
}
SETTINGS = {
    "profile.toml": ("recognize-image", "SHEET", "--profile", "FILE"),
    "known.txt": ("recognize-image", "SHEET", "--known", "FILE"),
    "secrets.toml": ("recognize-camera", "CLIP", "--no-show", "--max-frames", "3", "--secrets", "FILE"),
}
SETTING_TEXTS = {
    "profile.toml": 'conf = 0.4\npolarity = "dark"\nexpect = ["d+|d+.dd"]\nregion = ["a=10%,10%,80%,80%"]\n',
    "known.txt": "42\n907\n1.5  # a price\n",
    "secrets.toml": 'mqtt_user = "me"\nmqtt_password = "word"\nwebhook_secret = "s"\ninflux_token = "t"\n',
}
CHECKPOINTS = {"export-onnx": "best.pth", "export-rows": "rows.pth", "export-finder": "finder.pth"}


class Case(NamedTuple):
    """An input: its kind, the folder it lies in, the words of the command, and the exit statuses promised for it."""

    kind: str
    folder: Path
    words: list[str]
    codes: tuple[int, ...]


class Kind(NamedTuple):
    """How inputs of a kind are made, and how many are run in a process."""

    make: Callable[[np.random.Generator, Path, Path], Case]
    batch: int = 150


def make_seeds(folder: Path) -> Path:
    """Write whole inputs of each kind into a folder, from which the others are made."""
    folder.mkdir(parents=True)
    sheet = cv2.resize(draw_sheet(["42", "907"]), (320, 200))
    for ending in PICTURES:
        data = io.BytesIO()
        Image.fromarray(sheet[..., ::-1].copy()).save(
            data, {".jpg": "JPEG", ".tif": "TIFF", ".pgm": "PPM"}.get(ending, ending[1:].upper())
        )
        (folder / f"a{ending}").write_bytes(data.getvalue())
    for ending, codec in CLIPS.items():
        writer = cv2.VideoWriter(
            str(folder / f"a{ending}"), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), 10, (320, 200)
        )
        for _ in range(6):
            writer.write(sheet)
        writer.release()
    shutil.copy(default_model(), folder / "a.onnx")
    for name in CHECKPOINTS.values():
        shutil.copy(default_model().with_name(name), folder / name)
    for name, text in SETTING_TEXTS.items():
        (folder / name).write_text(text)
    np.savez(folder / "a.npz", images=np.full((3, 16, 16), 40, np.uint8), labels=np.arange(3))
    for name, shape in (("t10k-images-idx3-ubyte", (20, 28, 28)), ("t10k-labels-idx1-ubyte", (20,))):
        head = (0x0800 + len(shape)).to_bytes(4) + b"".join(n.to_bytes(4) for n in shape)
        (folder / name).write_bytes(head + bytes(int(np.prod(shape))))
    (folder / "truth.csv").write_text('file,rows,written,start,end\na.png,42|907,"42|907",,\na.avi,42 907,,0,1\n')
    with Recorder(folder / "record", print) as recorder:
        recorder.take(track_frame(make_frame()))
    line = {"file": "x.png", "label": "4", "by": "key", "read": "4", "source": "a", "frame": 0, "box": [1, 2, 3, 4]}
    (folder / "provenance.jsonl").write_text(json.dumps(line) + "\n")
    return folder


def mutate(rng: np.random.Generator, data: bytes) -> bytes:
    """Damage bytes as disks, networks and people who mean harm do; one in twenty stays whole."""
    damaged = bytearray(data)
    for _ in range(int(rng.choice([0, 1, 1, 1, 2, 3, 8], p=[0.05, 0.3, 0.2, 0.15, 0.15, 0.1, 0.05]))):
        size = max(len(damaged), 1)
        # Heads are small and matter most.
        place = int(rng.integers(min(size, 200))) if rng.random() < 0.5 else int(rng.integers(size))
        length = int(rng.choice([1, 4, 16, 300]))
        match int(rng.integers(6)):
            case 0:
                damaged[place : place + 1] = bytes([int(rng.integers(256))])
            case 1:
                del damaged[int(rng.integers(size)) :]
            case 2:
                del damaged[place : place + length]
            case 3:
                damaged[place:place] = rng.bytes(length)
            case 4:
                order = "big" if rng.random() < 0.5 else "little"
                damaged[place : place + 4] = int(rng.choice(NUMBERS)).to_bytes(4, order)
            case _:
                damaged[place:place] = damaged[place : place + length]
    return bytes(damaged)


def damaged_file(kind: str, endings: tuple[str, ...], words: tuple[str, ...], codes: tuple[int, ...]) -> Kind:
    """Return how files of these endings are damaged and read; FILE and SHEET in the words stand for the files."""

    def make(rng: np.random.Generator, seeds: Path, folder: Path) -> Case:
        folder.mkdir(parents=True)
        ending = str(rng.choice(endings))
        path = folder / f"a{ending}"
        path.write_bytes(mutate(rng, (seeds / f"a{ending}").read_bytes()))
        places = {"FILE": str(path), "SHEET": str(seeds / "a.png")}
        return Case(kind, folder, [places.get(word, word) for word in words], codes)

    return Kind(make)


def damaged_folder(
    kind: str, names: tuple[str, ...], damage: str, words: tuple[str, ...], codes: tuple[int, ...]
) -> Kind:
    """Return how one file of a folder is damaged and the folder read, which is FOLDER in the words."""

    def make(rng: np.random.Generator, seeds: Path, folder: Path) -> Case:
        folder.mkdir(parents=True)
        for name in names:
            copy = shutil.copytree if (seeds / name).is_dir() else shutil.copy
            copy(seeds / name, folder / name)
        path = folder / damage
        path.write_bytes(mutate(rng, path.read_bytes()))
        places = {"FOLDER": str(folder), "RECORD": str(folder / "record"), "SHEET": str(seeds / "a.png")}
        return Case(kind, folder, [places.get(word, word) for word in words], codes)

    return Kind(make)


def make_provenance(rng: np.random.Generator, seeds: Path, folder: Path) -> Case:
    """Damage the provenance of one of the folders that a run adds to."""
    names = ("inbox", "4", "2", "9", "0", "7")
    damaged = str(rng.choice(names))
    for name in names:
        (folder / name).mkdir(parents=True)
        data = (seeds / "provenance.jsonl").read_bytes()
        (folder / name / "provenance.jsonl").write_bytes(mutate(rng, data) if name == damaged else data)
    words = ["recognize-camera", str(seeds / "a.avi"), "--no-show", "--max-frames", "6", "--collect", str(folder)]
    return Case("provenance", folder, words, (0, 1))


def make_settings(rng: np.random.Generator, seeds: Path, folder: Path) -> Case:
    """Damage a file of settings: a profile, a list of the numbers there are, secrets."""
    folder.mkdir(parents=True)
    name = str(rng.choice(list(SETTINGS)))
    path = folder / name
    path.write_bytes(mutate(rng, (seeds / name).read_bytes()))
    places = {"FILE": str(path), "SHEET": str(seeds / "a.png"), "CLIP": str(seeds / "a.avi"), "FOLDER": str(folder)}
    return Case("settings", folder, [places.get(word, word) for word in SETTINGS[name]], (0, 1, 2))


def make_checkpoint(rng: np.random.Generator, seeds: Path, folder: Path) -> Case:
    """Damage what training writes, of each network."""
    folder.mkdir(parents=True)
    command = str(rng.choice(list(CHECKPOINTS)))
    path = folder / CHECKPOINTS[command]
    path.write_bytes(mutate(rng, (seeds / CHECKPOINTS[command]).read_bytes()))
    target = [] if command == "export-finder" else ["-o"]
    return Case("checkpoints", folder, [command, str(path), *target, str(folder / "out.onnx")], (0, 4))


def make_name(rng: np.random.Generator, seeds: Path, folder: Path) -> Case:
    """Call a whole file by an odd name."""
    folder.mkdir(parents=True)
    ending = str(rng.choice([".png", ".avi", ".mp4"]))
    stem = b"".join(NAMES[int(k)] for k in rng.integers(len(NAMES), size=2))[:200].replace(b"/", b"")
    path = Path(os.fsdecode(os.fsencode(folder) + b"/" + stem + ending.encode()))
    shutil.copy(seeds / f"a{ending}", path)
    command = "recognize-image" if ending == ".png" else "recognize-video"
    lines = str(folder / "out.jsonl")
    return Case("names", folder, [str(rng.choice([command, "evaluate-numbers"])), str(path), "--json", lines], (0,))


def make_options(rng: np.random.Generator, seeds: Path, folder: Path) -> Case:
    """Give options odd values."""
    folder.mkdir(parents=True)
    for name in ("a.png", "a.avi"):
        shutil.copy(seeds / name, folder / name)
    command = str(rng.choice(list(OPTIONS)))
    source = folder / ("a.avi" if command in ("recognize-video", "recognize-camera") else "a.png")
    words = [command, str(source), *(["--no-show", "--max-frames", "3"] if command == "recognize-camera" else [])]
    for option in rng.choice(OPTIONS[command].split(), size=int(rng.integers(1, 4))):
        flag = option in ("--mirror", "--invert", "--resume", "--rises")
        value = str(rng.choice(WORDS))
        paths = ("--save", "--json", "--csv", "--explain", "--record", "--events", "--table", "--text-file", "--spool")
        inside = value and option in paths and not value.startswith("/dev/")
        words += [option] if flag else [option, str(folder / value) if inside else value]
    return Case("options", folder, words, (0, 1, 2, 3, 4))


KINDS = {
    "pictures": damaged_file("pictures", PICTURES, ("recognize-image", "FILE"), (0, 3)),
    "clips": damaged_file("clips", tuple(CLIPS), ("recognize-video", "FILE", "--max-frames", "30"), (0, 3)),
    "models": damaged_file("models", (".onnx",), ("recognize-image", "SHEET", "--model", "FILE"), (0, 4)),
    "checkpoints": Kind(make_checkpoint, 4),
    "settings": Kind(make_settings),
    "npz": damaged_file("npz", (".npz",), ("evaluate-numbers", "FILE"), (0, 3)),
    "idx": damaged_folder(
        "idx",
        ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
        "t10k-images-idx3-ubyte",
        ("measure-digits", "--data", "FOLDER"),
        (0, 3),
    ),
    "truth": damaged_folder(
        "truth", ("truth.csv", "a.png", "a.avi"), "truth.csv", ("evaluate-numbers", "FOLDER"), (0, 1, 3)
    ),
    "records": damaged_folder("records", ("record",), "record/record.jsonl", ("recognize-video", "RECORD"), (0, 3)),
    "provenance": Kind(make_provenance),
    "names": Kind(make_name),
    "options": Kind(make_options),
}
