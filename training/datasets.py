"""Bring labelled pictures of other collections, and clips without handwriting, into crops as live reading cuts them."""

import math
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from realtime.reading import crops
from realtime.reading.classifier import NOT_A_DIGIT
from realtime.reading.finder import Finder
from realtime.reading.found import Located, locate
from realtime.reading.model_files import finder_model
from realtime.sources.clip import CLIPS, Clip
from realtime.sources.frame import SourceError
from realtime.sources.pictures import PICTURES, is_of_kind, read_picture
from training.data import DataError
from training.recipe import CLASSES, DIGITS

# Characters that a reader without context takes for a digit, left out of whatever is read (by their labels' names):
# slash (1), y (4), z (2); of Omniglot nearly all of Early Aramaic (1 4 6 7 9 0), and those that were looked through.
KATAKANA = (1, 2, 4, 8, 12, 15, 16, 22, 24, 27, 28, 30, 36, 37, 38, 42, 43, 45, 46)
LOOKALIKES = (
    *("slash", "y", "z", "Early_Aramaic/*"),
    *(f"Balinese/character{n}" for n in ("05", "14")),
    *(f"Greek/character{n}" for n in ("04", "06", "09", "14", "15", "18", "19")),
    *(f"Japanese_(katakana)/character{n:02}" for n in KATAKANA),
    *(f"Korean/character{n}" for n in ("05", "20", "21", "22", "27", "28", "33", "37")),
    *(f"Latin/character{n}" for n in ("02", "07", "09", "10", "12", "15", "17", "19", "25", "26")),
    *(f"Sanskrit/character{n}" for n in ("05", "13", "36", "37")),
    *(f"Tagalog/character{n}" for n in ("03", "04", "07", "16")),
)
FRAME_STEP = 12  # every so many-th frame of a clip is cut: nearer ones show the same things
MAX_CROPS_PER_CLIP = 1500  # taken evenly from all that are found, lest one long clip outweigh the others
# Of ink that is no handwriting, a bar is left out, for nobody can tell it from a 1. A bar is narrower than
# MAX_BAR_WIDTH of its height; or the deviation of its ink along its short axis is below MAX_BAR_SPREAD of that along
# the long one, and the long axis is within MAX_BAR_LEAN degrees of upright. Set by hand on clips without writing.
MAX_BAR_WIDTH = 0.45
MAX_BAR_SPREAD = 0.35
MAX_BAR_LEAN = 60
NOTHING = np.zeros((0, 1, crops.SIDE, crops.SIDE), np.uint8)
MIN_INK_PIXELS = 12  # inked pixels of a crop below which it is too little for anybody to tell what it is
MAX_OFFSET = 0.25  # of the middle of a picture's one digit from that of the picture, share of its sides; set by hand


@dataclass(frozen=True)
class Dataset:
    """One collection: crops (N, 1, 28, 28) uint8, labels (N,) int64, and how often an epoch shows each, `weight`.

    `missed` counts the pictures in which no digit was found; they have no crop.
    """

    name: str
    crops: Tensor
    labels: Tensor
    weight: float = 1.0
    missed: int = 0


def load_dataset(path: Path, weight: float = 1.0, without: tuple[str, ...] = (), only: tuple[str, ...] = ()) -> Dataset:
    """Load an npz file, a folder of folders `0` to `9` and `not-a-digit`, a clip, or a folder of clips.

    npz: `images` (N, H, W) uint8, dark on light or light on dark, and `labels`; a label that is no digit is
    'not-a-digit'. Clips show no handwriting: whatever the finder takes for a digit there is 'not-a-digit'. `without`
    and `only` are patterns for labels, or for the names of clips. Raises DataError for what cannot be read.
    """
    missed = 0
    if path.suffix == ".npz":
        found, labels = _read_npz(path, without, only)
    elif path.suffix.lower() in CLIPS:
        found, labels = _read_clips([path])
    elif path.is_dir():
        clips = sorted(p for p in path.iterdir() if p.suffix.lower() in CLIPS and _is_selected(p.name, without, only))
        found, labels, missed = (*_read_clips(clips), 0) if clips else _read_folders(path, without, only)
    else:
        raise DataError(f"{path} is no npz file, folder or clip: name labelled data that exists")
    if not len(found):
        raise DataError(f"{path} holds nothing to learn from: expected folders 0 to 9 or {NOT_A_DIGIT}, or clips")
    return Dataset(path.stem, torch.from_numpy(found), torch.tensor(labels), weight, missed)


def _is_selected(label: str, without: tuple[str, ...], only: tuple[str, ...]) -> bool:
    if any(fnmatch(label, pattern) for pattern in without):
        return False
    return not only or any(fnmatch(label, pattern) for pattern in only)


