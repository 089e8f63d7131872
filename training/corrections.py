"""Find the digit in each picture that a user has labelled, and which pictures show the same ink, writer or session."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from realtime.live.collecting import INBOX, PROVENANCE
from realtime.measuring.truth import label_of
from realtime.reading.classifier import NOT_A_DIGIT
from realtime.reading.crops import SIDE
from realtime.reading.ensemble import Networks
from realtime.reading.found import locate
from realtime.reading.page import Page
from realtime.reading.pipeline import read
from realtime.sources.frame import SourceError
from realtime.sources.pictures import PICTURES, is_of_kind, read_picture
from training.data import DataError
from training.datasets import near_middle, non_digits
from training.recipe import CLASSES

# What recognize-camera --collect names its pictures: session, frame, track, digit of the track.
COLLECTED = re.compile(r"(?P<session>\d{8}-\d{6}-[0-9a-f]{4})-f\d+-t(?P<track>\d+)-d(?P<digit>\d+)")
READERS = 2  # pictures read at once
PAPER = 0.5  # of the longer side of a picture cut tight around its digit, laid around it
SAME_INK = 0.95  # correlation above which two crops of one label are taken to show the same ink; set by hand
MIN_GROUPS = 4  # writers, or sessions, with which pictures are held out by them; of fewer one would be too many


@dataclass(frozen=True)
class Correction:
    """One labelled crop (28, 28) uint8 of a picture; `label` is its place in CLASSES.

    `writer`, `session` and `track` tell pictures apart that do not share them; from the finest to the widest they are
    the names under which pictures are held out together.
    """

    path: Path
    label: int
    crop: NDArray[np.uint8]
    writer: str
    session: str
    track: str


def make_folders(folder: Path) -> None:
    """Make the folders for labelled pictures where they are missing. Raises DataError where that fails."""
    try:
        for name in CLASSES:
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot make folder {folder / name}: {error.strerror or error}") from None


def list_pictures(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield each picture of the folders 0 to 9, or zero to nine, and not-a-digit, and of those below, and its label."""
    for label, name in enumerate(CLASSES):
        for own in sorted(part for part in folder.iterdir() if label_of(part) == name):
            for path in sorted(own.rglob("*")):
                if is_of_kind(path, PICTURES) and path.is_file():
                    yield path, label


def read_corrections(folder: Path, networks: Networks) -> tuple[list[Correction], list[tuple[Path, str]]]:
    """Cut the labelled crop out of each picture by the path of live reading; list what is left out, and why."""
    found: list[Correction] = []
    left_out: list[tuple[Path, str]] = []
    writers = {path.parent: _read_writers(path) for path in folder.rglob(PROVENANCE)}
    pictures = list(list_pictures(folder))
    with ThreadPoolExecutor(READERS) as readers:
        cut = readers.map(lambda picture: _cut(picture[0], picture[1], networks), pictures)
        told = list(tqdm(cut, "finding digits", len(pictures), unit="picture", disable=None, leave=False))
    for (path, label), (crops, reason) in zip(pictures, told, strict=True):
        if reason:
            left_out.append((path, reason))
        writer, session, track = _find_origin(
            path, folder / path.relative_to(folder).parts[0], writers.get(path.parent, {})
        )
        found += [Correction(path, label, crop[0], writer, session, track) for crop in crops]
    return found, left_out


def _cut(path: Path, label: int, networks: Networks) -> tuple[NDArray[np.uint8], str]:
    """Return the crops (N, 1, 28, 28) of a labelled picture, and why there are none or not all."""
    try:
        image = read_picture(path)
    except SourceError as error:
        return np.zeros((0, 1, SIDE, SIDE), np.uint8), str(error)
    if CLASSES[label] == NOT_A_DIGIT:
        return _crop_non_digits(image, networks)
    return find_digit(image, networks)


