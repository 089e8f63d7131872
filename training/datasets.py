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

from realtime.measuring.truth import label_of
from realtime.reading import candidates, crops
from realtime.reading.classifier import NOT_A_DIGIT
from realtime.reading.ink import Ink, find_ink
from realtime.sources.arrays import read_labelled
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
MIN_INK_PIXELS = 12  # inked pixels of a patch or crop below which it is too little for anybody to tell what it is
# Where the digit of a picture with a margin of half its side lies: shares of the picture. Set by hand on photos of lone
# digits and of sudoku cells, whose frames are to be left out.
MIN_DIGIT_SIDE = 0.1  # the longer side of a blob that can be the digit
MAX_OFFSET = 0.12  # of its middle from that of the picture
OFFSET_DEVIATION = 0.1  # how fast a blob's chance to be the digit falls with its distance from the middle
MIN_FRAME_SIDE = 0.44  # the longer side of a blob that can be a printed frame around the digit


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
    'not-a-digit'. Clips show no handwriting: whatever ink is found in them is 'not-a-digit'. `without` and `only` are
    patterns for labels, or for the names of clips. Raises DataError for what cannot be read.
    """
    missed = 0
    if path.suffix == ".npz":
        patches, labels = _read_npz(path, without, only)
    elif path.suffix.lower() in CLIPS:
        patches, labels = _read_clips([path])
    elif path.is_dir():
        clips = sorted(p for p in path.iterdir() if p.suffix.lower() in CLIPS and _is_selected(p.name, without, only))
        patches, labels, missed = (*_read_clips(clips), 0) if clips else _read_folders(path, without, only)
    else:
        raise DataError(f"{path} is no npz file, folder or clip: name labelled data that exists")
    if not patches:
        raise DataError(f"{path} holds nothing to learn from: expected folders 0 to 9 or {NOT_A_DIGIT}, or clips")
    return Dataset(path.stem, torch.from_numpy(crops.stack(patches)), torch.tensor(labels), weight, missed)


def _is_selected(label: str, without: tuple[str, ...], only: tuple[str, ...]) -> bool:
    if any(fnmatch(label, pattern) for pattern in without):
        return False
    return not only or any(fnmatch(label, pattern) for pattern in only)


def _read_npz(path: Path, without: tuple[str, ...], only: tuple[str, ...]) -> tuple[list[NDArray[np.uint8]], list[int]]:
    """Read an npz file as patches of bright ink and their labels."""
    try:
        images, names = read_labelled(path)
    except SourceError as error:
        raise DataError(str(error)) from None
    if np.median(images) > 127:
        images = 255 - images
    texts = [str(name) for name in names.tolist()]
    kept = [i for i, text in enumerate(texts) if _is_selected(text, (*LOOKALIKES, *without), only)]
    index = [CLASSES.index(texts[i] if texts[i] in DIGITS else NOT_A_DIGIT) for i in kept]
    return [images[i] for i in kept], index


def _read_folders(
    path: Path, without: tuple[str, ...], only: tuple[str, ...]
) -> tuple[list[NDArray[np.uint8]], list[int], int]:
    """Find the digit in each picture of the folders 0 to 9, all ink in those of 'not-a-digit'; count digits missed."""
    patches: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    missed = 0
    order = {name: place for place, name in enumerate(CLASSES)}
    folders = sorted(part for part in path.iterdir() if part.is_dir())
    for folder in sorted(folders, key=lambda part: order.get(label_of(part) or "", len(order))):
        name = "blank" if folder.name == "blank" else label_of(folder)
        if name is None or not _is_selected(name, without, only):
            continue
        label = CLASSES.index(name) if name in DIGITS else CLASSES.index(NOT_A_DIGIT)
        files = sorted(p for p in folder.iterdir() if is_of_kind(p, PICTURES))
        for file in tqdm(files, desc=f"{path.name}/{folder.name}", unit="picture", disable=None, leave=False):
            ink = find_ink(with_margin(_read_picture(file)))
            found = _crop_central_digit(ink) if name in DIGITS else _crop_non_digits(ink)
            patches += found
            labels += [label] * len(found)
            missed += name in DIGITS and not found
    return patches, labels, missed


def _read_picture(file: Path) -> NDArray[np.uint8]:
    try:
        return read_picture(file)
    except SourceError as error:
        raise DataError(str(error)) from None


def with_margin(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay a tight picture (H, W, 3) uint8 on paper of its median colour: ink is found against the paper around it."""
    margin = max(image.shape[:2]) // 2
    paper = np.median(image, axis=(0, 1)).tolist()
    return cv2.copyMakeBorder(image, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=paper)


