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

from realtime.reading import candidates, crops
from realtime.reading.classifier import NOT_A_DIGIT
from realtime.reading.ink import Ink, find_ink
from realtime.sources.clip import CLIPS, Clip
from realtime.sources.frame import SourceError
from realtime.sources.pictures import PICTURES, read_picture
from training.data import DataError
from training.model import CLASSES, DIGITS

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
EVERY = 12  # frames between those that are cut of a clip; nearer ones show the same
MOST_OF_A_CLIP = 1500  # crops
# Of ink that is no handwriting, a bar is left out, for it is a 1: slimmer than SLIM for its height, or its short axis
# (deviation of the ink) below BAR of the long one and within LEAN degrees of upright.
SLIM, BAR, LEAN = 0.45, 0.35, 60
FEWEST_INKED = 12  # pixels of a crop; less is nothing that a reader would look at


@dataclass(frozen=True)
class Source:
    """One collection: crops (N, 1, 28, 28) uint8, labels (N,) int64, and how often an epoch shows each, `weight`.

    `lost` counts the pictures in which no digit was found.
    """

    name: str
    crops: Tensor
    labels: Tensor
    weight: float = 1.0
    lost: int = 0


def load(path: Path, weight: float = 1.0, without: tuple[str, ...] = (), only: tuple[str, ...] = ()) -> Source:
    """Load an npz file, a folder of folders `0` to `9` and `not-a-digit`, a clip, or a folder of clips.

    npz: `images` (N, H, W) uint8, dark on light or light on dark, and `labels`; a label that is no digit is
    'not-a-digit'. Clips show no handwriting: whatever ink is found in them is 'not-a-digit'. `without` and `only` are
    patterns for labels, or for the names of clips. Raises DataError for what cannot be read.
    """
    lost = 0
    if path.suffix == ".npz":
        patches, labels = _npz(path, without, only)
    elif path.suffix.lower() in CLIPS:
        patches, labels = _clips([path])
    elif path.is_dir():
        clips = sorted(p for p in path.iterdir() if p.suffix.lower() in CLIPS and _wanted(p.name, without, only))
        patches, labels, lost = (*_clips(clips), 0) if clips else _folders(path, without, only)
    else:
        raise DataError(f"{path} is no npz file, folder or clip: name labelled data that exists")
    if not patches:
        raise DataError(f"{path} holds nothing to learn from: expected folders 0 to 9 or {NOT_A_DIGIT}, or clips")
    return Source(path.stem, torch.from_numpy(crops.stack(patches)), torch.tensor(labels), weight, lost)


def _wanted(label: str, without: tuple[str, ...], only: tuple[str, ...]) -> bool:
    if any(fnmatch(label, pattern) for pattern in without):
        return False
    return not only or any(fnmatch(label, pattern) for pattern in only)


def _npz(path: Path, without: tuple[str, ...], only: tuple[str, ...]) -> tuple[list[NDArray[np.uint8]], list[int]]:
    """Read an npz file as patches of bright ink and their labels."""
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
    kept = [i for i, text in enumerate(texts) if _wanted(text, (*LOOKALIKES, *without), only)]
    index = [CLASSES.index(texts[i] if texts[i] in DIGITS else NOT_A_DIGIT) for i in kept]
    return [images[i] for i in kept], index


def _folders(
    path: Path, without: tuple[str, ...], only: tuple[str, ...]
) -> tuple[list[NDArray[np.uint8]], list[int], int]:
    """Find the digit in each picture of the folders 0 to 9, all ink in those of 'not-a-digit'; count digits lost."""
    patches: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    lost = 0
    for name in (*CLASSES, "blank"):
        if not _wanted(name, without, only) or not (path / name).is_dir():
            continue
        label = CLASSES.index(name) if name in DIGITS else CLASSES.index(NOT_A_DIGIT)
        files = sorted(p for p in (path / name).iterdir() if p.suffix.lower() in PICTURES)
        for file in tqdm(files, desc=f"{path.name}/{name}", unit="picture", disable=None, leave=False):
            ink = find_ink(with_margin(_open(file)))
            found = _middle(ink) if name in DIGITS else _clutter(ink)
            patches += found
            labels += [label] * len(found)
            lost += name in DIGITS and not found
    return patches, labels, lost


