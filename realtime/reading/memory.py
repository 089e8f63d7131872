"""Remember digits that a person named: a memory beside the network, which learns from one example without training.

After Tip-Adapter (Zhang and others, 2022): what is written like something remembered gets evidence for its label. Each
example reaches as far as the nearest digit of another class, among a few thousand that were kept for that: so nothing
that the network read right there is read otherwise.
"""

import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.reading import crops
from realtime.reading.runtime import ModelRefusedError

MOST = 500  # examples; of more the oldest is forgotten
STRENGTH = 30.0  # log odds that the very crop remembered gets; at the edge of its reach none. Set by hand on 59 hands
# Log odds from which on what is remembered stands against everything else that reads: it outweighs a network that is
# 99.7 % sure.
SURE = 6.0
FEW = 128  # digits of a frame, about
NONE = 10  # label of what is no digit
ALIKE = 0.95  # cosine from which on two examples of different labels contradict each other: the later one stands

Features = NDArray[np.float32]


@dataclass(frozen=True)
class Kept:
    """Digits that must be read as before: features (N, F) float32 of length 1, labels (N,).

    network: the SHA-256 of the checkpoint whose features these are.
    """

    features: Features
    labels: NDArray[np.uint8]
    network: str


@dataclass(frozen=True)
class Example:
    """One digit that a person named: crop (28, 28) uint8, its class, and where it comes from."""

    crop: NDArray[np.uint8] = field(repr=False)
    label: int
    origin: dict[str, Any]


class Learned(NamedTuple):
    """What learning an example did: the memory afterwards, and the examples that it contradicts, which are gone."""

    memory: "Memory"
    contradicted: tuple[Example, ...]