def _read_clips(paths: list[Path]) -> tuple[list[NDArray[np.uint8]], list[int]]:
    """Cut the ink out of clips without handwriting."""
    patches: list[NDArray[np.uint8]] = []
    for path in paths:
        clip_patches: list[NDArray[np.uint8]] = []
        try:
            with Clip(path) as clip:
                for frame in tqdm(clip.frames(FRAME_STEP), desc=path.name, unit="frame", disable=None, leave=False):
                    clip_patches += _crop_non_digits(find_ink(frame.image))
        except SourceError as error:
            raise DataError(str(error)) from None
        step = max(1, len(clip_patches) // MAX_CROPS_PER_CLIP)
        patches += clip_patches[::step][:MAX_CROPS_PER_CLIP]
    return patches, [CLASSES.index(NOT_A_DIGIT)] * len(patches)


def _crop_non_digits(ink: Ink) -> list[NDArray[np.uint8]]:
    """Return what live reading would put before the network, but for bars, which are ones to it."""
    whole = candidates.propose(ink)
    unread = np.zeros(len(whole.atoms))
    proposed = candidates.propose_more(ink, whole, unread, unread)
    return [
        patch
        for patch, (_, _, w, h) in zip(proposed.patches, proposed.boxes.tolist(), strict=True)
        if w > MAX_BAR_WIDTH * h and patch.size and cv2.countNonZero(patch) >= MIN_INK_PIXELS and not is_bar(patch)
    ]


def is_bar(patch: NDArray[np.uint8]) -> bool:
    """Tell whether the ink of a patch (h, w) uint8 is one straight, more or less upright bar."""
    m = cv2.moments(patch)
    spread, lean = m["mu20"] + m["mu02"], math.hypot(m["mu20"] - m["mu02"], 2 * m["mu11"])
    if spread - lean > MAX_BAR_SPREAD**2 * (spread + lean):
        return False
    from_level = abs(math.degrees(0.5 * math.atan2(2 * m["mu11"], m["mu20"] - m["mu02"])))
    return from_level > 90 - MAX_BAR_LEAN


def _crop_central_digit(ink: Ink) -> list[NDArray[np.uint8]]:
    """Return the digit of a picture that has a margin of half its side: the blob with most ink near the middle, if any.

    A blob as large as the picture is a frame around the digit, or the digit itself where it was cut tight.
    """
    height, width = ink.mask.shape
    sizes = (ink.boxes[:, 2:] / (width, height)).max(axis=1, initial=0)
    aside = np.abs((ink.boxes[:, :2] + ink.boxes[:, 2:] / 2) / (width, height) - 0.5).max(axis=1, initial=0)
    area = np.bincount(ink.labels.ravel(), minlength=len(ink.boxes) + 1)[1:]
    score = np.where(
        (sizes > MIN_DIGIT_SIDE) & (aside < MAX_OFFSET) & ~ink.ruled,
        area * np.exp(-((aside / OFFSET_DEVIATION) ** 2) / 2),
        0,
    )
    for best in np.argsort(-score, kind="stable").tolist():
        x, y, w, h = ink.boxes[best].tolist()
        own = ink.labels[y : y + h, x : x + w] == best + 1
        if score[best] > 0 and not (sizes[best] > MIN_FRAME_SIDE and _is_frame_corner(own)):
            return [np.where(own, ink.mask[y : y + h, x : x + w], 0).astype(np.uint8)]
    return []


def _is_frame_corner(own: NDArray[np.bool_]) -> bool:
    """Tell whether a blob, (h, w) bool, runs along two sides of its box that meet, as the corner of a frame does."""
    h, w = (max(1, side // 8) for side in own.shape)
    along = [band.mean() > 0.8 for band in (own[:h].any(0), own[-h:].any(0), own[:, :w].any(1), own[:, -w:].any(1))]
    return (along[0] or along[1]) and (along[2] or along[3])
