"""Decide which of a user's pictures are trained on, which are held out, and which have labels that look wrong."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from training.corrections import Correction, gather, groups, level_of
from training.data import DataError
from training.finetune_base import FinetuneBase
from training.model import CLASSES, DIGITS
from training.sources import Source
from training.suspects import suspicious

FEWEST = 5  # pictures of a class; with fewer all are trained on, and the class is not measured
HELD_OUT = 0.2  # of a class; what is held out is never trained on
LEAST_TRAINED = 0.6  # of a class, whatever the groups hold together
TRAINED, HELD, DOUBTED = "trained", "held out", "doubted"


@dataclass(frozen=True)
class Selection:
    """The pictures of a folder: their crops and what becomes of each, `fates` (N,): "trained", "held out", "doubted".

    looks: what a doubted picture looks like, by its index. left_out: pictures that cannot be used, and why.
    together: by what pictures are held out together, "track", "session" or "writer".
    """

    folder: Path
    corrections: list[Correction]
    crops: torch.Tensor
    labels: torch.Tensor
    fates: list[str]
    looks: dict[int, int]
    left_out: list[tuple[Path, str]]
    together: str

    def which(self, *fates: str) -> torch.Tensor:
        """Return which pictures have one of these fates, (N,) bool."""
        return torch.tensor([fate in fates for fate in self.fates])

    def trained(self) -> Source:
        """Return the pictures to train on."""
        members = self.which(TRAINED)
        return Source("yours", self.crops[members], self.labels[members])

    def name(self, path: Path) -> str:
        """Return a picture's path below the folder."""
        return path.relative_to(self.folder).as_posix()

    def unmeasured(self) -> list[str]:
        """Name the classes of which nothing is held out although there are pictures, and the digits without any."""
        count, held = (
            self.labels[self.which(*fates)].bincount(minlength=len(CLASSES)).tolist()
            for fates in ((TRAINED, HELD), (HELD,))
        )
        few = [f"{name} ({n})" for name, n, h in zip(CLASSES, count, held, strict=True) if n and not h]
        none = [name for name, n in zip(DIGITS, count, strict=False) if not n]
        said = (
            [f"too few different pictures to hold any out, so nothing is known of new ones: {', '.join(few)}"]
            if few
            else []
        )
        return said + ([f"no pictures at all of {', '.join(none)}"] if none else [])


def select(folder: Path, ground: FinetuneBase, trained_on: set[str], trust: bool) -> Selection:
    """Find the digits of a folder's pictures and decide what becomes of each. Raises DataError where none can be used.

    trained_on: names of pictures that the network in use has learned from. trust: doubt no label.
    """
    found, left_out = gather(folder, ground.cutter)
    if not found:
        raise DataError(f"no picture in {folder} can be used: " + "; ".join(f"{p} {why}" for p, why in left_out[:3]))
    labels = torch.tensor([c.label for c in found])
    user = Source("yours", torch.from_numpy(np.stack([c.crop for c in found])[:, None]), labels)
    together = groups(found)
    looks = {} if trust else dict(suspicious(ground.base, user, together, ground.rehearsal))
    sound = [i for i in range(len(found)) if i not in looks]
    names = [found[i].path.relative_to(folder).as_posix() for i in sound]
    held = hold_out([found[i].label for i in sound], together[sound], names, trained_on)
    fates = [DOUBTED] * len(found)
    for i, out in zip(sound, held.tolist(), strict=True):
        fates[i] = HELD if out else TRAINED
    if TRAINED not in fates:
        raise DataError(f"every label in {folder} looks wrong: look at the pictures, or use --trust")
    return Selection(folder, found, user.crops, labels, fates, looks, left_out, level_of(found))


def hold_out(labels: list[int], groups: NDArray[np.intp], names: list[str], trained: set[str]) -> NDArray[np.bool_]:
    """Choose whole groups to hold out, (N,) bool: about a fifth of each class that has five pictures or more.

    The choice follows from the names, so that it stays when pictures are added; a group with a name in `trained`,
    which an earlier network has learned from, is learned from again.
    """
    count = np.bincount(labels, minlength=len(CLASSES))
    held = np.zeros(len(labels), bool)
    taken = np.zeros_like(count)
    members = {group: np.flatnonzero(groups == group) for group in set(groups.tolist())}

    def lot(group: int) -> str:
        return min(hashlib.sha256(names[i].encode()).hexdigest() for i in members[group])

    for group in sorted(members, key=lot):
        inside = np.bincount([labels[i] for i in members[group]], minlength=len(CLASSES))
        touched = inside > 0
        after = taken + inside
        wanted = (taken < np.round(HELD_OUT * count)) & touched
        allowed = (count >= FEWEST) & (count - after >= LEAST_TRAINED * count)
        if wanted.any() and allowed[touched].all() and not any(names[i] in trained for i in members[group]):
            held[members[group]] = True
            taken = after
    return held
