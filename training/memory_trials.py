"""Try the memory of corrections, alone and beside fine-tuning, on writers that no network was trained on."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from realtime.reading.classifier import Classified, Classifier
from realtime.reading.ensemble import Ensemble, Networks
from realtime.reading.memory import Example, Kept, Memory
from realtime.reading.pipeline import read
from realtime.reading.remembering import Remembering, remind
from training import finetune
from training.datasets import Dataset
from training.finetune_base import FinetuneBase
from training.finetune_trials import GLYPH_DIGIT, draw_glyphs
from training.hands import Hands
from training.label_errors import find_label_errors
from training.recipe import FinetuneRecipe

COUNTS = (1, 3, 10)  # corrections of each digit
TUNED_WRITERS = 3  # of a source, those with the most errors, that are fine-tuned to too
SWAPPED = 0.1  # share of labels
NAMED = 60  # swapped labels that are looked for: it takes a second for each writer
UNSEEN_GLYPHS = 200
REMEMBERED = 500  # digits, with which the cost of reading is measured
ROUNDS = 41


@dataclass(frozen=True)
class Bench:
    """What the trials begin with: the shipped network, what guards its memory, and MNIST's test set as it reads it."""

    base: FinetuneBase
    network: Classifier
    kept: Kept
    test: Classified
    test_labels: NDArray[np.int64]

    def learned(self, hands: Hands, told: Classified, chosen: NDArray[np.intp], labels: NDArray[np.intp]) -> Memory:
        """Return the memory of the chosen digits under these labels, as the live window learns them."""
        memory = Memory(self.kept)
        for i, label in zip(chosen.tolist(), labels.tolist(), strict=True):
            memory = memory.learn(Example(hands.crops[i, 0], label, {"of": i}), told.features[i]).memory
        return memory

    def points(self, memory: Memory, without: int = -1) -> float:
        """Return by how many points the accuracy on MNIST's test set changes, but for one digit."""
        others = self.test_labels != without
        before, after = (t.probabilities.argmax(axis=1) for t in (self.test, remind(self.test, memory)))
        gained = (after == self.test_labels).astype(int) - (before == self.test_labels)
        return 100 * float(gained[others].mean())