def _read_npz(path: Path, without: tuple[str, ...], only: tuple[str, ...]) -> tuple[NDArray[np.uint8], list[int]]:
    """Read an npz file as crops (N, 1, 28, 28) and their labels."""
    try:
        with np.load(path, allow_pickle=False) as file:
            images, names = file["images"], file["labels"]
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise DataError(f"{path} is not an npz file with images and labels: {error}") from None
    if images.ndim != 3 or images.dtype != np.uint8 or names.shape != images.shape[:1]:
        raise DataError(
            f"{path} holds images {images.shape} {images.dtype} with labels {names.shape}, not (N, H, W) uint8"
        )
    if len(images) and np.median(images) > 127:
        images = 255 - images
    texts = [str(name) for name in names.tolist()]
    kept = [i for i, text in enumerate(texts) if _is_selected(text, (*LOOKALIKES, *without), only)]
    index = [CLASSES.index(texts[i] if texts[i] in DIGITS else NOT_A_DIGIT) for i in kept]
    return crops.stack([images[i] for i in kept]), index


def _read_folders(
    path: Path, without: tuple[str, ...], only: tuple[str, ...]
) -> tuple[NDArray[np.uint8], list[int], int]:
    """Cut the digit of each picture in the folders 0 to 9, all proposed in 'not-a-digit'; count digits missed."""
    finder = _open_finder()
    parts: list[NDArray[np.uint8]] = [NOTHING]
    labels: list[int] = []
    missed = 0
    for name in (*CLASSES, "blank"):
        if not _is_selected(name, without, only) or not (path / name).is_dir():
            continue
        label = CLASSES.index(name) if name in DIGITS else CLASSES.index(NOT_A_DIGIT)
        files = sorted(p for p in (path / name).iterdir() if is_of_kind(p, PICTURES))
        for file in tqdm(files, desc=f"{path.name}/{name}", unit="picture", disable=None, leave=False):
            image = _read_picture(file)
            located = locate(image, finder)
            kept = near_middle(located, image)[:1] if name in DIGITS else non_digits(located.crops)
            parts.append(located.crops[kept])
            labels += [label] * len(kept)
            missed += name in DIGITS and not len(kept)
    return np.concatenate(parts), labels, missed


def _open_finder() -> Finder:
    """Open the finder that ships: pictures are cut as live reading cuts them."""
    return Finder(finder_model(), "cpu")


def _read_picture(file: Path) -> NDArray[np.uint8]:
    try:
        return read_picture(file)
    except SourceError as error:
        raise DataError(str(error)) from None


def _read_clips(paths: list[Path]) -> tuple[NDArray[np.uint8], list[int]]:
    """Cut what is proposed in clips without handwriting."""
    finder = _open_finder()
    parts: list[NDArray[np.uint8]] = [NOTHING]
    for path in paths:
        clip: list[NDArray[np.uint8]] = [NOTHING]
        try:
            with Clip(path) as frames:
                for frame in tqdm(frames.frames(FRAME_STEP), desc=path.name, unit="frame", disable=None, leave=False):
                    proposed = locate(frame.image, finder).crops
                    clip.append(proposed[non_digits(proposed)])
        except SourceError as error:
            raise DataError(str(error)) from None
        found = np.concatenate(clip)
        step = max(1, len(found) // MAX_CROPS_PER_CLIP)
        parts.append(found[::step][:MAX_CROPS_PER_CLIP])
    found = np.concatenate(parts)
    return found, [CLASSES.index(NOT_A_DIGIT)] * len(found)


def near_middle(located: Located, image: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return what may be the one digit of a picture (H, W, 3): what lies near its middle, the highest score first."""
    size = np.array([image.shape[1], image.shape[0]])
    aside = np.abs((located.boxes[:, :2] + located.boxes[:, 2:] / 2) / size - 0.5).max(axis=1, initial=0)
    near = np.flatnonzero(aside < MAX_OFFSET)
    return near[np.argsort(-located.scores[near], kind="stable")]


def non_digits(proposed: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return which crops (N, 1, 28, 28) of what is no digit to learn from: not bars, which are ones to any network."""
    whole = [cv2.countNonZero(crop) >= MIN_INK_PIXELS and not is_bar(crop) for crop in proposed[:, 0]]
    return np.flatnonzero(np.array(whole, bool))


def is_bar(patch: NDArray[np.uint8]) -> bool:
    """Tell whether the ink of a patch (h, w) uint8 is one straight, more or less upright bar."""
    _, _, w, h = cv2.boundingRect(patch)
    if w <= MAX_BAR_WIDTH * h:
        return True
    m = cv2.moments(patch)
    spread, lean = m["mu20"] + m["mu02"], math.hypot(m["mu20"] - m["mu02"], 2 * m["mu11"])
    if spread - lean > MAX_BAR_SPREAD**2 * (spread + lean):
        return False
    from_level = abs(math.degrees(0.5 * math.atan2(2 * m["mu11"], m["mu20"] - m["mu02"])))
    return from_level > 90 - MAX_BAR_LEAN
