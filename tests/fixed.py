"""The networks as a GPU runs them, every array filled up to a fixed shape, on the CPU, and what they were given."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from realtime.reading import classifier, finder, row_reader
from realtime.reading.classifier import Classifier
from realtime.reading.ensemble import Networks
from realtime.reading.fixed_shapes import Feed, FixedShapes, Shape
from realtime.reading.runtime import session_options


class Watched(onnxruntime.InferenceSession):
    """A session on the CPU that keeps the shapes it was given."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), session_options(), providers=["CPUExecutionProvider"])
        self.given: list[Shape] = []

    def run(self, names: list[str] | None, feeds: dict[str, NDArray[np.uint8]]) -> list[NDArray[Any]]:
        self.given += [array.shape for array in feeds.values()]
        outputs: list[NDArray[Any]] = super().run(names, feeds)
        return outputs


class WatchedShapes(FixedShapes):
    """A network whose sessions are watched; `sessions` keeps all that it ever opened."""

    def __init__(self, path: Path, feed: Feed) -> None:
        super().__init__(feed, self._open(path))
        self.sessions: list[Watched] = []
        self(np.zeros(feed.ready[0], np.uint8))

    def _open(self, path: Path) -> Iterator[Watched]:
        while True:
            self.sessions.append(Watched(path))
            yield self.sessions[-1]


def fixed(networks: Networks) -> tuple[Networks, dict[str, WatchedShapes]]:
    """Return the networks with every array filled up as on a GPU, warmed up, and what runs each of them."""
    assert isinstance(networks.classifier, Classifier)
    feeds = {"finder": finder.FEED, "classifier": classifier.FEED, "rows": row_reader.FEED}
    copies = {name: copy.copy(getattr(networks, name)) for name in feeds}
    watched = {name: WatchedShapes(copies[name].path, feed) for name, feed in feeds.items()}
    for name, network in copies.items():
        network.device, network._network = "cuda:0", watched[name]
    return replace(networks, **copies), watched