class Tuned:
    """A fine-tuned network in the place of a Classifier."""

    device, cpu_reason = "cpu", None

    def __init__(self, model: nn.Module, base: Classifier) -> None:
        self.model, self.classes, self.path = model, base.classes, base.path

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classify crops (N, 1, 28, 28)."""
        return torch.softmax(finetune.forward_batches(self.model, torch.from_numpy(batch)), dim=1).numpy()


def try_hands(bench: Bench, hands: Hands, draws: int) -> Iterator[str]:
    """Yield lines of the table of errors: before, with the memory, fine-tuned and with both."""
    told = bench.network.classify(hands.crops)
    for count in COUNTS:
        before, after, points, better, shares = [], [], [], [0, 0], []
        for draw in range(draws):
            for writer in np.unique(hands.writers).tolist():
                chosen, unseen = _choose(hands, writer, count, np.random.default_rng((draw, writer)))
                memory = bench.learned(hands, told, chosen, hands.labels[chosen])
                plain, labels = _part(told, unseen), hands.labels[unseen]
                wrong, now = _wrong(plain, labels), _wrong(remind(plain, memory), labels)
                before.append(wrong)
                after.append(now)
                better = [better[0] + (now < wrong), better[1] + (now > wrong)]
                shares += [now / wrong] if wrong else []
                points += [bench.points(memory)] if draw == 0 else []
        worst = max(now - wrong for now, wrong in zip(after, before, strict=True))
        yield (
            f"| {hands.name} | {count} | {sum(before)} | {sum(after)} | {100 * statistics.mean(shares or [1]):.0f} % | "
            f"{better[0]}, {better[1]} | {worst:+d} | {statistics.mean(points):+.3f}, worst {min(points):+.2f} |"
        )


def try_tuning(bench: Bench, hands: Hands, count: int, recipe: FinetuneRecipe) -> str:
    """Return a line of the table for the writers with the most errors: memory, fine-tuned, both."""
    told = bench.network.classify(hands.crops)
    errors = np.bincount(hands.writers, told.probabilities.argmax(axis=1) != hands.labels)
    sums = np.zeros(5, int)
    for writer in np.argsort(-errors, kind="stable")[:TUNED_WRITERS].tolist():
        chosen, unseen = _choose(hands, writer, count, np.random.default_rng((0, writer)))
        memory = bench.learned(hands, told, chosen, hands.labels[chosen])
        user = Dataset("yours", torch.from_numpy(hands.crops[chosen]), torch.from_numpy(hands.labels[chosen]))
        model, _ = finetune.finetune_network(bench.base.model, user, bench.base.rehearsal, recipe)
        tuned = cast(Classifier, Tuned(model, bench.network))
        both = Ensemble(tuned, bench.network).classify(hands.crops[unseen])
        plain = _part(told, unseen)
        outcomes = (plain, remind(plain, memory), both, remind(both, memory))
        sums += np.array([len(unseen), *(_wrong(t, hands.labels[unseen]) for t in outcomes)])
    return f"| {hands.name} | {count} | {' | '.join(map(str, sums.tolist()))} |"


def try_glyph(bench: Bench, count: int, draws: int) -> str:
    """Return the line of the new shape of the 4."""
    right, points = [], []
    for draw in range(draws):
        samples, unseen = (draw_glyphs(n, np.random.default_rng((draw, n))).numpy() for n in (count, UNSEEN_GLYPHS))
        labels = np.full(count, GLYPH_DIGIT, np.intp)
        hands = Hands("glyph", samples, labels, labels)
        memory = bench.learned(hands, bench.network.classify(samples), np.arange(count), labels)
        told = remind(bench.network.classify(unseen), memory)
        right.append(int((told.probabilities.argmax(axis=1) == GLYPH_DIGIT).sum()))
        points.append(bench.points(memory, without=GLYPH_DIGIT))
    shares = ", ".join(f"{100 * n / UNSEEN_GLYPHS:.1f}" for n in right)
    return f"| {count} | {shares} | {statistics.mean(points):+.3f}, worst {min(points):+.2f} |"


def try_swapped(bench: Bench, hands: Hands, count: int, draws: int) -> str:
    """Return the line of corrections of which a tenth are wrong: errors before and after, and how many are named."""
    told = bench.network.classify(hands.crops)
    before = after = swapped = named = others = 0
    for draw in range(draws):
        for writer in np.unique(hands.writers).tolist():
            rng = np.random.default_rng((draw, writer))
            chosen, unseen = _choose(hands, writer, count, rng)
            given = hands.labels[chosen].copy()
            wrong = rng.permutation(len(given))[: round(SWAPPED * len(given))]
            given[wrong] = (given[wrong] + rng.integers(1, 10, len(wrong))) % 10
            plain, labels = _part(told, unseen), hands.labels[unseen]
            before += _wrong(plain, labels)
            after += _wrong(remind(plain, bench.learned(hands, told, chosen, given)), labels)
            if len(wrong) and swapped < NAMED:
                user = Dataset("yours", torch.from_numpy(hands.crops[chosen]), torch.from_numpy(given))
                groups = np.arange(len(given))
                found = find_label_errors(bench.base.model, user, groups, bench.base.rehearsal, peers=0)
                doubted = {i for i, _ in found}
                hits = len(doubted & set(wrong.tolist()))
                swapped, named, others = swapped + len(wrong), named + hits, others + len(doubted) - hits
    return f"| {hands.name} | {count} | {before} | {after} | {named} of {swapped}, {others} others |"


def measure_cost(networks: Networks, bench: Bench, hands: Hands, image: NDArray[np.uint8]) -> str:
    """Return how much more reading a frame (H, W, 3) costs with a full memory, medians by turns."""
    told = bench.network.classify(hands.crops[:REMEMBERED])
    memory = bench.learned(hands, told, np.arange(REMEMBERED), hands.labels[:REMEMBERED])
    readers = [
        Networks(networks.finder, Remembering(bench.network, bench.network, m), networks.rows)
        for m in (Memory(bench.kept), memory)
    ]
    seconds: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for times, reader in zip(seconds, readers, strict=True):
            start = perf_counter()
            digits = sum(len(number.digits) for number in read(image, reader).numbers)
            times.append(perf_counter() - start)
    ratio = statistics.median(b / a for a, b in zip(*seconds, strict=True))
    return f"reading a frame of {digits} digits costs {100 * (ratio - 1):+.1f} % with {len(memory.examples)} remembered"


def _choose(
    hands: Hands, writer: int, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Choose so many of each digit of a writer, half of them at most, and return with them the others."""
    own = np.flatnonzero(hands.writers == writer)
    parts = [rng.permutation(own[hands.labels[own] == digit]) for digit in range(10)]
    chosen = np.concatenate([part[: min(count, len(part) // 2)] for part in parts])
    return chosen, np.setdiff1d(own, chosen)


def _part(told: Classified, members: NDArray[np.intp]) -> Classified:
    probabilities, models, learned, features = told
    return Classified(probabilities[members], models[members], learned[members], features[members])


def _wrong(told: Classified, labels: NDArray[np.intp]) -> int:
    """Count the digits that are read otherwise than labelled."""
    return int((told.probabilities.argmax(axis=1) != labels).sum())
