"""Decide which of a user's pictures are trained on, which are held out, and which have labels that look wrong."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from training.corrections import Correction, group_pictures, grouping_of, read_corrections
from training.data import DataError
from training.datasets import Dataset
from training.finetune_base import FinetuneBase
from training.label_errors import MIN_PEERS, find_label_errors
from training.recipe import CLASSES, DIGITS

# Set by hand: a fifth is the usual share to hold out, and of four pictures none can be spared.
MIN_PICTURES = 5  # of a class; with fewer all are trained on, and the class is not measured
HELD_OUT_SHARE = 0.2  # of the pictures of a class
MIN_TRAINED_SHARE = 0.6  # of the pictures of a class, whatever the groups hold together


class Use(StrEnum):
    """What becomes of a picture; what is doubted is neither trained on nor counted."""

    TRAINED = "trained"
    HELD_OUT = "held out"
    DOUBTED = "doubted"


@dataclass(frozen=True)
class Split:
    """The pictures of a folder: their crops (N, 1, 28, 28), labels (N,), and what becomes of each, N `uses`.

    suggested: the label that a doubted picture looks like, by its index. left_out: pictures that cannot be used, and
    why. grouping: by what pictures are held out together, "track", "session" or "writer".
    """

    folder: Path
    corrections: list[Correction]
    crops: torch.Tensor
    labels: torch.Tensor
    uses: list[Use]
    suggested: dict[int, int]
    left_out: list[tuple[Path, str]]
    grouping: str

    def mask(self, *uses: Use) -> torch.Tensor:
        """Return which pictures have one of these uses, (N,) bool."""
        return torch.tensor([use in uses for use in self.uses])

    def training_set(self) -> Dataset:
        """Return the pictures to train on."""
        members = self.mask(Use.TRAINED)
        return Dataset("yours", self.crops[members], self.labels[members])

    def name(self, path: Path) -> str:
        """Return a picture's path below the folder."""
        return path.relative_to(self.folder).as_posix()

    def unmeasured(self) -> list[str]:
        """Name the classes of which nothing is held out although there are pictures, and the digits without any."""
        count, held = (
            self.labels[self.mask(*uses)].bincount(minlength=len(CLASSES)).tolist()
            for uses in ((Use.TRAINED, Use.HELD_OUT), (Use.HELD_OUT,))
        )
        few = [f"{name} ({n})" for name, n, h in zip(CLASSES, count, held, strict=True) if n and not h]
        none = [name for name, n in zip(DIGITS, count, strict=False) if not n]
        texts = (
            ("too few different pictures to hold any out, so nothing is known of new ones:", few),
            ("no pictures at all of", none),
        )
        return [f"{text} {', '.join(names)}" for text, names in texts if names]


def split_corrections(
    folder: Path, base: FinetuneBase, trained_on: set[str], trust: bool, peers: int = MIN_PEERS
) -> Split:
    """Find the digits of a folder's pictures and decide what becomes of each. Raises DataError where none can be used.

    trained_on: names of pictures that the network in use has learned from. trust: doubt no label. peers: see
    `find_label_errors`.
    """
    found, left_out = read_corrections(folder, base.networks)
    if not found:
        raise DataError(f"no picture in {folder} can be used: " + "; ".join(f"{p} {why}" for p, why in left_out[:3]))
    labels = torch.tensor([c.label for c in found])
    user = Dataset("yours", torch.from_numpy(np.stack([c.crop for c in found])[:, None]), labels)
    groups = group_pictures(found)
    suggested = {} if trust else dict(find_label_errors(base.model, user, groups, base.rehearsal, peers))
    sound = [i for i in range(len(found)) if i not in suggested]
    names = [found[i].path.relative_to(folder).as_posix() for i in sound]
    held = choose_held_out([found[i].label for i in sound], groups[sound], names, trained_on)
    uses = [Use.DOUBTED] * len(found)
    for i, out in zip(sound, held.tolist(), strict=True):
        uses[i] = Use.HELD_OUT if out else Use.TRAINED
    if Use.TRAINED not in uses:
        raise DataError(f"every label in {folder} looks wrong: look at the pictures, or use --trust")
    return Split(folder, found, user.crops, labels, uses, suggested, left_out, grouping_of(found))


def choose_held_out(
    labels: list[int], groups: NDArray[np.intp], names: list[str], trained: set[str]
) -> NDArray[np.bool_]:
    """Choose whole groups to hold out, (N,) bool: about a fifth of each class that has five pictures or more.

    The choice follows from the names, so that it stays when pictures are added; a group with a name in `trained`,
    which an earlier network has learned from, is learned from again.
    """
    count = np.bincount(labels, minlength=len(CLASSES))
    held = np.zeros(len(labels), bool)
    taken = np.zeros_like(count)
    members = {group: np.flatnonzero(groups == group) for group in set(groups.tolist())}

    def smallest_hash(group: int) -> str:
        return min(hashlib.sha256(names[i].encode()).hexdigest() for i in members[group])

    for group in sorted(members, key=smallest_hash):
        in_group = np.bincount([labels[i] for i in members[group]], minlength=len(CLASSES))
        touched = in_group > 0
        after = taken + in_group
        is_short = (taken < np.round(HELD_OUT_SHARE * count)) & touched
        allowed = (count >= MIN_PICTURES) & (count - after >= MIN_TRAINED_SHARE * count)
        if is_short.any() and allowed[touched].all() and not any(names[i] in trained for i in members[group]):
            held[members[group]] = True
            taken = after
    return held