def find_digit(image: NDArray[np.uint8], networks: Networks) -> tuple[NDArray[np.uint8], str]:
    """Return the crop (1, 1, 28, 28) of the one digit of a picture (H, W, 3), or none (0, ...) and the reason.

    It is what live reading reads as one digit, in the picture or, where it was cut tight, on more paper; else what the
    finder proposed in the middle and live reading refused, for a hand it does not know.
    """
    pictures = [image, with_paper(image)]
    pages = [read(pictures[0], networks)]
    if not _is_one(_list_digits(pages[0])):
        pages.append(read(pictures[1], networks))
    for page in pages:
        if _is_one(blobs := _list_digits(page)):
            return page.crops[blobs], ""
    if all(len(_list_digits(page)) > 1 for page in pages):
        return pages[0].crops[:0], f"holds {len(_list_digits(pages[0]))} digits: cut it so that it shows one"
    for picture in pictures:
        located = locate(picture, networks.finder)
        if len(near := near_middle(located, picture)):
            return located.crops[near[:1]], ""
    return pages[0].crops[:0], "holds no digit that could be found"


def with_paper(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay a tight picture (H, W, 3) uint8 on paper of its median colour."""
    margin = round(PAPER * max(image.shape[:2]))
    paper = np.median(image, axis=(0, 1)).tolist()
    return cv2.copyMakeBorder(image, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=paper)


def group_pictures(corrections: list[Correction]) -> NDArray[np.intp]:
    """Return which pictures must stay together, (N,) group numbers: those of one track, and those of the same ink.

    Where there are at least four writers, or else four sessions, pictures that share one stay together.
    """
    level = grouping_of(corrections)
    keys: dict[object, int] = {}
    group = np.array([keys.setdefault(getattr(c, level), len(keys)) for c in corrections], np.intp)
    for label in {c.label for c in corrections}:
        members = np.flatnonzero([c.label == label for c in corrections])
        correlations = _correlations(np.stack([corrections[i].crop for i in members]))
        for a, b in np.argwhere(np.triu(correlations > SAME_INK, 1)).tolist():
            group[group == group[members[b]]] = group[members[a]]
    return group


def grouping_of(corrections: list[Correction]) -> str:
    """Return by what pictures are held out together: "writer", "session" or "track"."""
    for level in ("writer", "session"):
        if len({getattr(c, level) for c in corrections}) >= MIN_GROUPS:
            return level
    return "track"


def count_unlabelled(folder: Path) -> int:
    """Count the pictures that wait in the inbox for a label."""
    return sum(is_of_kind(path, PICTURES) for path in (folder / INBOX).glob("*"))


def _list_digits(page: Page) -> list[int]:
    """List the place among the crops of each digit of a page, -1 for one that only its line tells."""
    return [digit.blob for number in page.numbers for digit in number.digits]


def _is_one(blobs: list[int]) -> bool:
    """Tell whether there is one digit, and a crop of it."""
    return len(blobs) == 1 and blobs[0] >= 0


def _crop_non_digits(image: NDArray[np.uint8], networks: Networks) -> tuple[NDArray[np.uint8], str]:
    """Return the crops of all that is proposed in a picture without digits, but for bars, and the reason for none."""
    proposed = locate(image, networks.finder).crops
    kept = non_digits(proposed)
    if len(kept) or not len(proposed):
        return proposed[kept], "" if len(kept) else "holds nothing that could be taken for a digit"
    return proposed[:0], "holds nothing but a bar, which no crop alone can tell from a 1"


def _correlations(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the correlations (N, N) of crops (N, 28, 28), a little blurred."""
    flat = np.stack([cv2.GaussianBlur(crop, (0, 0), 0.7) for crop in crops]).reshape(len(crops), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return flat @ flat.T


def _read_writers(provenance: Path) -> dict[str, str]:
    """Return the writers that a provenance file names, by the pictures' names; lines of others are passed over."""
    writers = {}
    for text in provenance.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict) and "writer" in line:
            writers[str(line.get("file"))] = str(line["writer"])
    return writers


def _find_origin(path: Path, folder: Path, writers: dict[str, str]) -> tuple[str, str, str]:
    """Return writer, session and track of a picture: from its name and provenance, else from folder and name."""
    below = path.parent.relative_to(folder).as_posix()
    ours = COLLECTED.fullmatch(path.stem)
    if ours:
        session = ours["session"]
        writer = writers.get(path.name) or (below if below != "." else "")
        return writer, session, f"{session}-{ours['track']}-{ours['digit']}"
    prefix = re.match(r"(\D[^-_]*)[-_].", path.stem)
    writer = writers.get(path.name) or (below if below != "." else prefix[1] if prefix else "")
    return writer, writer, path.as_posix()
