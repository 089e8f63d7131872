"""Batches of drawn strips without end, made in processes of their own."""

import multiprocessing
import os
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnProcess
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from realtime.reading.strips import HEIGHT
from training.scenes import page_strips
from training.scenes.draw import Source
from training.scenes.strips import Drawer
from training.scenes.wording import LABELS

BATCH = 64
CHUNK = 8  # batches drawn at once, then parted by width so that little of a batch is padding
PAGES = 0.5  # share of the strips that are cut from drawn pages
CUTS = 3  # times a line of a page is cut, each time a little differently
ROUND = 16  # columns to whose multiple a batch is padded
WAITING = 24  # batches drawn ahead

Drawn = tuple[NDArray[np.uint8], str]  # a strip (32, W) and its text
Written = tuple[NDArray[np.uint8], tuple[int, int], str]  # ink, margins, text
Batch = tuple[NDArray[np.uint8], list[str]]  # strips (N, 1, 32, W) and their texts


def pad(strips: list[NDArray[np.uint8]], rng: Generator | None = None) -> NDArray[np.uint8]:
    """Return strips (32, w) as one array (N, 1, 32, W), paper around them; each at a random place if rng is given."""
    width = -(-max(s.shape[1] for s in strips) // ROUND) * ROUND
    batch = np.zeros((len(strips), 1, HEIGHT, width), np.uint8)
    for row, strip in zip(batch, strips, strict=True):
        room = width - strip.shape[1]
        start = int(rng.integers(room + 1)) if rng is not None else 0
        row[0, :, start : start + strip.shape[1]] = strip
    return batch


def batches(drawer: Drawer, pages: Iterator[Drawn], rng: Generator, size: int = BATCH) -> Iterator[Batch]:
    """Draw batches without end, each of strips about as wide as one another, some of them lines of pages.

    Each line is seen in two chunks: writing costs twice as much as seeing.
    """
    earlier: list[Written] = []
    shown: list[Drawn] = []
    cut = round(PAGES * size * CHUNK)
    while True:
        count = size * CHUNK - cut
        fresh = [drawer.write(rng) for _ in range(count - len(earlier))]
        seen = [(drawer.see(canvas, margin, rng), text) for canvas, margin, text in earlier + fresh]
        new = [next(pages) for _ in range(cut - len(shown))]
        drawn = sorted(seen + shown + new, key=lambda pair: pair[0].shape[1])
        earlier = fresh[: count // 2] if not earlier else fresh
        shown = new[: cut // 2] if not shown else new
        for k in rng.permutation(CHUNK):
            part = drawn[k * size : (k + 1) * size]
            yield pad([strip for strip, _ in part], rng), [text for _, text in part]


def held_out(folder: Path, count: int) -> list[Drawn]:
    """Draw strips by writers and fonts that no training strip is by, always the same ones."""
    rng = np.random.default_rng(2**31)
    drawer, pages = Drawer(folder, True, rng), page_strips.lines(Source.of(folder, True), rng, 1)
    cut = round(PAGES * count)
    return [drawer.draw(rng) for _ in range(count - cut)] + [next(pages) for _ in range(cut)]


@contextmanager
def drawing(folder: Path, seed: int, workers: int) -> Iterator[Iterator[Batch]]:
    """Give batches that worker processes draw meanwhile; the workers end with the block."""
    context = multiprocessing.get_context("spawn")
    ready: Queue[Batch] = context.Queue(WAITING)
    done = context.Event()
    processes = [
        context.Process(target=_work, args=(folder, (seed, k), ready, done), daemon=True) for k in range(workers)
    ]
    for process in processes:
        process.start()
    try:
        yield _take(ready, processes)
    finally:
        done.set()
        for process in processes:
            process.join(5)
            process.kill()


def _take(ready: "Queue[Batch]", processes: list[SpawnProcess]) -> Iterator[Batch]:
    """Give what is drawn. Raises RuntimeError where a worker has died."""
    while True:
        try:
            yield ready.get(timeout=10)
        except queue.Empty:
            if not all(process.is_alive() for process in processes):
                raise RuntimeError("a process that draws strips has died: see its message above") from None


def _work(folder: Path, seed: tuple[int, int], ready: "Queue[Batch]", done: Event) -> None:
    """Draw in a process of its own until `done` is set."""
    parent = os.getppid()  # where that was killed, nobody sets `done`
    cv2.setNumThreads(1)
    ready.cancel_join_thread()
    rng = np.random.default_rng(seed)
    pages = page_strips.lines(Source.of(folder), rng, CUTS)
    for batch in batches(Drawer(folder, False, rng), pages, rng):
        while not done.is_set() and os.getppid() == parent:
            try:
                ready.put(batch, timeout=1)
                break
            except queue.Full:
                continue
        if done.is_set() or os.getppid() != parent:
            return


def encode(texts: list[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the classes of texts one after another, blank being 0, and the length of each."""
    places = {sign: k + 1 for k, sign in enumerate(LABELS)}
    return np.array([places[c] for t in texts for c in t], np.int64), np.array([len(t) for t in texts], np.int64)
