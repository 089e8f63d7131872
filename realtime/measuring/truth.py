"""Find out what a source is known to show: by truth.csv, by folders named 0 to 9, by labels in an npz file, or not."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.classifier import NOT_A_DIGIT
from realtime.sources.arrays import read_labelled
from realtime.sources.clip import CLIPS
from realtime.sources.frame import SourceError
from realtime.sources.pictures import PICTURES, is_of_kind, read_picture
from realtime.sources.text_file import read_text

DIGITS = tuple("0123456789")
LABELS = (*DIGITS, NOT_A_DIGIT)  # that a sample may have
MAX_TABLE = 2**22  # bytes of truth.csv, at most: a hundred thousand pictures
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_FOLDERS = {name: name for name in LABELS} | dict(zip(_WORDS, DIGITS, strict=True))
# A picture of an npz file is laid on a plain sheet of paper, SHEET_SIDE pixels wide and high or more, enlarged by a
# whole factor to about WRITING_SIDE pixels. Set by hand.
SHEET_SIDE, WRITING_SIDE = 256, 112


@dataclass(frozen=True)
class LabelledPicture:
    """A picture with its rows of numbers from the top, a blank for a wide gap; written: the same with their signs."""

    path: Path
    rows: tuple[str, ...]
    written: tuple[str, ...] = ()


@dataclass(frozen=True)
class Passage:
    """A part of a clip, start to end in s, with the rows of numbers that it shows."""

    path: Path
    rows: tuple[str, ...]
    start: float
    end: float


@dataclass(frozen=True)
class Sample:
    """A picture of one digit, or of none: its label, the group it belongs to (a writer), and how to get its pixels."""

    name: str
    label: str
    group: str
    load: Callable[[], NDArray[np.uint8]]


@dataclass(frozen=True)
class LabelledSource:
    """What there is to read at a path: pictures and passages by truth.csv, or samples, or else `unlabelled` files."""

    path: Path
    pictures: list[LabelledPicture] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    unlabelled: list[Path] = field(default_factory=list)


def open_labelled(path: Path) -> LabelledSource:
    """Look what a folder, clip, picture or npz file holds and tells. Raises SourceError, ValueError for a bad table."""
    if path.is_dir():
        return _open_folder(path)
    if not path.is_file():
        raise SourceError(f"no folder or file {path}")
    if path.suffix.lower() == ".npz":
        return LabelledSource(path, samples=load_labelled(path))
    if path.suffix.lower() not in CLIPS | PICTURES:
        raise SourceError(f"cannot evaluate {path}: neither a folder, a picture, a clip nor an npz file")
    if (path.parent / "truth.csv").is_file():
        pictures, passages = read_truth(path.parent / "truth.csv")
        own = LabelledSource(path, [p for p in pictures if p.path == path], [p for p in passages if p.path == path])
        if own.pictures or own.passages:
            return own
    return LabelledSource(path, unlabelled=[path])


def files_of(source: LabelledSource) -> Iterator[Path]:
    """Yield the files that are read of a source, its table among them."""
    yield from (source.path, source.path / "truth.csv", *source.unlabelled)
    yield from (picture.path for picture in source.pictures)
    yield from (passage.path for passage in source.passages)
    yield from (source.path / sample.name for sample in source.samples)


def label_of(folder: Path) -> str | None:
    """Return the label of the pictures in a folder by its name, as 4, four or not-a-digit; None for another name."""
    return _FOLDERS.get(folder.name.lower())


def _open_folder(path: Path) -> LabelledSource:
    """Look what a folder holds. Raises SourceError where it is nothing to read, ValueError for a bad table."""
    if (path / "truth.csv").is_file():
        return LabelledSource(path, *read_truth(path / "truth.csv"))
    found = sorted(p for p in path.rglob("*") if is_of_kind(p, CLIPS | PICTURES) and p.is_file())
    labelled = [p for p in found if label_of(p.parent) and p.suffix.lower() in PICTURES]
    if labelled:
        return LabelledSource(path, samples=[_sample(path, file) for file in labelled])
    if not found:
        raise SourceError(f"folder {path} holds no truth.csv, no folders 0 to 9, no picture and no clip")
    return LabelledSource(path, unlabelled=found)


def _sample(folder: Path, file: Path) -> Sample:
    """Return a picture that lies in WRITER/LABEL of a folder as a sample."""
    writer = file.parent.parent.relative_to(folder).as_posix()
    label = str(label_of(file.parent))
    return Sample(file.relative_to(folder).as_posix(), label, writer, partial(read_picture, file))


def read_truth(path: Path) -> tuple[list[LabelledPicture], list[Passage]]:
    """Read truth.csv: columns file, rows, perhaps written, for clips start, end in s. Raises ValueError for another.

    Columns may be parted by commas, semicolons or tabs, as spreadsheets of each country do, and be called in capitals.
    """
    try:
        text = read_text(path, MAX_TABLE)
        head = text.partition("\n")[0]
        table = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
        table.fieldnames = [name.strip().lower() for name in table.fieldnames or ()]
        lines = list(table)
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a table in UTF-8: {error}") from None
    except OSError as error:
        raise SourceError(f"cannot open {path}: {error.strerror or error}") from None
    if not lines:
        raise ValueError(f"{path} lists no file")
    pictures, passages = [], []
    for number, line in enumerate(lines, 2):
        where = f"{path}, line {number}"
        name, rows = line.get("file"), line.get("rows")
        if not name or rows is None:
            raise ValueError(f"{where}: needs the columns file and rows")
        if set(rows) - set("0123456789 |"):
            raise ValueError(f"{where}: rows are digits, blanks and bars between rows, got {rows!r}")
        parts, signs = (_split(text) for text in (rows, line.get("written") or ""))
        if Path(name).suffix.lower() in CLIPS:
            passages.append(Passage(path.parent / name, parts, *_times(line, where)))
        else:
            pictures.append(LabelledPicture(path.parent / name, parts, signs))
    return pictures, passages


def _split(rows: str) -> tuple[str, ...]:
    """Part the rows of a picture, which bars part in a table."""
    return tuple(row.strip() for row in rows.split("|") if row.strip())


def _times(line: dict[str, str], where: str) -> tuple[float, float]:
    """Return when a passage starts and ends, s; the whole clip where its line says nothing."""
    try:
        start, end = float(line.get("start") or 0), float(line.get("end") or "inf")
    except ValueError:
        raise ValueError(f"{where}: start and end are seconds, got {line['start']!r}, {line['end']!r}") from None
    if not 0 <= start < end:
        raise ValueError(f"{where}: start must lie before end, got {start}, {end}")
    return start, end


def load_labelled(path: Path) -> list[Sample]:
    """Load small pictures, images (N, H, W) uint8, with their labels, each to be shown on a plain sheet of its paper.

    A label that is no digit counts as not a digit. Raises SourceError for a file that holds no such arrays.
    """
    images, labels = read_labelled(path)
    light_ink = float(np.median(images)) < 128
    names = [str(label) if str(label) in DIGITS else NOT_A_DIGIT for label in labels.tolist()]
    groups = [str(label) if name == NOT_A_DIGIT else "" for label, name in zip(labels.tolist(), names, strict=True)]
    return [
        Sample(f"{path.name} {i}", name, group, partial(on_sheet, image, light_ink))
        for i, (name, group, image) in enumerate(zip(names, groups, images, strict=True))
    ]


def on_sheet(image: NDArray[np.uint8], light_ink: bool) -> NDArray[np.uint8]:
    """Enlarge a small grey picture (h, w) and lay it on a sheet (H, W, 3) BGR of its own paper, with a wide margin.

    A camera shows digits larger than 16 pixels and with paper around them, so that is how such a picture is shown.
    """
    factor = max(1, round(WRITING_SIDE / max(image.shape)))
    size = image.shape[1] * factor, image.shape[0] * factor
    writing = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    paper = int(np.percentile(image, 10 if light_ink else 90))
    width, height = (max(SHEET_SIDE, 2 * side) for side in size)
    sheet = np.full((height, width), paper, np.uint8)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    sheet[top : top + size[1], left : left + size[0]] = writing
    return np.repeat(sheet[..., None], 3, axis=2)
