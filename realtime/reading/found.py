"""Read the digits of one frame through the finder: where they are, their crops, what the networks say of each."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.reading import crops
from realtime.reading.choosing import choose, ringed, specks
from realtime.reading.classifier import NOT_A_DIGIT, Classifier
from realtime.reading.digit_ink import belongs, boxes_of, patch
from realtime.reading.ensemble import Ensemble
from realtime.reading.finder import Finder
from realtime.reading.looks import Look, looks
from realtime.reading.remembering import Remembering
from realtime.reading.stages import StageClock

ACCEPTED = 0.78  # of `sure`: on 72 drawn pages 11 false digits, at 0.5 26, and none more lost
FLOOR = 1e-3  # the least that either network's probability of a digit is taken for


@dataclass(frozen=True)
class Located:
    """What the finder takes for digits in a frame, N of them as parallel arrays, and the looks by which it did.

    boxes: (N, 4) int32 x, y, w, h of the ink, pixels of the frame. cores: (N, 4) float64 the same of the cores. crops:
    (N, 1, 28, 28) uint8. scores: (N,) float32, how sure the finder is of a digit. named: (N, 10) float32, which digit
    the finder takes it for.
    """

    looks: list[Look]
    boxes: NDArray[np.int32]
    cores: NDArray[np.float64]
    crops: NDArray[np.uint8]
    scores: NDArray[np.float32]
    named: NDArray[np.float32]


@dataclass(frozen=True)
class Found(Located):
    """What was located, and what the classifier says of it.

    classified: (N, 10) float32 and junk: (N,) float32, the classifier's probabilities of each digit and of none.
    digits: (N, 10) float32, which digit it is by both networks, rows sum to 1, or 0 where the user taught that it is
    none. sure: (N,) float32, the probability of a digit by both. models: (N,) which of two classifiers was believed.
    learned: (N,) whether the user taught it.
    """

    classified: NDArray[np.float32]
    junk: NDArray[np.float32]
    digits: NDArray[np.float32]
    sure: NDArray[np.float32]
    models: NDArray[np.str_]
    learned: NDArray[np.bool_]


def locate(
    image: NDArray[np.uint8],
    finder: Finder,
    polarity: str = "auto",
    thorough: bool = False,
    clock: StageClock | None = None,
) -> Located:
    """Find the digits of a frame, (H, W, 3) BGR uint8, and cut them.

    polarity: "dark" or "light" ink alone, or "auto". thorough: take more time for small digits.
    """
    clock = clock or StageClock()
    with clock.stage("finder"):
        taken = looks(image, finder, thorough)
    boxes, cores, patches, scores, named = [], [], [], [], []
    with clock.stage("crops"):
        belonging = [belongs(look) for look in taken]
        owners = [(owner, boxes_of(owner, look)) for owner, look in zip(belonging, taken, strict=True)]
        for look, (owner, inked), chosen in zip(taken, owners, choose(taken, owners, finder.threshold), strict=True):
            if not len(chosen):
                continue
            cut = [patch(image, look, owner, i, inked[i]) for i in chosen.tolist()]
            asked = np.array([polarity == "auto" or one.light == (polarity == "light") for one in cut], bool)
            own = [one for one, kept in zip(cut, asked, strict=True) if kept]
            patches += [one.ink for one in own]
            boxes.append(np.array([one.box for one in own]).reshape(-1, 4))
            cores.append(look.to_frame(look.boxes[chosen[asked]]))
            scores.append(look.scores[chosen[asked]])
            named.append(look.classes[chosen[asked]])
        batch = crops.stack(patches)
    place = _inside(_joined(boxes, 4), image)
    return Located(taken, place, _joined(cores, 4), batch, _joined(scores), _joined(named, 10))


def find(
    image: NDArray[np.uint8],
    finder: Finder,
    classifier: Classifier | Ensemble | Remembering,
    polarity: str = "auto",
    thorough: bool = False,
    clock: StageClock | None = None,
) -> Found:
    """Find and classify the digits of a frame, (H, W, 3) BGR uint8; polarity and thorough as for `locate`."""
    clock = clock or StageClock()
    located = locate(image, finder, polarity, thorough, clock)
    probabilities = np.zeros((len(located.crops), len(classifier.classes)), np.float32)
    models, learned = np.zeros(len(located.crops), "U10"), np.zeros(len(located.crops), bool)
    if len(located.crops):
        with clock.stage("network"):
            probabilities, models, learned, _ = classifier.classify(located.crops)
    none = classifier.classes.index(NOT_A_DIGIT) if NOT_A_DIGIT in classifier.classes else None
    junk = probabilities[:, none] if none is not None else np.zeros(len(probabilities), np.float32)
    digits = mixed(probabilities[:, :10], located.named, finder.shares)
    taught_none = learned & (junk >= 0.5)
    digits[taught_none] = 0
    sure = likely(evidence(located.scores, junk), finder.odds)
    sure[taught_none] = 0
    sure = ringed(located.boxes, digits, sure)
    sure[specks(located.boxes, sure) & ~learned] = 0
    return Found(**vars(located), classified=probabilities[:, :10], junk=junk, digits=digits, sure=sure,
                 models=models, learned=learned)  # fmt: skip


def evidence(scores: NDArray[np.float32], junk: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return what speaks for a digit, (N, 2) in log odds: the finder's score and the classifier's share of digits."""
    chances = np.clip(np.column_stack([scores, 1.0 - junk]).astype(np.float64), 1e-3, 1 - 1e-3)
    return np.log(chances / (1 - chances))


def mixed(
    classified: NDArray[np.float32], named: NDArray[np.float32], shares: tuple[float, ...]
) -> NDArray[np.float32]:
    """Return the probabilities (N, 10) of each digit by classifier and finder, each to the power of its share."""
    logs = np.zeros(classified.shape)
    for share, chances in zip(shares, (classified, named), strict=True):
        logs += share * np.log(chances / np.maximum(chances.sum(axis=1, keepdims=True), FLOOR) + FLOOR)
    weights = np.exp(logs - logs.max(axis=1, keepdims=True, initial=-np.inf))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def likely(told: NDArray[np.float64], odds: tuple[float, ...]) -> NDArray[np.float32]:
    """Return the probability of a digit, (N,), by evidence (N, 2) and its weights, the offset last."""
    return (1 / (1 + np.exp(-(told @ odds[:-1] + odds[-1])))).astype(np.float32)


def _joined(parts: list[NDArray[Any]], columns: int | None = None) -> NDArray[Any]:
    """Return parts one after the other, an empty array of float32 where there is none."""
    return np.concatenate(parts) if parts else np.zeros((0, columns) if columns else 0, np.float32)


def _inside(boxes: NDArray[Any], image: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return boxes (N, 4) as whole pixels inside the frame."""
    height, width = image.shape[:2]
    whole = np.rint(boxes).astype(np.int32)
    low = np.clip(whole[:, :2], 0, [width - 1, height - 1])
    high = np.clip(whole[:, :2] + whole[:, 2:], low + 1, [width, height])
    return np.column_stack([low, high - low]).astype(np.int32)
