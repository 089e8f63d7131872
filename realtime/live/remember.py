"""Remember what a person says that digits are, from the next frame on and after a restart, and take it back."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.live.collecting import Selectable
from realtime.outputs.files import make_folder, write_whole
from realtime.outputs.lock import only_writer
from realtime.outputs.sink import OutputError
from realtime.reading.box import Box
from realtime.reading.classifier import DIGITS, NOT_A_DIGIT
from realtime.reading.ensemble import Networks
from realtime.reading.memory import Example, Memory, load_examples
from realtime.reading.model_files import memory_file
from realtime.reading.remembering import Remembering
from realtime.reading.runtime import ModelRefusedError
from realtime.tracking.tracked_frame import TrackedFrame

LABELS = (*DIGITS, NOT_A_DIGIT)
LEARNED = 0.95  # probability from which on a network has learned an example; it weighs in where it is less sure


class Remembered(NamedTuple):
    """One example that was learned, and those that it contradicted."""

    example: Example
    contradicted: tuple[Example, ...]

    def describe(self) -> str:
        """Say what was contradicted, nothing where nothing was."""
        others = sorted({LABELS[example.label] for example in self.contradicted})
        return f", not {' or '.join(others)} as one like it before" if others else ""


class Keeper:
    """Keep the memory of the networks in use, and its file, which other processes may write too.

    networks: gives those in use. A network without a memory learns nothing.
    """

    def __init__(self, networks: Callable[[], Networks]) -> None:
        self._networks, self._lock = networks, threading.Lock()

    def learn(self, tracked: TrackedFrame, digit: Selectable, label: str) -> Remembered | None:
        """Remember a digit of a frame as what a person says it is; None where nothing is remembered.

        That is where the networks have no memory, or the line alone tells the digit. Raises OutputError where the
        memory cannot be kept.
        """
        crop, frame = crop_at(tracked, digit.box), tracked.frame
        if crop is None:
            return None
        origin: dict[str, Any] = {"source": frame.source, "frame": frame.index, "time": round(frame.time, 3)}
        origin |= {"box": list(digit.box), "read": digit.text, "learned": datetime.now(UTC).isoformat()}
        example, gone = Example(crop, LABELS.index(label), origin), list[Example]()

        def add(memory: Memory, reader: Remembering) -> Memory:
            learned = memory.learn(example, reader.see(crop))
            gone.extend(learned.contradicted)
            return learned.memory

        return Remembered(example, tuple(gone)) if self._change(add) else None

    def take_back(self, remembered: Remembered) -> None:
        """Forget an example, and remember again what it contradicted."""

        def remove(memory: Memory, reader: Remembering) -> Memory:
            memory = memory.without(remembered.example.origin)
            for example in remembered.contradicted:
                memory = memory.learn(example, reader.see(example.crop)).memory
            return memory

        self._change(remove)

    def release(self) -> int:
        """Forget what the network, fine-tuned meanwhile, reads by itself; return how many examples that is.

        Raises OutputError where the memory cannot be kept.
        """
        learned: list[Example] = []

        def keep_others(memory: Memory, reader: Remembering) -> Memory:
            told = reader.network.classify(np.array([example.crop for example in memory.examples])[:, None])
            pairs = zip(memory.examples, told.probabilities.tolist(), strict=True)
            learned.extend(example for example, chances in pairs if sum(chances[example.label :][:1]) >= LEARNED)
            for example in learned:
                memory = memory.without(example.origin)
            return memory

        reader = self._networks().classifier
        if isinstance(reader, Remembering) and reader.memory.examples:
            self._change(keep_others)
        return len(learned)

    def _change(self, change: Callable[[Memory, Remembering], Memory]) -> bool:
        """Change the memory and its file together; tell whether there is one."""
        reader = self._networks().classifier
        if not isinstance(reader, Remembering):
            return False
        path = memory_file()
        make_folder(path.parent)
        with self._lock, only_writer(path.with_name(f".{path.name}.lock"), wait=True):
            try:
                memory = change(_newest(path, reader), reader)
            except ModelRefusedError as error:
                raise OutputError(str(error)) from None
            write_whole(path, memory.to_bytes())
            reader.memory = memory
        return True


def crop_at(tracked: TrackedFrame, box: Box) -> NDArray[np.uint8] | None:
    """Return the crop (28, 28) of the ink that was found at a box of a frame, None where none was."""
    x, y, w, h = box
    boxes = tracked.page.boxes.reshape(-1, 4)
    low, high = np.maximum(boxes[:, :2], (x, y)), np.minimum(boxes[:, :2] + boxes[:, 2:], (x + w, y + h))
    shared = np.maximum(high - low, 0).prod(axis=1)
    share = shared / np.maximum(boxes[:, 2:].prod(axis=1) + w * h - shared, 1)
    return tracked.page.crops[int(share.argmax()), 0] if share.max(initial=0.0) > 0.5 else None


def _newest(path: Path, reader: Remembering) -> Memory:
    """Return the memory as it lies in its file: another process may have learned since."""
    kept = reader.memory.kept
    examples, features = load_examples(path, kept.network)
    if [example.origin for example in examples] == [example.origin for example in reader.memory.examples]:
        return reader.memory
    seen = features if features is not None else np.array([reader.see(example.crop) for example in examples])
    return Memory(kept, examples, seen)
