"""Lay the two readings of a line beside each other, single digits and the line as a whole, and make one of both.

A place of a line is a sign that the row network tells, a digit that was found alone, or both where they stand together.
How sure it is that a digit is there, and which, was fitted on drawn pages (`python -m training.fit_readings`).
"""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.reading import strips
from realtime.reading.box import Box
from realtime.reading.page import UNSURE
from realtime.reading.row_lines import LineReading

BESIDE = 0.6  # heights of a digit; a crop and a sign farther apart than this are not the same ink
SILENT = np.zeros(0, np.float32)  # what a line says of a digit that it does not see
FLOOR = 1e-3  # the least that a probability is taken for


class Joining(NamedTuple):
    """How two readings of a place are joined, as fitted.

    both, line, found: logistic weights of a digit being there, of the log odds by the line, by the finder, and the
    offset; where both tell something in the place, the line alone, the finder alone. together, alone: to which power
    the line's and the finder's probabilities of the ten digits count, where both are heard and where one is.
    """

    both: tuple[float, float, float]
    line: tuple[float, float, float]
    found: tuple[float, float, float]
    together: tuple[float, float]
    alone: tuple[float, float]


# On a page; in a picture that one line fills, whose edges mislead the search for single digits; and in another one that
# is so small that it was cut to its writing.
PAGE = Joining(
    both=(0.299, 0.698, -0.648),
    line=(0.31, 0.0, -1.822),
    found=(0.0, 0.447, -1.281),
    together=(0.4, 0.6),
    alone=(0.6, 0.7),
)
STRIP = Joining(
    both=(0.464, 0.679, 0.667),
    line=(0.388, 0.0, -1.361),
    found=(0.0, 0.877, 0.026),
    together=(0.5, 0.6),
    alone=(0.7, 0.6),
)
CUT_OUT = Joining(
    both=(0.265, 1.047, 0.009),
    line=(0.327, 0.0, -2.289),
    found=(0.0, 1.214, -0.686),
    together=(0.4, 0.6),
    alone=(0.5, 0.6),
)


@dataclass(frozen=True)
class Sign:
    """What stands in one place of a line.

    text: a digit or a sign, however unsure. confidence: the probability that it is right. box: x, y, w, h in the
    picture. crop: the index of its single digit, -1 where the line alone tells it. probabilities: (10,) float32, of the
    digits, which lack to 1 what speaks for none. line: (C - 1,) float32, of every sign as the line alone says; empty
    where it says nothing. column: of the line's strip, its middle. told: whether it is likely enough to be there.
    """

    text: str
    confidence: float
    box: Box
    crop: int
    probabilities: NDArray[np.float32] = field(compare=False, repr=False)
    line: NDArray[np.float32] = field(compare=False, repr=False)
    column: float = 0.0
    told: bool = True

    def shown(self, confidence: float) -> str:
        """Return the text, "?" for a digit less sure than that."""
        return UNSURE if self.text.isdigit() and self.confidence < confidence else self.text

    def of(self, crop: int) -> "Sign":
        """Return the same with another index of its single digit."""
        return replace(self, crop=crop)


class Places(NamedTuple):
    """The M places of a line in order: sign (M,) its sign's index in the line or -1, crop (M,) its crop's or -1.

    line, found: (M, 10) float64, the probabilities of each digit by the line and alone. sure: (M,) float64, that the
    crop is a digit. Where one of the two is lacking its probabilities are 0. column: (M,) float64, of the strip.
    """

    sign: NDArray[np.intp]
    crop: NDArray[np.intp]
    line: NDArray[np.float64]
    found: NDArray[np.float64]
    sure: NDArray[np.float64]
    column: NDArray[np.float64]


def places(
    reading: LineReading, boxes: NDArray[np.int32], digits: NDArray[np.float32], sure: NDArray[np.float32]
) -> Places:
    """Lay single digits beside the signs of a line: boxes (N, 4) in the picture, digits (N, 10), sure (N,)."""
    partner = _align(reading, boxes, sure)
    alone = [k for k in range(len(boxes)) if k not in partner]
    pairs = [*enumerate(partner), *((-1, k) for k in alone)]
    at = reading.cut.columns(boxes[:, :2] + boxes[:, 2:] / 2) if len(boxes) else np.zeros(0)
    columns = [(s.start + s.end) / 2 for s in reading.signs]
    pairs.sort(key=lambda pair: columns[pair[0]] if pair[0] >= 0 else float(at[pair[1]]))
    column = np.array([columns[s] if s >= 0 else at[c] for s, c in pairs], np.float64)
    sign, crop = (np.array([pair[k] for pair in pairs], np.intp) for k in (0, 1))
    line, found, there = np.zeros((len(pairs), 10)), np.zeros((len(pairs), 10)), np.zeros(len(pairs))
    for k, (s, c) in enumerate(pairs):
        if s >= 0:
            line[k] = reading.signs[s].probabilities[:10]
        if c >= 0:
            found[k], there[k] = digits[c] / max(float(digits[c].sum()), 1e-9), sure[c]
    return Places(sign, crop, line, found, there, column)


