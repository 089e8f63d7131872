"""Keep outputs from destroying inputs, models, each other, and files of another kind, before anything is opened."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from realtime.reading.classifier import NOT_A_DIGIT
from realtime.sources.frame import SourceError
from realtime.sources.pictures import PICTURES, PictureSequence, find_files, is_glob
from realtime.sources.recording import LINES

# What a file of each kind that is written here begins with, so that it may be written anew; a video's by its ending.
_BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    "lines": (b'{"source"',),
    "figures": (b"{\n",),
    "table": (b"source,frame,time,",),
    "picture": (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*", b"RIFF", b"P4", b"P5", b"P6"),
    "numbers": (b"-", b"?", b",", *(str(digit).encode() for digit in range(10))),
    "model": (b"\x08",),  # the first field of ONNX, its version
    "checkpoint": (b"PK\x03\x04",),  # as torch packs them
    "metrics": (b'{"epoch"',),
    "report": (b"# ", b"| "),
    "data": (),  # truth and labelled digits, which people gather themselves: never replaced unasked
}
_CLIPS: dict[str, tuple[int, bytes]] = {  # where, and what
    ".mp4": (4, b"ftyp"),
    ".m4v": (4, b"ftyp"),
    ".avi": (0, b"RIFF"),
    ".mkv": (0, b"\x1a\x45\xdf\xa3"),
    ".webm": (0, b"\x1a\x45\xdf\xa3"),
}
_STANDARD_OUTPUT = Path("-")
_STREAMED = ("lines", "table")  # kinds that go line by line into what is there; others are put in its place

Kind = Literal[
    "lines", "figures", "table", "numbers", "picture", "video", "model", "checkpoint", "metrics", "report", "data"
]
_Place = tuple[object, ...]


@dataclass(frozen=True)
class Output:
    """A file that a command is to write: the option that names it, where it lies, and of what kind it is."""

    option: str
    path: Path
    kind: Kind


def check_outputs(outputs: Iterable[Output], inputs: Iterable[Path], overwrite: bool) -> None:
    """Refuse outputs that are an input or each other, or that would replace a file of another kind.

    inputs: the sources, models and tables that the command reads. overwrite: the user asked to replace files of any
    kind. Files are told apart where they really lie, after links; devices and pipes may be named twice by what is
    written line by line, and by nothing else, which would take their place. Raises ValueError that names the option
    and the next step.
    """
    named: dict[_Place, Output] = {}
    for output in outputs:
        if output.path == _STANDARD_OUTPUT or output.path.is_dir():
            continue
        if output.path.exists() and not output.path.is_file():
            if output.kind not in _STREAMED:
                raise ValueError(f"{output.option} {output.path} is a device or a pipe, not a file: name a file")
            continue
        place = _place(output.path)
        if place in named:
            raise ValueError(f"{output.option} {output.path} and {named[place].option} are one file: name two")
        named[place] = output
    there = {place: output for place, output in named.items() if output.path.exists()}
    begun = {_place(path): output for output in named.values() for path in _unfinished(output) if path.exists()}
    for path in inputs if there or begun else ():
        taken = there.get(_place(path)) or begun.get(_place(path))
        if taken is not None:
            raise ValueError(f"{taken.option} {taken.path} would overwrite {path}, which is read: name another file")
    for output in there.values():
        if not overwrite and not is_of_kind(output.path, output.kind):
            raise ValueError(
                f"{output.option} {output.path} would overwrite a file that is no earlier output of this kind: "
                "name another one, or give --overwrite"
            )


def outputs_in(option: str, folder: Path, kinds: dict[str, Kind]) -> list[Output]:
    """Return the outputs of a command that writes several files, by name and kind, into the folder of an option."""
    return [Output(option, folder / name, kind) for name, kind in kinds.items()]


def files_read(inputs: Iterable[Path]) -> Iterator[Path]:
    """Yield inputs, and of those that are folders or patterns the files in them that are read."""
    for path in inputs:
        yield path
        if path.is_dir():
            yield from (path / LINES, path / "truth.csv", *path.glob("*-ubyte*"))
            for label in (*"0123456789", NOT_A_DIGIT):
                with suppress(SourceError):
                    yield from find_files(path / label, PICTURES)
        if path.is_dir() or is_glob(str(path)):
            with suppress(SourceError):
                yield from PictureSequence(str(path)).paths


def is_of_kind(path: Path, kind: Kind) -> bool:
    """Tell by its first bytes whether a file is of a kind that we write; an empty or half begun one is of any."""
    try:
        with path.open("rb") as file:
            start = file.read(32)
    except OSError:
        return False
    if kind != "video":
        return any(start.startswith(sign) or sign.startswith(start) for sign in _BEGINNINGS[kind])
    offset, sign = _CLIPS.get(path.suffix.lower(), (0, b""))
    return not start or start[offset:].startswith(sign)


def _unfinished(output: Output) -> list[Path]:
    """Return what an output may be called until it is finished."""
    path = output.path
    if output.kind == "video":
        return [path.with_name(f"{path.stem}.part{ending}") for ending in {".avi", path.suffix}]
    return [path.with_name(f"{path.name}{ending}") for ending in (".part", ".tmp")]


def _place(path: Path) -> _Place:
    """Return what tells one file from another: device and node where it exists, else its path after links."""
    try:
        told = path.stat()
    except (OSError, ValueError):
        return (os.path.realpath(path),)
    return told.st_dev, told.st_ino