def _open(file: Path) -> NDArray[np.uint8]:
    try:
        return read_picture(file)
    except SourceError as error:
        raise DataError(str(error)) from None


def with_margin(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay a tight picture (H, W, 3) uint8 on paper of its median colour: ink is found against the paper around it."""
    margin = max(image.shape[:2]) // 2
    paper = np.median(image, axis=(0, 1)).tolist()
    return cv2.copyMakeBorder(image, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=paper)


def _clips(paths: list[Path]) -> tuple[list[NDArray[np.uint8]], list[int]]:
    """Cut the ink out of clips without handwriting."""
    patches: list[NDArray[np.uint8]] = []
    for path in paths:
        of_clip: list[NDArray[np.uint8]] = []
        try:
            with Clip(path) as clip:
                for frame in tqdm(clip.frames(EVERY), desc=path.name, unit="frame", disable=None, leave=False):
                    of_clip += _clutter(find_ink(frame.image))
        except SourceError as error:
            raise DataError(str(error)) from None
        step = max(1, len(of_clip) // MOST_OF_A_CLIP)
        patches += of_clip[::step][:MOST_OF_A_CLIP]
    return patches, [CLASSES.index(NOT_A_DIGIT)] * len(patches)


def _clutter(ink: Ink) -> list[NDArray[np.uint8]]:
    """Return what live reading would put before the network, but for bars, which are ones to it."""
    whole = candidates.propose(ink)
    unread = np.zeros(len(whole.atoms))
    proposed = candidates.propose_more(ink, whole, unread, unread)
    return [
        patch
        for patch, (_, _, w, h) in zip(proposed.patches, proposed.boxes.tolist(), strict=True)
        if w > SLIM * h and patch.size and cv2.countNonZero(patch) >= FEWEST_INKED and not is_bar(patch)
    ]


def is_bar(patch: NDArray[np.uint8]) -> bool:
    """Tell whether the ink of a patch (h, w) uint8 is one straight, more or less upright bar."""
    m = cv2.moments(patch)
    spread, lean = m["mu20"] + m["mu02"], math.hypot(m["mu20"] - m["mu02"], 2 * m["mu11"])
    if spread - lean > BAR**2 * (spread + lean):
        return False
    from_level = abs(math.degrees(0.5 * math.atan2(2 * m["mu11"], m["mu20"] - m["mu02"])))
    return from_level > 90 - LEAN


def _middle(ink: Ink) -> list[NDArray[np.uint8]]:
    """Return the digit of a picture that has a margin of half its side: the blob with most ink near the middle, if any.

    A blob as large as the picture is a frame around the digit, or the digit itself where it was cut tight.
    """
    height, width = ink.mask.shape
    sizes = (ink.boxes[:, 2:] / (width, height)).max(axis=1, initial=0)
    aside = np.abs((ink.boxes[:, :2] + ink.boxes[:, 2:] / 2) / (width, height) - 0.5).max(axis=1, initial=0)
    area = np.bincount(ink.labels.ravel(), minlength=len(ink.boxes) + 1)[1:]
    score = np.where((sizes > 0.1) & (aside < 0.12) & ~ink.ruled, area * np.exp(-((aside / 0.1) ** 2) / 2), 0)
    for best in np.argsort(-score, kind="stable").tolist():
        x, y, w, h = ink.boxes[best].tolist()
        own = ink.labels[y : y + h, x : x + w] == best + 1
        if score[best] > 0 and not (sizes[best] > 0.44 and _framed(own)):
            return [np.where(own, ink.mask[y : y + h, x : x + w], 0).astype(np.uint8)]
    return []


def _framed(own: NDArray[np.bool_]) -> bool:
    """Tell whether a blob, (h, w) bool, runs along two sides of its box that meet, as the corner of a frame does."""
    h, w = (max(1, side // 8) for side in own.shape)
    along = [band.mean() > 0.8 for band in (own[:h].any(0), own[-h:].any(0), own[:, :w].any(1), own[:, -w:].any(1))]
    return (along[0] or along[1]) and (along[2] or along[3])