class Memory:
    """Examples and their features (M, F), any length. It never changes: learning gives another one."""

    def __init__(
        self,
        kept: Kept,
        examples: tuple[Example, ...] = (),
        features: Features | None = None,
        edges: NDArray[np.float32] | None = None,
    ) -> None:
        """features: (M, F). edges: (M,) how far each example reaches, None where that is not known yet."""
        self.kept, self.examples = kept, examples
        width = kept.features.shape[1]
        self.features = normalized(np.zeros((0, width), np.float32) if features is None else features)
        self._labels = np.array([example.label for example in examples], np.intp)
        self._edges = self._edges_of(self.features, self._labels) if edges is None else edges

    def _edges_of(self, features: Features, labels: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the cosine of each of features (M, F) to the nearest digit kept that has another label, (M,)."""
        alike = _cosines(features, self.kept.features)
        alike[self.kept.labels[None] == labels[:, None]] = -1
        return np.minimum(alike.max(axis=1, initial=-1), 1 - 1e-3)

    def evidence(self, features: Features, classes: int) -> NDArray[np.float32]:
        """Return the log odds (N, classes) that what has features (N, F) is what was remembered as such."""
        alike = _cosines(normalized(features), self.features)
        told = STRENGTH * np.clip((alike - self._edges) / (1 - self._edges), 0, 1)
        by_class = np.zeros((len(features), classes), np.float32)
        for label in {label for label in self._labels.tolist() if label < classes}:
            by_class[:, label] = told[:, self._labels == label].max(axis=1)
        return by_class

    def learn(self, example: Example, features: Features) -> Learned:
        """Return the memory with one more example, features (F,); what contradicts it and what is too old is gone."""
        own = normalized(features[None])
        alike = _cosines(own, self.features)[0]
        against = (alike >= ALIKE) & (self._labels != example.label)
        left = np.flatnonzero(~against)[-(MOST - 1) :]
        examples = (*(self.examples[i] for i in left), example)
        edges = np.append(self._edges[left], self._edges_of(own, np.array([example.label])))
        memory = Memory(self.kept, examples, np.concatenate([self.features[left], own]), edges)
        return Learned(memory, tuple(self.examples[i] for i in np.flatnonzero(against)))

    def without(self, origin: dict[str, Any]) -> "Memory":
        """Return the memory without the examples that come from there."""
        left = [i for i, example in enumerate(self.examples) if example.origin != origin]
        return Memory(self.kept, tuple(self.examples[i] for i in left), self.features[left], self._edges[left])

    def to_bytes(self) -> bytes:
        """Return the memory as a file, by `numpy.savez`."""
        file = io.BytesIO()
        np.savez(
            file,
            crops=np.array([example.crop for example in self.examples], np.uint8).reshape(-1, crops.SIDE, crops.SIDE),
            labels=self._labels.astype(np.uint8),
            features=self.features.astype(np.float16),
            origins=np.array([json.dumps(example.origin) for example in self.examples], np.str_),
            network=np.array(self.kept.network),
            crop_version=np.array(crops.VERSION),
        )
        return file.getvalue()


def normalized(features: Features) -> Features:
    """Return features (N, F) of length 1."""
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-6)


def _cosines(a: Features, b: Features) -> Features:
    """Return the cosine of each of a (N, F) with each of b (M, F), (N, M)."""
    # Of few, without the threads of BLAS: on a busy machine they wait for each other up to 40 ms.
    return a @ b.T if min(len(a), len(b)) > FEW else np.einsum("nf,mf->nm", a, b)


def load_kept(path: Path) -> Kept | None:
    """Load what `export-onnx --keep` wrote beside a network, None where it is not there. Raises ModelRefusedError."""
    if not path.is_file():
        return None
    told = _load(path, ("features", "labels", "network"))
    features, labels = told["features"], told["labels"]
    if features.ndim != 2 or features.dtype != np.uint8 or labels.shape != (len(features),) or not len(features):
        raise ModelRefusedError(f"{path} holds no features of digits: export it again with export-onnx --keep")
    return Kept(normalized(features.astype(np.float32)), labels.astype(np.uint8), str(told["network"]))


def kept_to_bytes(features: Features, labels: NDArray[np.uint8], network: str) -> bytes:
    """Return features (N, F), none below 0, as the file that `load_kept` loads."""
    file = io.BytesIO()
    scaled = np.rint(255 * features / np.maximum(features.max(axis=1, keepdims=True), 1e-6)).astype(np.uint8)
    np.savez_compressed(file, features=scaled, labels=labels, network=np.array(network))
    return file.getvalue()


def load_examples(path: Path, network: str) -> tuple[tuple[Example, ...], Features | None]:
    """Load the examples of a memory's file, none where it is not there, and their features.

    network: the checkpoint's SHA-256; the features are None where they are those of another. Raises ModelRefusedError.
    """
    if not path.is_file():
        return (), None
    told = _load(path, ("crops", "labels", "features", "origins", "network", "crop_version"))
    pictures, labels, origins = told["crops"], told["labels"], told["origins"]
    if str(told["crop_version"]) != crops.VERSION:
        raise ModelRefusedError(f"{path} remembers crops of another version: move it away")
    count = len(labels)
    whole = pictures.shape == (count, crops.SIDE, crops.SIDE) and pictures.dtype == np.uint8 == labels.dtype
    try:
        told_of = [json.loads(origin) for origin in origins.tolist()]
    except (ValueError, TypeError, RecursionError):
        told_of = []
    if not whole or len(told_of) != count or labels.max(initial=0) > NONE:
        raise ModelRefusedError(f"{path} is no memory of livedigits: move it away")
    examples = tuple(map(Example, pictures, labels.tolist(), told_of))
    same = str(told["network"]) == network and len(told["features"]) == count
    return examples, told["features"].astype(np.float32) if same else None


def _load(path: Path, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npz file. Raises ModelRefusedError where it lacks one, or is none."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return {name: file[name] for name in names}
    except (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile) as error:
        raise ModelRefusedError(f"{path} cannot be used ({error}): move it away") from None
