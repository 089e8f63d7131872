"""Decode a line anew where its numbers are not as expected: the likeliest way through its alternatives that fits."""

from dataclasses import dataclass, replace
from itertools import groupby
from math import prod

import numpy as np

from realtime.reading import line_numbers
from realtime.reading.expectation import Expectation
from realtime.reading.two_readings import Sign

BEAM = 50  # beginnings of numbers kept from place to place
# Share of the free reading's probability from which on another text is believed. Of 926 numbers drawn in hands that
# were held out 483 are right and 160 wrong without a "?" as read freely; as their form is expected 588, 599, 611 are
# right at 0.5, 0.3, 0.1 and 105, 108, 120 wrong without a "?"; of a form a digit too long 30, 41, 72 are told. Below
# 0.3 as many become wrong as right; none that was right becomes wrong. `python -m training.choose_near --pages 500`.
NEAR = 0.3
ERRING = 0.1  # share of its words in which a reading may be wrong whatever it says
LEAST = 1e-3  # a sign less likely than this is not tried

Slot = dict[str, float]  # how likely each sign is in one place; "" is nothing there
Indices = list[int]


@dataclass(frozen=True)
class Way:
    """A text, how likely it is over all ways that spell it, and of the likeliest of these the place of each sign."""

    text: str
    probability: float
    best: float
    places: tuple[int, ...]


def fit(
    heard: list[Sign], numbers: list[Indices], names: tuple[str, ...], expectation: Expectation, confidence: float
) -> tuple[list[Sign], list[Indices]]:
    """Return the signs of a line that are told, and its numbers, each the indices of its signs.

    heard: all signs in order, also those too unlikely to be told. numbers: as read freely, each the indices of its
    signs. names: of the row reader's signs, digits first. A sign that the expectation does not name belongs to no
    number. A number that does not fit is decoded anew, together with its neighbours where they do not either; where
    nothing near fits it is left in doubt. A digit less sure than `confidence` is told as "?".
    """
    now = list(heard)
    free = [[k for k in number if now[k].text.isdigit() or now[k].text in expectation.signs] for number in numbers]
    fitted: list[Indices] = []
    for fits, group in groupby(free, lambda number: expectation.allows(_text(now, number, confidence))):
        run = list(group)
        fitted += run if fits else _fit_run(now, run, names, expectation)
    told = [k for k, sign in enumerate(now) if sign.told]
    place = {k: i for i, k in enumerate(told)}
    return [now[k] for k in told], [[place[k] for k in number] for number in fitted]


def _text(heard: list[Sign], number: Indices, confidence: float) -> str:
    return "".join(heard[k].shown(confidence) for k in number)


def _fit_run(now: list[Sign], run: list[Indices], names: tuple[str, ...], expectation: Expectation) -> list[Indices]:
    """Decode neighbours that do not fit, as one number if they do so, else each by itself; changes what is told."""
    joined = _decode(now, run[0][0], run[-1][-1], names, expectation) if len(run) > 1 else []
    if joined:
        return [joined]
    return [_decode(now, number[0], number[-1], names, expectation) or _doubt(now, number) for number in run]


def _decode(now: list[Sign], first: int, last: int, names: tuple[str, ...], expectation: Expectation) -> Indices:
    """Make one number of the signs from `first` to `last` and of what is untold beside them, where one is near.

    Changes the signs to what they then are, and returns the indices of those of the number; none where none is near.
    """
    while first and not now[first - 1].told:
        first -= 1
    while last + 1 < len(now) and not now[last + 1].told:
        last += 1
    # A point that the expectation does not name is a mark beside the digits.
    asked = [k for k in range(first, last + 1) if not (now[k].told and _is_mark(now[k].text, expectation))]
    slots = [slot_of(now[k], names) for k in asked]
    likeliest = prod(max(slot.values()) for slot in slots)
    # A digit that is told is let go only where nothing that keeps it fits: a number never shrinks.
    told = [now[k].told and now[k].text.isdigit() for k in asked]
    keeping = [{**slot, "": 0.0} if digit else slot for slot, digit in zip(slots, told, strict=True)]
    found = ways(keeping, expectation)
    if not found or found[0].best < NEAR * likeliest:
        found = ways(slots, expectation)
    if not found or found[0].best < NEAR * likeliest:
        return []
    number = [asked[place] for place in found[0].places]
    for k in asked:
        now[k] = replace(now[k], told=k in number)
    for i, (k, sign) in enumerate(zip(number, found[0].text, strict=True)):
        likely = _shares(found, i)
        probabilities = np.array([likely.get(name, 0.0) for name in names[:10]], np.float32)
        now[k] = replace(now[k], text=sign, confidence=likely[sign], probabilities=probabilities)
    return number


def _is_mark(text: str, expectation: Expectation) -> bool:
    return text in line_numbers.INNER and text not in expectation.signs


def _doubt(now: list[Sign], number: Indices) -> Indices:
    """Make the least sure digit of a number unsure, and return its members."""
    least = min((k for k in number if now[k].text.isdigit()), key=lambda k: now[k].confidence)
    now[least] = replace(now[least], confidence=0.0, probabilities=now[least].probabilities * 0.5)
    return number


def _shares(found: list[Way], place: int) -> Slot:
    """Return how likely each sign is in a place of the likeliest text, texts of another length speaking for none."""
    whole = sum(way.probability for way in found)
    likely: Slot = {}
    for way in found:
        if len(way.text) == len(found[0].text):
            likely[way.text[place]] = likely.get(way.text[place], 0.0) + way.probability / whole
    return likely


def slot_of(sign: Sign, names: tuple[str, ...]) -> Slot:
    """Return how likely each sign is in the place of one; each reader may be wrong whatever it says."""
    others = sign.line[10:]
    nothing = max(1.0 - float(sign.line.sum()), LEAST)
    share = (1 - ERRING) * max(1.0 - float(sign.probabilities.sum()), 0.0) / (nothing + float(others.sum()))
    slot = {name: (1 - ERRING) * float(p) + ERRING / 20 for name, p in zip(names, sign.probabilities, strict=False)}
    slot |= {name: share * float(p) for name, p in zip(names[10:], others, strict=False) if p > LEAST}
    slot[""] = share * nothing + ERRING / 2
    return slot


def ways(slots: list[Slot], expectation: Expectation) -> list[Way]:
    """Return the likeliest texts of a line's places that an expectation allows, likeliest first."""
    beam = {"": Way("", 1.0, 1.0, ())}
    for place, slot in enumerate(slots):
        grown: dict[str, Way] = {}
        for way in beam.values():
            for sign, likely in slot.items():
                text = way.text + sign
                if not sign or expectation.may_begin(text):
                    _add(grown, text, way, likely, (*way.places, place) if sign else way.places)
        beam = {way.text: way for way in sorted(grown.values(), key=lambda way: -way.probability)[:BEAM]}
    return sorted((way for way in beam.values() if expectation.allows(way.text)), key=lambda way: -way.probability)


def _add(grown: dict[str, Way], text: str, way: Way, likely: float, places: tuple[int, ...]) -> None:
    """Add a way that goes on from another to those that spell the same text."""
    probability, best = way.probability * likely, way.best * likely
    old = grown.get(text)
    if old is not None:
        probability += old.probability
        if old.best >= best:
            best, places = old.best, old.places
    grown[text] = Way(text, probability, best, places)