def _align(reading: LineReading, boxes: NDArray[np.int32], sure: NDArray[np.float32]) -> list[int]:
    """Return for each sign of a line the crop at its place, or -1: in order, the nearest, each once."""
    crops = reading.cut.columns(boxes[:, :2] + boxes[:, 2:] / 2) if len(boxes) else np.zeros(0)
    order = np.argsort(crops, kind="stable")
    centres = np.array([(sign.start + sign.end) / 2 for sign in reading.signs])
    worth = [0.1 + float(sign.probabilities[:10].sum()) for sign in reading.signs]  # a digit before a sign
    reach = BESIDE * strips.HEIGHT / strips.COVER
    saved = np.zeros((len(centres) + 1, len(crops) + 1))  # most closeness of the first i signs and j crops
    for i, place in enumerate(centres, 1):
        for j, k in enumerate(order, 1):
            near = max(0.0, reach - abs(place - float(crops[k]))) * worth[i - 1] * float(sure[k])
            saved[i, j] = max(saved[i - 1, j], saved[i, j - 1], saved[i - 1, j - 1] + near if near else 0.0)
    partner, i, j = [-1] * len(centres), len(centres), len(crops)
    while i and j:
        if saved[i, j] == saved[i - 1, j]:
            i -= 1
        elif saved[i, j] == saved[i, j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            partner[i] = int(order[j])
    return partner


def evidence(heard: Places) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the log odds of a digit in each place by the line and by the finder, (M, 2), and who tells it, (M,).

    Who: 0 both, 1 the line alone, 2 the finder alone.
    """
    odds = np.column_stack([logit(heard.line.sum(axis=1)), logit(heard.sure)])
    return odds, np.where(heard.crop < 0, 1, np.where(heard.sign < 0, 2, 0))


def logit(chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log odds of chances, none taken for quite sure."""
    bounded = np.clip(chance, FLOOR, 1 - FLOOR)
    return np.log(bounded / (1 - bounded))


def there(heard: Places, how: Joining) -> NDArray[np.float64]:
    """Return the probability of a digit in each place, (M,)."""
    odds, who = evidence(heard)
    weights = np.array([how.both, how.line, how.found])[who]
    chance: NDArray[np.float64] = 1 / (1 + np.exp(-((odds * weights[:, :2]).sum(axis=1) + weights[:, 2])))
    return chance


def which(heard: Places, how: Joining) -> NDArray[np.float64]:
    """Return which digit it is if there is one, (M, 10), rows sum to 1."""
    together = ((heard.sign >= 0) & (heard.crop >= 0))[:, None]
    logs = np.zeros(heard.line.shape)
    for k, chances in enumerate((heard.line, heard.found)):
        total = chances.sum(axis=1, keepdims=True)
        share = np.where(together, how.together[k], how.alone[k])
        logs += np.where(total > 0, share * np.log(chances / np.maximum(total, 1e-12) + FLOOR), 0.0)
    chance = np.exp(logs - logs.max(axis=1, keepdims=True))
    told: NDArray[np.float64] = chance / chance.sum(axis=1, keepdims=True)
    return told


def hear(
    reading: LineReading,
    boxes: NDArray[np.int32],
    digits: NDArray[np.float32],
    sure: NDArray[np.float32],
    learned: NDArray[np.bool_],
    how: Joining,
) -> list[Sign]:
    """Return what may stand in each place of a line, by both readings: boxes (N, 4), digits (N, 10), sure (N,).

    learned: (N,) whether the user taught a digit, or that it is none; then it stands as it was found.
    """
    heard = places(reading, boxes, digits, np.where(learned, np.float32(1), sure))
    chances = (there(heard, how)[:, None] * which(heard, how)).astype(np.float32)
    taught = (heard.crop >= 0) & learned[heard.crop] if len(learned) else np.zeros(len(chances), bool)
    chances[taught] = digits[heard.crop[taught]]
    told = []
    for k, (s, c) in enumerate(zip(heard.sign.tolist(), heard.crop.tolist(), strict=True)):
        box = reading.boxes[s] if c < 0 else _box(boxes[c])
        best = int(chances[k].argmax())
        sign = reading.signs[s] if s >= 0 else None
        line, at = sign.probabilities if sign is not None else SILENT, float(heard.column[k])
        if sign is not None and not sign.text.isdigit() and sign.confidence > chances[k].sum():
            told.append(Sign(sign.text, sign.confidence, reading.boxes[s], -1, chances[k], line, at))
        else:
            told.append(Sign(str(best), float(chances[k, best]), box, c, chances[k], line, at))
    return told


def _box(row: NDArray[np.int32]) -> Box:
    x, y, w, h = row.tolist()
    return x, y, w, h
