"""Run a network on a GPU: fill every array up to one of few shapes, and keep a session for each of them.

cuDNN plans anew whenever the shape of a call is not that of the call before, also between shapes that it has seen: 6 to
9 ms on an H100 where a call costs 0.3. So no session here ever sees two.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

Shape = tuple[int, ...]
Paper = int | NDArray[np.uint8]  # what an array is filled up with: one value, or one for each place on the last axis
MOST_SESSIONS = 8  # of one network; each holds memory of the GPU for its shape, the one unused for longest is closed


@dataclass(frozen=True)
class Feed:
    """What a network takes, and the few shapes of it that a GPU is given.

    name: of the input. shapes: smallest first, all as long along the first axis, by which arrays are parted. beyond:
    what is larger than all shapes gets the next multiple of this along each axis. ready: the shapes that are opened and
    warmed up before the first frame.
    """

    name: str
    shapes: tuple[Shape, ...]
    beyond: Shape
    ready: tuple[Shape, ...]

    def fixed(self, shape: Shape) -> Shape:
        """Return the shape in which an array of this shape is run, part by part along the first axis."""
        rest = shape[1:]
        held = (fixed for fixed in self.shapes if all(a >= b for a, b in zip(fixed[1:], rest, strict=True)))
        larger = (-(-length // step) * step for length, step in zip(rest, self.beyond[1:], strict=True))
        return next(held, (self.beyond[0], *larger))


def fill(array: NDArray[np.uint8], shape: Shape, paper: Paper = 0) -> NDArray[np.uint8]:
    """Return an array at the beginning of a larger one that is paper else."""
    filled = np.empty(shape, np.uint8)
    filled[...] = paper
    filled[tuple(slice(length) for length in array.shape)] = array
    return filled


class FixedShapes:
    """A network behind sessions that see one shape each: `network(array)` gives its outputs.

    sessions: gives one more of the network for each shape. The first call opens and warms up those that are to be
    ready.
    """

    def __init__(self, feed: Feed, sessions: Iterator[onnxruntime.InferenceSession]) -> None:
        self.feed, self._sessions = feed, sessions
        self._of_shape: dict[Shape, onnxruntime.InferenceSession] = {}
        self._choosing = Lock()  # several sources may be read at once

    @property
    def shapes(self) -> set[Shape]:
        """The shapes that there is a session for."""
        return set(self._of_shape)

    def __call__(self, array: NDArray[np.uint8], paper: Paper = 0) -> list[NDArray[Any]]:
        """Return the outputs for an array, as many as it holds along the first axis.

        Along other axes they belong to the array filled up with paper: the caller cuts them.
        """
        for start in () if self._of_shape else self.feed.ready:
            self._run(np.zeros(start, np.uint8))
        shape = self.feed.fixed(array.shape)
        places = range(0, max(len(array), 1), shape[0])
        parts = [self._run(fill(array[place : place + shape[0]], shape, paper)) for place in places]
        return [np.concatenate(outputs)[: len(array)] for outputs in zip(*parts, strict=True)]

    def _run(self, array: NDArray[np.uint8]) -> list[NDArray[Any]]:
        """Run an array through the session of its shape, which is then the one used last."""
        with self._choosing:
            session = self._of_shape.pop(array.shape, None) or next(self._sessions)
            self._of_shape[array.shape] = session
            if len(self._of_shape) > MOST_SESSIONS:
                del self._of_shape[next(iter(self._of_shape))]
        outputs: list[NDArray[Any]] = session.run(None, {self.feed.name: array})
        return outputs
